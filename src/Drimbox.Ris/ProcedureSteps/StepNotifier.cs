using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Streams;

namespace Drimbox.Ris.ProcedureSteps;

/// <summary>The payload of an outbox row: the end of a step, for one of its studies.</summary>
/// <param name="NoticeUid">Of the notice, the same at each attempt.</param>
internal sealed record StepNotice(Uid Step, Uid StudyInstanceUid, Uid NoticeUid);

/// <summary>What a step made.</summary>
internal static class PerformedSeries
{
    /// <summary>Each series with its instances; those without any are left out. Source: PS3.3 C.4.14.</summary>
    public static IReadOnlyList<(Uid Series, string? RetrieveAe, IReadOnlyList<ReferencedSop> Instances)> Of(
        DataSet step) =>
    [
        .. step.GetItems(Tag.PerformedSeriesSequence)
            .Select(series => (
                series.GetUid(Tag.SeriesInstanceUID),
                series.GetString(Tag.RetrieveAETitle),
                (IReadOnlyList<ReferencedSop>)
                [
                    .. series.GetItems(Tag.ReferencedImageSequence)
                        .Concat(series.GetItems(Tag.ReferencedNonImageCompositeSOPInstanceSequence))
                        .Select(sop => new ReferencedSop(
                            sop.GetUid(Tag.ReferencedSOPClassUID), sop.GetUid(Tag.ReferencedSOPInstanceUID)))
                        .Where(sop => !sop.SopClassUid.IsEmpty && !sop.SopInstanceUid.IsEmpty),
                ]))
            .Where(series => !series.Item1.IsEmpty && series.Item3.Count > 0),
    ];
}

/// <summary>Tells the archive that a procedure step has ended, and what it made, by an Instance Availability Notification
/// that names the step. Source: PS3.4 annex R.</summary>
internal sealed class StepNotifier(
    AeTitle own, DicomPeer archive, IProcedureStepStore steps, TimeProvider time) : IOutboxHandler
{
    public const string Kind = "step.notice";

    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var task = EventCodec.Read<StepNotice>(attempt.Row.Payload);
        if (await steps.FindAsync(task.Step, cancellationToken) is not { } step)
            return DispatchVerdict.Quarantine("The step is not known.");
        try
        {
            await using var association = await Association.RequestAsync(
                new AssociationOptions
                {
                    Host = archive.Host,
                    Port = archive.Port,
                    CallingAe = own,
                    CalledAe = archive.AeTitle,
                    Contexts = [AvailabilityScu.Context],
                    Tls = archive.Tls,
                    Time = time,
                },
                cancellationToken);
            var answer = await new AvailabilityScu(association).NotifyAsync(
                task.NoticeUid, NoticeOf(task, step.Attributes), cancellationToken);
            await association.ReleaseAsync(cancellationToken);
            return VerdictOf(answer.Status);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return DispatchVerdict.Retry(e.Message);
        }
    }

    // As the modality said where they are to be had; where it said nothing, from the archive that is told.
    private AvailabilityNotice NoticeOf(StepNotice task, DataSet step) => new(
        task.StudyInstanceUid,
        [
            .. PerformedSeries.Of(step).Select(series => new AvailableSeries(
                series.Series,
                [
                    .. series.Instances.Select(sop => new AvailableInstance(
                        sop, "ONLINE", AeTitle.TryParse(series.RetrieveAe, out var ae) ? ae : archive.AeTitle)),
                ])),
        ])
    {
        ProcedureStep = new ReferencedSop(SopClass.ModalityPerformedProcedureStep, task.Step),
    };

    private static DispatchVerdict VerdictOf(DimseStatus status)
    {
        // 0111: the notice is there, only its answer was lost.
        if (status.IsSuccessOrWarning || status == DimseStatus.DuplicateSopInstance) return DispatchVerdict.Done;
        return status == DimseStatus.ProcessingFailure || status == DimseStatus.ResourceLimitation
            ? DispatchVerdict.Retry($"The archive answered {status}.")
            : DispatchVerdict.Quarantine($"The archive answered {status}.");
    }
}
