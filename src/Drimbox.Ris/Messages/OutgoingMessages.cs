using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Ris.Requests;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Messages;

/// <summary>A peer and what a message to it says about the two of us.</summary>
internal sealed record MessagePeer(Hl7NodeOptions Self, Hl7PeerOptions Peer, MllpClient Client)
{
    public MessageEnvelope Envelope(string controlId, DateTimeOffset time) =>
        new(Self.Application, Self.Facility, Peer.Application, Peer.Facility, time, controlId);

    public async Task<DispatchVerdict> SendAsync(
        DispatchAttempt attempt, ReadOnlyMemory<byte> message, string controlId, ILogger logger,
        CancellationToken cancellation)
    {
        attempt.Start();
        var (outcome, detail, isUnreached) = await MessageDelivery.SendAsync(
            Client, message, controlId, mayHaveArrived: attempt.Row.LastOutcome == DispatchOutcome.Ambiguous, cancellation);
        if (outcome == DispatchOutcome.Quarantine) RisLog.MessageNotTaken(logger, detail ?? "");
        return new DispatchVerdict(outcome, detail) { IsUnreached = isUnreached };
    }
}

/// <summary>Flux 1, 2 and 4, and the documents of requests, to the teleradiology platform. The row carries the event
/// that the message is made of.</summary>
internal sealed class RequestMessageHandler(MessagePeer platform, ObjectStore objects, ILogger logger) : IOutboxHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var (message, controlId) = EventCodec.Read<RisRequestEvent>(attempt.Row.Payload) switch
        {
            RequestPlaced e => (TeleradiologyWriter.Write(e.Request, platform.Envelope(e.ControlId, e.At)), e.ControlId),
            RequestWithdrawn e =>
                (TeleradiologyWriter.Write(e.Cancellation, platform.Envelope(e.ControlId, e.At)), e.ControlId),
            PostExaminationSent e =>
                (TeleradiologyWriter.Write(e.PostExamination, platform.Envelope(e.ControlId, e.At)), e.ControlId),
            DocumentAttached e => (
                await WriteAsync(e.Delivery, platform.Envelope(e.ControlId, e.At), false, cancellationToken),
                e.ControlId),
            DocumentDetached e => (
                await WriteAsync(e.Delivery, platform.Envelope(e.ControlId, e.At), true, cancellationToken),
                e.ControlId),
            var other => throw Invariant.Unreachable(other),
        };
        return await platform.SendAsync(attempt, message, controlId, logger, cancellationToken);
    }

    private async Task<byte[]> WriteAsync(
        DocumentDelivery delivery, MessageEnvelope envelope, bool isDeletion, CancellationToken cancellation)
    {
        var cda = await objects.ReadAsync(delivery.Document.File, Limits.CdaBytesMax, cancellation);
        var header = CdaReader.TryRead(cda, out _);
        // It was read when it was attached.
        Invariant.Holds(header is not null);
        return DocumentMessage.Write(
            header, cda, delivery.PlacerOrderNumber, delivery.Patient, delivery.Visit, envelope, isDeletion);
    }
}

/// <summary>The copy of a report, to the DRIMbox source (DB/RIS.12). The row says what the message is made of; the
/// document comes from the register, byte for byte.</summary>
internal sealed class ReportCopyHandler(
    MessagePeer source, ReportRegister reports, ObjectStore objects, ILogger logger) : IOutboxHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var payload = EventCodec.Read<ReportCopyPayload>(attempt.Row.Payload);
        var state = await reports.GetAsync(payload.Report, cancellationToken);
        var version = state.Find(payload.DocumentId);
        Invariant.Holds(version is not null);
        var report = new ReportMessage(
            payload.Action, version.DocumentId, version.Parent, version.Header, version.Patient,
            version.IdentityReliability, version.Sender,
            version.SenderOrganization ?? version.Header.ResponsibleOrganization,
            version.Header.Orders is [var order, ..] ? order.PlacerOrderNumber : null, version.PatientClass,
            payload.Choices, RelatedAndParentDisagree: false);
        var cda = await objects.ReadAsync(version.File, Limits.CdaBytesMax, cancellationToken);
        var message = ReportMessageWriter.WriteOru(
            report, cda, source.Envelope(payload.ControlId, payload.MessageTime));
        return await source.SendAsync(attempt, message, payload.ControlId, logger, cancellationToken);
    }
}
