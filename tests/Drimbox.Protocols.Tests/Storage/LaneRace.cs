using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>Many workers over one outbox: of one process, or of several with a store each.</summary>
internal static class LaneRace
{
    private const int Lanes = 7;
    private const int Rows = 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each lane is done in its order, a row at a time, and no row is lost.</summary>
    /// <param name="claim">No more rows than so many.</param>
    public static async Task RunAsync(
        IReadOnlyList<FlowStore> stores, int workers, Func<FlowStore, int, Task<IReadOnlyList<ClaimedRow>>> claim)
    {
        var random = new Random(Seed.Get());
        for (var i = 0; i < Rows; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => stores[(lane + i) % stores.Count].CommitAsync(
                new FlowCommit { Outbox = [new($"lane {lane}", "k", $"{i}", DateTimeOffset.UnixEpoch)] }, Token)));
        }

        var done = Enumerable.Range(0, Lanes).ToDictionary(lane => $"lane {lane}", _ => new List<int>());
        var inFlight = new HashSet<string>();
        var all = Enumerable.Range(0, workers).Select(i => (Store: stores[i % stores.Count], Seed: random.Next())).ToList();
        await Task.WhenAll(all.Select(one => WorkAsync(one.Store, one.Seed)));
        Assert.All(done.Values, list => Assert.Equal(Enumerable.Range(0, Rows), list));

        async Task WorkAsync(FlowStore store, int seed)
        {
            var own = new Random(seed);
            while (done.Values.Sum(list => list.Count) < Lanes * Rows)
            {
                foreach (var row in await claim(store, own.Next(1, 4)))
                {
                    lock (inFlight) Assert.True(inFlight.Add(row.Lane), "two rows of a lane at once");
                    await Task.Yield();
                    var outcome = own.Next(5) switch
                    {
                        0 => DispatchOutcome.Retry,
                        1 => DispatchOutcome.Ambiguous,
                        _ => DispatchOutcome.Done,
                    };
                    lock (inFlight)
                    {
                        if (outcome == DispatchOutcome.Done) done[row.Lane].Add(int.Parse(row.Payload));
                        inFlight.Remove(row.Lane);
                    }

                    Assert.True(await store.CompleteAsync(new OutboxResult(row.Id, row.Epoch, outcome), Token));
                }
            }
        }
    }
}
