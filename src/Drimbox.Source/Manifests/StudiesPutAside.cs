using Drimbox.Core.Outages;
using Drimbox.Grains.Outages;
using Drimbox.Grains.Studies;
using Drimbox.Storage;

namespace Drimbox.Source.Manifests;

/// <summary>Studies that the dispatcher gave up after each look at them had failed. One alert is open as long as there is
/// one of them (docs/adr/0032), and a look that succeeds takes a study back.</summary>
internal sealed class StudiesPutAside(FlowStore store, OutageWatch outages) : IDisposable
{
    private const string Actor = "a later look";

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Finds out what the process before this one left. Before rows are dispatched.</summary>
    /// <exception cref="StorageFaultException">The store failed.</exception>
    public async Task TakeUpAsync()
    {
        await _turn.WaitAsync();
        try
        {
            outages.Notice(Outage.PutAside, isAway: (await ListAsync(lane: null, max: 1)).Count > 0);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Finds out what other processes put aside or took back: the last that one takes back may be followed by one
    /// that another puts aside.</summary>
    public Task FollowAsync(CancellationToken stop) => store.FollowOthersAsync(_ => TakeUpAsync(), stop);

    /// <summary>A row is put aside.</summary>
    /// <param name="result">Says so in the outbox.</param>
    public async Task AddAsync(OutboxResult result)
    {
        await _turn.WaitAsync();
        try
        {
            if (await store.CompleteAsync(result, CancellationToken.None)) outages.Notice(Outage.PutAside, isAway: true);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The look at a study has succeeded: what was put aside of it before is history.</summary>
    /// <param name="lane">Of the study.</param>
    public async Task LookedAsync(string lane)
    {
        if (!outages.Away.Contains(Outage.PutAside)) return;
        await _turn.WaitAsync();
        try
        {
            foreach (var row in await ListAsync(lane, max: 100))
                await store.DiscardAsync(row.Id, Actor, CancellationToken.None);
            if ((await ListAsync(lane: null, max: 1)).Count == 0) outages.Notice(Outage.PutAside, isAway: false);
        }
        catch (StorageFaultException)
        {
            // The look is what counts. The next one of any study finds out.
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private Task<IReadOnlyList<OutboxEntry>> ListAsync(string? lane, int max) => store.ListOutboxAsync(
        new OutboxFilter([OutboxState.Quarantined], lane, StudyRegister.EvaluationKind, Max: max), CancellationToken.None);
}
