using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;

namespace Drimbox.Archive.Completeness;

/// <summary>The payload of an outbox row: whom to tell of which study.</summary>
/// <param name="NoticeUid">Of the notice, the same at each attempt.</param>
internal sealed record AvailabilityTask(AeTitle Peer, Uid StudyInstanceUid, Uid NoticeUid);

/// <summary>Instance Availability Notification SCU: says which instances of a study are here now. A notice that was not
/// answered is sent again under its UID. Source: PS3.4 annex R.</summary>
internal sealed class AvailabilityNotifier(
    ArchiveOptions options, ArchiveSurroundings surroundings, ArchiveIndex index) : IOutboxHandler
{
    public const string Kind = "ian";

    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var task = JsonSerializer.Deserialize<AvailabilityTask>(attempt.Row.Payload)!;
        if (options.Completeness.Peers.FirstOrDefault(p => p.AeTitle == task.Peer) is not { } peer)
            return DispatchVerdict.Quarantine("The peer is no longer configured.");
        var series = await SeriesOfAsync(task.StudyInstanceUid, cancellationToken);
        if (series.Count == 0) return DispatchVerdict.Stale("The study has no instances any more.");
        try
        {
            await using var association = await Association.RequestAsync(
                new AssociationOptions
                {
                    Host = peer.Host,
                    Port = peer.Port,
                    CallingAe = options.AeTitle,
                    CalledAe = peer.AeTitle,
                    Contexts = [AvailabilityScu.Context],
                    Tls = peer.Tls,
                    Time = surroundings.Time,
                },
                cancellationToken);
            var answer = await new AvailabilityScu(association).NotifyAsync(
                task.NoticeUid, new AvailabilityNotice(task.StudyInstanceUid, series), cancellationToken);
            await association.ReleaseAsync(cancellationToken);
            return VerdictOf(answer.Status);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return DispatchVerdict.Retry(e.Message);
        }
    }

    private async Task<List<AvailableSeries>> SeriesOfAsync(Uid study, CancellationToken cancellationToken)
    {
        var query = new FindQuery(
            FindLevel.Study, [FindMatch.List(ArchiveAttribute.StudyInstanceUid, [study.ToString()])]);
        var instances = new List<IndexedInstance>();
        await foreach (var instance in index.InstancesOfAsync(query, cancellationToken)) instances.Add(instance);
        return instances
            .GroupBy(instance => instance.SeriesInstanceUid)
            .Select(series => new AvailableSeries(
                series.Key,
                [.. series.Select(i => new AvailableInstance(
                    new ReferencedSop(i.SopClassUid, i.SopInstanceUid), "ONLINE", options.AeTitle))]))
            .ToList();
    }

    private static DispatchVerdict VerdictOf(DimseStatus status)
    {
        // 0111: the notice is there, only its answer was lost.
        if (status.IsSuccessOrWarning || status == DimseStatus.DuplicateSopInstance) return DispatchVerdict.Done;
        return status == DimseStatus.ProcessingFailure || status == DimseStatus.ResourceLimitation
            ? DispatchVerdict.Retry($"The peer answered {status}.")
            : DispatchVerdict.Quarantine($"The peer answered {status}.");
    }
}
