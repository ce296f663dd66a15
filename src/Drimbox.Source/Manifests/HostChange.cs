using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Manifests;

/// <summary>Re-issues every manifest that leads to another host than the present one (DB.SO.31): from its KOS, without
/// the PACS, study by study in the order of their UIDs, so many a minute. How far it is lies in a stream, so that a
/// restart goes on; what was done before is seen by the host of the manifest and not done again.</summary>
internal sealed class HostChange(
    string node,
    StudyRegister register,
    FlowStore store,
    ManifestFiles files,
    SourcePolicy policy,
    IIdSource ids,
    TimeProvider time,
    ILogger log) : IAsyncDisposable
{
    private const int StudiesPerPage = 100;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource? _working;
    private Task _running = Task.CompletedTask;
    private Task _following = Task.CompletedTask;
    private bool _isAsked;
    private bool _isWorking;

    private enum Finding
    {
        Reissued,
        Current,
        NotWanted,
        Failed,
    }

    /// <summary>Goes on with what was running at the last stop. Of several processes one works, whichever of them was told to
    /// begin.</summary>
    public async Task TakeUpAsync(CancellationToken cancellationToken)
    {
        _following = FollowAsync(_stopping.Token);
        var stream = Stream();
        var run = await stream.CatchUpAsync(cancellationToken);
        if (run.Phase != ReissuePhase.Running) return;
        // The host has changed once more: those that were done must be done again.
        if (run.Host != policy.RetrieveHost)
        {
            await TryAppendAsync(
                stream, new ReissueBegun(policy.RetrieveHost, run.PerMinute, "restart", time.GetUtcNow()),
                cancellationToken);
        }

        Work();
    }

    public async Task<ReissueRun> GetAsync(CancellationToken cancellationToken) =>
        await Stream().CatchUpAsync(cancellationToken);

    /// <summary>Begins with the first study, or goes on after a pause.</summary>
    /// <returns>Null, or why not.</returns>
    public async Task<Refusal?> StartAsync(int perMinute, string actor, CancellationToken cancellationToken)
    {
        var stream = Stream();
        ReissueEvent begun;
        do
        {
            var run = await stream.CatchUpAsync(cancellationToken);
            if (run.Phase == ReissuePhase.Running)
                return new Refusal(RefusalReason.WrongState, "A re-issue is running: pause it first.");
            begun = run.Phase == ReissuePhase.Paused && run.Host == policy.RetrieveHost
                ? new ReissueResumed(perMinute, actor, time.GetUtcNow())
                : new ReissueBegun(policy.RetrieveHost, perMinute, actor, time.GetUtcNow());
        }
        while (!await TryAppendAsync(stream, begun, cancellationToken));

        Work();
        return null;
    }

    /// <inheritdoc cref="StartAsync"/>
    public async Task<Refusal?> PauseAsync(string actor, CancellationToken cancellationToken)
    {
        if ((await GetAsync(cancellationToken)).Phase != ReissuePhase.Running)
            return new Refusal(RefusalReason.WrongState, "No re-issue is running.");
        await RestAsync();
        var stream = Stream();
        while ((await stream.CatchUpAsync(cancellationToken)).Phase == ReissuePhase.Running)
        {
            // Where another process works it may have told of a study meanwhile.
            if (await TryAppendAsync(stream, new ReissuePaused(actor, time.GetUtcNow()), cancellationToken)) return null;
        }

        return new Refusal(RefusalReason.WrongState, "It has just ended.");
    }

    /// <summary>Completes when it is not working any more.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate) return _running;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        await WhenIdleAsync();
        _working?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Finds out what other processes were told to begin, or left when they ended.</summary>
    private Task FollowAsync(CancellationToken stop)
    {
        var stream = Stream();
        return store.FollowOthersAsync(
            async token =>
            {
                if ((await stream.CatchUpAsync(token)).Phase == ReissuePhase.Running) Work();
            },
            stop);
    }

    private void Work()
    {
        lock (_gate)
        {
            _isAsked = true;
            if (_isWorking) return;
            _isWorking = true;
            _working?.Dispose();
            _working = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var token = _working.Token;
            _running = Task.Run(() => RunAsync(token), CancellationToken.None);
        }
    }

    private async Task RestAsync()
    {
        CancellationTokenSource? working;
        lock (_gate) (working, _isAsked) = (_working, false);
        if (working is not null) await working.CancelAsync();
        await WhenIdleAsync();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (IsAsked()) await RunOnceAsync(stop);
    }

    // Who asks while the work ends is not passed over.
    private bool IsAsked()
    {
        lock (_gate)
        {
            (_isWorking, _isAsked) = (_isAsked, false);
            return _isWorking;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a worker: the log and who asks for it are told.")]
    private async Task RunOnceAsync(CancellationToken stop)
    {
        try
        {
            if (!await store.HasDutyAsync("reissue", stop)) return;
            var run = await GetAsync(stop);
            while (run.Phase == ReissuePhase.Running)
            {
                var page = await register.ListAsync(run.Through, StudiesPerPage, stop);
                if (page.Count == 0)
                {
                    await RecordAsync(new ReissueEnded(time.GetUtcNow()));
                    SourceLog.ReissueEnded(log, run.Reissued, run.Current, run.Failed);
                    return;
                }

                await WorkAsync(page, run.PerMinute, stop);
                run = await GetAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Paused or stopped: what was not recorded is looked at again.
        }
        catch (Exception e)
        {
            SourceLog.ReissueFailed(log, e.GetType().Name);
        }
    }

    // A record for each manifest that was re-issued; those that need nothing are counted with the next.
    private async Task WorkAsync(IReadOnlyList<Uid> page, int perMinute, CancellationToken stop)
    {
        var (current, notWanted, failed) = (0, 0, 0);
        for (var i = 0; i < page.Count; i++)
        {
            stop.ThrowIfCancellationRequested();
            var study = page[i];
            var finding = await ReissueAsync(study, perMinute, stop);
            if (finding == Finding.Current) current++;
            else if (finding == Finding.NotWanted) notWanted++;
            else if (finding == Finding.Failed) failed++;
            if (finding != Finding.Reissued && i + 1 < page.Count) continue;
            await RecordAsync(
                new ReissueAdvanced(study, finding == Finding.Reissued ? 1 : 0, current, notWanted, failed));
            (current, notWanted, failed) = (0, 0, 0);
            if (finding != Finding.Reissued) continue;
            await Task.Delay(Pace(perMinute), time, stop);
            // Another process may have been told to pause.
            if (store.IsShared && (await GetAsync(stop)).Phase != ReissuePhase.Running) return;
        }
    }

    private async Task<Finding> ReissueAsync(Uid study, int perMinute, CancellationToken stop)
    {
        var state = await register.GetAsync(study, stop);
        if (state.Wanted(study) is null) return Finding.NotWanted;
        if (!ManifestReissue.IsDue(study, state, policy)) return Finding.Current;
        var former = state.Current!;
        if (await TryReadAsync(study, former, stop) is not { } manifest) return Finding.Failed;
        // A record from before the host was kept.
        if (ManifestReissue.HostOf(manifest) == policy.RetrieveHost) return Finding.Current;
        while (await IsCrowdedAsync(stop)) await Task.Delay(Pace(perMinute), time, stop);
        var rewritten = ManifestReissue.Rewrite(manifest, policy, new DecisionContext(time.GetUtcNow(), ids));
        await register.ExecuteAsync(
            study, new ReissueManifest(former.SopInstanceUid, await files.PutAsync(rewritten, stop)), null,
            CancellationToken.None);
        SourceLog.Reissued(log, StudyRef.Of(study));
        return Finding.Reissued;
    }

    private async Task<Manifest?> TryReadAsync(Uid study, ManifestVersion version, CancellationToken stop)
    {
        try
        {
            if (await files.TryReadAsync(version, stop) is { } manifest) return manifest;
        }
        catch (StorageFaultException e) when (e.Fault is StorageFault.Absent or StorageFault.Corrupt)
        {
            // Told below.
        }

        SourceLog.NotReissued(log, StudyRef.Of(study));
        return null;
    }

    private async Task<bool> IsCrowdedAsync(CancellationToken stop) =>
        (await store.ListOutboxAsync(
            new OutboxFilter([OutboxState.Pending], Kind: StudyRegister.SubmissionKind, Max: Limits.ReissueWaitingMax),
            stop)).Count == Limits.ReissueWaitingMax;

    private static TimeSpan Pace(int perMinute) => TimeSpan.FromMinutes(1) / perMinute;

    private EventStream<ReissueRun, ReissueEvent> Stream() =>
        new(store, new StreamId($"{node}/reissue"), ReissueRun.None, ReissueRun.Evolve);

    // Not to be cut off: what it tells of has happened.
    private async Task RecordAsync(ReissueEvent happened)
    {
        var stream = Stream();
        do await stream.CatchUpAsync(CancellationToken.None);
        while (!await TryAppendAsync(stream, happened, CancellationToken.None));
    }

    /// <returns>False: something else has happened meanwhile.</returns>
    private async Task<bool> TryAppendAsync(
        EventStream<ReissueRun, ReissueEvent> stream, ReissueEvent happened, CancellationToken cancellationToken) =>
        await store.CommitAsync(new FlowCommit { Appends = [stream.Append([happened])] }, cancellationToken)
            is CommitResult.Committed;
}
