using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
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
    /// <summary>Takes up what a stop or a crash left.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var study in await index.Completeness.ListReceivingAsync(cancellationToken)) transfers.Restore(study);
        foreach (var study in await index.Completeness.ListAnnouncedAsync(cancellationToken))
            await AnnounceAsync(study, cancellationToken);
    }

    /// <summary>Works until <paramref name="stop"/>.</summary>
    [SuppressMessage("Design", "CA1031", Justification =
        "Top of the worker loop: the operator is told by the log, and the loop goes on.")]
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var complete = transfers.TakeComplete(options.Completeness.Policy, out var next);
            foreach (var (study, reason) in complete)
            {
                try
                {
                    await CompleteAsync(study, reason);
                }
                catch (Exception e)
                {
                    CompletenessLog.Failed(log, e, options.NodeId);
                    transfers.PutBack(study);
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

    private async Task CompleteAsync(Uid study, CompletenessReason reason)
    {
        List<OutboxRow> rows =
        [
            .. options.Completeness.Peers.Select(peer => new OutboxRow(
                $"ian/{peer.AeTitle}", AvailabilityNotifier.Kind,
                JsonSerializer.Serialize(new AvailabilityTask(peer.AeTitle, study, surroundings.Ids.NewUid())),
                surroundings.Time.GetUtcNow(), CoalesceKey: study.ToString())),
        ];
        if (await index.Completeness.CompleteAsync(study, reason, rows, CancellationToken.None))
            CompletenessLog.Complete(log, options.NodeId, reason.ToString());
    }
}
