using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Simulation;

/// <summary>The outbox of the simulation and that of the store do the same, step by step, so that what the simulation
/// shows holds for the one that the product has.</summary>
public sealed class OutboxModelTests
{
    private const int Steps = 3_000;
    private static readonly DateTimeOffset _start = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(90);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_simulated_outbox_is_that_of_the_store()
    {
        using var folder = new StoreFolder();
        var random = new Random(Seed.Get());
        var clock = new ManualClock(_start);
        await using var store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = folder.Path, Clock = clock }, Token);
        var model = new SimulatedOutbox<string>(SimulationRules.Product);
        var claims = new List<(long Id, long Epoch)>();
        long now = 0;
        for (var step = 0; step < Steps; step++)
        {
            switch (random.Next(7))
            {
                case 0:
                    var (lane, priority) = ($"lane {random.Next(6)}", random.Next(4) == 0 ? 1 : 0);
                    var row = model.Insert(lane, "1", priority, now);
                    var committed = Assert.IsType<CommitResult.Committed>(await store.CommitAsync(
                        new FlowCommit { Outbox = [new OutboxRow(lane, "k", "1", clock.GetUtcNow(), priority)] }, Token));
                    Assert.Equal(row.Id, Assert.Single(committed.OutboxIds));
                    break;
                case 1:
                    var seconds = random.Next(3) == 0 ? random.Next(60, 200) : random.Next(0, 5);
                    now += seconds * 1_000;
                    clock.Advance(TimeSpan.FromSeconds(seconds));
                    break;
                case 2 or 3:
                    claims.AddRange(await ClaimAsync(store, model, now, random.Next(2) == 0));
                    break;
                case 4 or 5 when claims.Count > 0:
                    await CompleteAsync(store, model, claims[random.Next(claims.Count)], now, clock, random);
                    break;
                case 6 when random.Next(10) == 0:
                    await store.VoidLeasesAsync(Token);
                    model.VoidLeases(now);
                    break;
            }
        }

        Assert.True(model.Rows.Count > Steps / 20);
        await CompareAsync(store, model);
    }

    private static async Task<IEnumerable<(long Id, long Epoch)>> ClaimAsync(
        FlowStore store, SimulatedOutbox<string> model, long now, bool byKind)
    {
        var expected = model.Claim(now, (long)_lease.TotalMilliseconds, 10);
        var claimed = byKind
            ? await store.ClaimAsync("w", _lease, [new ClaimDemand(["other", "k"], 10)], Token)
            : await store.ClaimAsync("w", _lease, 10, Token);
        Assert.Equal(
            expected.Select(r => (r.Id, r.Lane, r.Attempts, r.Epoch, r.LastOutcome, r.Faults)).Order(),
            claimed.Select(r => (r.Id, r.Lane, r.Attempts, r.Epoch, r.LastOutcome, r.Faults)).Order());
        return claimed.Select(r => (r.Id, r.Epoch));
    }

    private static async Task CompleteAsync(
        FlowStore store, SimulatedOutbox<string> model, (long Id, long Epoch) claim, long now, ManualClock clock,
        Random random)
    {
        var outcome = Enum.GetValues<DispatchOutcome>()[random.Next(5)];
        var again = outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous;
        var wait = random.Next(0, 20);
        int? faults = random.Next(3) == 0 ? random.Next(5) : null;
        Assert.Equal(
            model.Complete(
                claim.Id, claim.Epoch, outcome, now, again ? now + (wait * 1_000) : null, null, faults),
            await store.CompleteAsync(
                new OutboxResult(
                    claim.Id, claim.Epoch, outcome, again ? clock.GetUtcNow().AddSeconds(wait) : null,
                    Faults: faults),
                Token));
    }

    private static async Task CompareAsync(FlowStore store, SimulatedOutbox<string> model)
    {
        var rows = await store.ListOutboxAsync(new OutboxFilter([], Max: 10_000), Token);
        Assert.Equal(
            model.Rows.Select(r => (r.Id, r.State, r.Attempts, r.Faults, r.Epoch, r.LastOutcome, r.LeaseUntil is null)),
            rows.Select(r => (r.Id, r.State, r.Attempts, r.Faults, r.Epoch, r.LastOutcome, r.LeaseUntil is null)));
        var due = await store.NextDueAsync(null, Token);
        Assert.Equal(model.NextDue() is { } at ? _start.AddMilliseconds(at) : null, due);
        Assert.Equal(due, await store.NextDueAsync(["k"], Token));
    }
}
