using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Commitment;

/// <summary>Checks and reports what was asked for, by the schedule, over restarts: for each requester one after the other,
/// and one that cannot be reached holds up no other. Source: PS3.4 J.3.3.</summary>
internal sealed class CommitmentReporting(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    ArchiveIndex index,
    CommitmentScp requests,
    ICommitmentCheck check,
    WorkSignal work,
    ILogger log) : IDisposable
{
    private readonly ConcurrentDictionary<AeTitle, Task> _running = [];
    private readonly SemaphoreSlim _checking = new(Limits.CommitmentChecksAtOnce);

    private CommitmentOptions Commitment => options.Commitment;

    /// <summary>Works until <paramref name="stop"/>; what is under way then goes on at the next start.</summary>
    [SuppressMessage("Design", "CA1031", Justification =
        "Top of the worker loop: the operator is told by the log, and the loop goes on.")]
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            DateTimeOffset? next;
            try
            {
                next = await StartDueAsync(stop);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                CommitmentLog.Failed(log, e, options.NodeId);
                next = surroundings.Time.GetUtcNow() + Limits.WorkerRetryDelay;
            }
            catch (Exception)
            {
                break;
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

        await Task.WhenAll(_running.Values);
    }

    public void Dispose() => _checking.Dispose();

    private async Task<DateTimeOffset?> StartDueAsync(CancellationToken stop)
    {
        DateTimeOffset? next = null;
        var now = surroundings.Time.GetUtcNow();
        foreach (var requester in (await index.Commitments.ListPendingAsync(stop)).GroupBy(p => p.RequesterAe))
        {
            // Its end sets the signal.
            if (_running.ContainsKey(requester.Key)) continue;
            var due = requester.Where(p => p.NextAttemptAt <= now).ToList();
            if (due.Count > 0) Start(requester.Key, due, stop);
            else if (next is null || requester.First().NextAttemptAt < next) next = requester.First().NextAttemptAt;
        }

        return next;
    }

    private void Start(AeTitle requester, List<PendingCommitment> due, CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[requester] = ended.Task;
        _ = Task.Run(
            async () =>
            {
                await ServeAsync(due, stop);
                _running.TryRemove(requester, out _);
                ended.SetResult();
                work.Set();
            },
            CancellationToken.None);
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "Top of the work for one requester: the operator is told by the log, and it comes again by the schedule.")]
    private async Task ServeAsync(List<PendingCommitment> due, CancellationToken stop)
    {
        try
        {
            var isUnreachable = false;
            // Those whose association may stand first: they need no call.
            foreach (var pending in due.OrderByDescending(requests.HasReporter))
            {
                if (isUnreachable && !requests.HasReporter(pending))
                    await PostponeAsync(pending, null, "the one before it did not arrive", stop);
                else isUnreachable = !await ReportAsync(pending, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It is pending still.
        }
        catch (Exception e)
        {
            CommitmentLog.Failed(log, e, options.NodeId);
            await PauseAsync(stop);
        }
    }

    private async Task PauseAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Limits.WorkerRetryDelay, surroundings.Time, stop);
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }
    }

    /// <returns>False if the requester cannot be reached.</returns>
    private async Task<bool> ReportAsync(PendingCommitment pending, CancellationToken stop)
    {
        var reporter = requests.TakeReporter(pending);
        if (await index.Commitments.ReadAsync(pending.Id, stop) is not { } row) return true;
        var failed = await FailedOfAsync(row, stop);
        var failures = failed.Select(f => f.Instance).ToHashSet();
        var report = new CommitmentReport(
            row.TransactionUid,
            [.. row.Instances.Select(i => new ReferencedSop(i.SopClassUid, i.SopInstanceUid))
                .Where(sop => !failures.Contains(sop))],
            failed)
        {
            RetrieveAe = row.CalledAe,
        };
        if (Commitment.OnSameAssociation && reporter is not null && await TryReportOverAsync(reporter, report, stop))
        {
            await EndAsync(pending, report);
            return true;
        }

        if (Commitment.Peers.FirstOrDefault(p => p.AeTitle == pending.RequesterAe) is not { } peer)
        {
            await AbandonAsync(pending, "no address is configured for its reports", stop);
            return true;
        }

        string why;
        var isReached = false;
        try
        {
            var status = await CommitmentReporter.ReportAsync(peer, row.CalledAe, report, surroundings.Time, stop);
            if (status.IsSuccessOrWarning)
            {
                await EndAsync(pending, report);
                return true;
            }

            (why, isReached) = ($"the report was answered {status}", true);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            why = e.Message;
        }

        await PostponeAsync(pending, failed, why, stop);
        return isReached;
    }

    private async ValueTask<IReadOnlyList<FailedSop>> FailedOfAsync(CommitmentRow row, CancellationToken stop)
    {
        if (row.Failures is { } known)
        {
            return
            [
                .. known.Select(f => new FailedSop(
                    new ReferencedSop(f.SopClassUid, f.SopInstanceUid), (CommitmentFailureReason)f.Reason)),
            ];
        }

        List<ReferencedSop> asked = [.. row.Instances.Select(i => new ReferencedSop(i.SopClassUid, i.SopInstanceUid))];
        // PS3.3 C.14.1.1: what the first request with this transaction UID gets says nothing of this one.
        if (row.IsDuplicate)
            return [.. asked.Select(sop => new FailedSop(sop, CommitmentFailureReason.DuplicateTransactionUid))];
        await _checking.WaitAsync(stop);
        try
        {
            return await check.CheckAsync(asked, stop);
        }
        finally
        {
            _checking.Release();
        }
    }

    private static async ValueTask<bool> TryReportOverAsync(
        EventReporter reporter, CommitmentReport report, CancellationToken stop)
    {
        try
        {
            var status = await reporter.ReportAsync(
                CommitmentModel.WellKnownInstance, report.EventTypeId, report.ToDataSet(), stop);
            // A requester that knows no reports here takes them on an association of their own.
            return status.IsSuccessOrWarning;
        }
        catch (Exception e) when (e is AssociationAbortedException or TimeoutException)
        {
            // Over, or deaf to reports: a new one.
            return false;
        }
    }

    private async Task EndAsync(PendingCommitment pending, CommitmentReport report)
    {
        // It was taken: a stop must not make us say it again.
        await index.Commitments.FinishAsync(pending, CommitmentState.Reported, null, CancellationToken.None);
        CommitmentLog.Reported(
            log, options.NodeId, pending.RequesterAe.ToString(), report.Committed.Count, report.Failed.Count);
    }

    private async Task AbandonAsync(PendingCommitment pending, string why, CancellationToken stop)
    {
        await index.Commitments.FinishAsync(pending, CommitmentState.Abandoned, why, stop);
        CommitmentLog.Abandoned(log, options.NodeId, pending.RequesterAe.ToString(), why);
    }

    private async Task PostponeAsync(
        PendingCommitment pending, IReadOnlyList<FailedSop>? failed, string why, CancellationToken stop)
    {
        if (pending.Attempts >= Commitment.RetryDelays.Count)
        {
            await AbandonAsync(pending, why, stop);
            return;
        }

        await index.Commitments.PostponeAsync(
            pending,
            surroundings.Time.GetUtcNow() + Commitment.RetryDelays[pending.Attempts],
            failed?.Select(f => new CommitmentFailure(
                f.Instance.SopClassUid, f.Instance.SopInstanceUid, (ushort)f.Reason)).ToList(),
            why,
            stop);
        CommitmentLog.Delayed(log, options.NodeId, pending.RequesterAe.ToString(), why);
    }
}
