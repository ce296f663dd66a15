using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Storage;

namespace Drimbox.Teleradiology.Requests;

/// <summary>The messages to the RIS, written from their events alone: control id and time are those of the decision,
/// so that every attempt sends the same bytes and the RIS can tell a repeat.</summary>
internal sealed class RisMessages(TeleradiologyOptions options, ObjectStore objects)
{
    /// <exception cref="StorageFaultException">The document cannot be read.</exception>
    public Task<byte[]> WriteAsync(PlatformRequestEvent e, CancellationToken cancellationToken) => e switch
    {
        RequestAnswered answered => Task.FromResult(
            TeleradiologyWriter.Write(answered.Response, Envelope(answered.ControlId, answered.At))),
        ReportSent sent => WriteMdmAsync(
            sent.Document, sent.Document.Replaces is null ? ReportAction.Initial : ReportAction.Replace,
            Envelope(sent.ControlId, sent.At), cancellationToken),
        ReportDeletionSent deleted => WriteMdmAsync(
            deleted.Document, ReportAction.Delete, Envelope(deleted.ControlId, deleted.At), cancellationToken),
        _ => throw Invariant.Unreachable(e),
    };

    /// <summary>MSH-10 of the message of an event.</summary>
    public static string ControlIdOf(PlatformRequestEvent e) => e switch
    {
        RequestAnswered answered => answered.ControlId,
        ReportSent sent => sent.ControlId,
        ReportDeletionSent deleted => deleted.ControlId,
        _ => throw Invariant.Unreachable(e),
    };

    private async Task<byte[]> WriteMdmAsync(
        PlatformDocument document, ReportAction action, MessageEnvelope envelope, CancellationToken cancellationToken)
    {
        var cda = await objects.ReadAsync(document.File, Limits.CdaBytesMax, cancellationToken);
        var header = CdaReader.TryRead(cda, out _);
        // We wrote it ourselves.
        Invariant.Holds(header is not null);
        var report = new ReportMessage(
            action,
            document.DocumentId,
            action == ReportAction.Replace ? document.Replaces : null,
            header,
            document.Patient.Identity,
            document.Patient.Reliability,
            header.LegalAuthenticator,
            document.Structure,
            header.Orders[0].PlacerOrderNumber,
            document.Visit.PatientClass,
            // Where the report goes is the RIS's to decide; the platform says what the template asks for (MetaDMPMSS).
            document.Choices,
            RelatedAndParentDisagree: false);
        return ReportMessageWriter.WriteMdm(report, cda, envelope, document.Visit);
    }

    private MessageEnvelope Envelope(string controlId, DateTimeOffset at) => new(
        options.Hl7.Application, options.Hl7.Facility, options.Ris!.Application, options.Ris.Facility, at, controlId);
}
