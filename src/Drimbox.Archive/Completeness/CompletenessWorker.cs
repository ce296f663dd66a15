using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Completeness;

/// <summary>Closes studies that are complete, and has those told who want to know.</summary>
internal sealed class CompletenessWorker(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    ArchiveIndex index,
    StudyTransfers transfers,
    WorkSignal work,
    ILogger log)
{
    /// <summary>Takes up what a stop or a crash left. Where there are other processes, that is theirs until
    /// <see cref="LookAsync"/> finds otherwise.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        if (index.IsShared) return;
        foreach (var study in await index.Completeness.ListReceivingAsync(cancellationToken)) transfers.Restore(study);
        foreach (var study in await index.Completeness.ListAnnouncedAsync(cancellationToken))
            await AnnounceAsync(study, cancellationToken);
    }

    /// <summary>Takes up the studies that have been quiet for so long that their process is gone, and what was announced to
    /// others of those that arrive here.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var before = await index.NowAsync(cancellationToken) - options.Completeness.Policy.LongQuietTime;
        var receiving = await index.Completeness.ListReceivingAsync(cancellationToken, before);
        foreach (var study in receiving.Where(study => study.LastArrival < before)) transfers.Restore(study);
        var announced = await index.Completeness.ListAnnouncedAsync(cancellationToken);
        transfers.KeepAnnounced(announced.Select(study => study.StudyInstanceUid).ToHashSet());
        foreach (var study in announced.Where(study => transfers.IsUnderWay(study.StudyInstanceUid)))
            await AnnounceAsync(study, cancellationToken);
        work.Set();
    }

    /// <summary>Works until <paramref name="stop"/>.</summary>
    [SuppressMessage("Design", "CA1031", Justification =
        "Top of the worker loop: the operator is told by the log, and the loop goes on.")]
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var complete = transfers.TakeComplete(options.Completeness.Policy, out var next);
            foreach (var study in complete)
            {
                try
                {
                    await CompleteAsync(study);
                }
                catch (Exception e)
                {
                    CompletenessLog.Failed(log, e, options.NodeId);
                    transfers.PutBack(study.Study);
                    next = surroundings.Time.GetUtcNow() + Limits.WorkerRetryDelay;
                }
            }

            try
            {
                await work.WaitAsync(next, stop);
            }
            catch (OperationCanceledException)
            {
                // The way this ends.
            }
        }
    }

    /// <summary>Takes a notice that a procedure step has ended, with what it made. Source: PS3.4 R.3.2.</summary>
    public async ValueTask<DimseStatus> ReceiveAsync(
        AvailabilityNotice notice, AssociationPeer peer, CancellationToken cancellationToken)
    {
        // Without a step it says where instances are, which is nothing that an archive would do anything about.
        if (notice.ProcedureStep.SopInstanceUid.IsEmpty) return DimseStatus.Success;
        var study = new AnnouncedStudy(
            notice.StudyInstanceUid,
            [.. notice.Series.SelectMany(series => series.Instances).Select(i => i.Instance.SopInstanceUid).Distinct()]);
        await index.Completeness.AnnounceAsync(study, cancellationToken);
        CompletenessLog.Announced(log, options.NodeId, peer.CallingAe.ToString(), study.SopInstanceUids.Count);
        await AnnounceAsync(study, cancellationToken);
        return DimseStatus.Success;
    }

    private async Task AnnounceAsync(AnnouncedStudy study, CancellationToken cancellationToken)
    {
        // First, so that none is missed that comes while we look.
        transfers.Announce(study);
        foreach (var sop in study.SopInstanceUids)
        {
            // A hidden one has arrived as well.
            if (await index.FindInstanceAsync(sop, cancellationToken) is not null)
                transfers.Found(study.StudyInstanceUid, sop);
        }
    }

    private async Task CompleteAsync(CompleteStudy complete)
    {
        var (study, reason, lastArrival) = complete;
        List<OutboxRow> rows =
        [
            .. options.Completeness.Peers.Select(peer => new OutboxRow(
                $"ian/{peer.AeTitle}", AvailabilityNotifier.Kind,
                JsonSerializer.Serialize(new AvailabilityTask(peer.AeTitle, study, surroundings.Ids.NewUid())),
                surroundings.Time.GetUtcNow(), CoalesceKey: study.ToString())),
        ];
        // Quiet here, it may go on arriving at another process.
        var mayArriveElsewhere = index.IsShared && reason == CompletenessReason.Quiet
            && lastArrival > DateTimeOffset.MinValue;
        DateTimeOffset? newest = mayArriveElsewhere ? lastArrival : null;
        if (await index.Completeness.CompleteAsync(study, reason, rows, CancellationToken.None, newest))
            CompletenessLog.Complete(log, options.NodeId, reason.ToString());
    }
}
