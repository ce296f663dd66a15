using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;

namespace Drimbox.Tests.Grains;

/// <content>The store is away when the result of an attempt is to be recorded.</content>
public sealed partial class DispatcherTests
{
    [Theory(Timeout = Patience)]
    [InlineData(StorageFault.Io)]
    [InlineData(StorageFault.Full)]
    [InlineData(StorageFault.InUse)]
    [InlineData(StorageFault.Deadlock)]
    [InlineData(StorageFault.TooManyFiles)]
    public async Task A_result_that_cannot_be_recorded_is_recorded_when_the_store_is_back(StorageFault fault)
    {
        var tries = 0;
        var outbox = new WatchedOutbox(_store)
        {
            Completing = _ =>
            {
                if (++tries < 4) throw new StorageFaultException(fault, "away");
            },
        };
        _handler.Default = () => DispatchVerdict.Done;
        Run(outbox: outbox);
        await AddAsync("a", "1");

        await AdvanceUntilAsync(FinishedAsync(1));

        var row = Assert.Single(await ListAsync());
        Assert.Equal((OutboxState.Done, 1, 0, DispatchOutcome.Done), (row.State, row.Attempts, row.Faults, row.LastOutcome));
        Assert.Equal((4, 1), (tries, _handler.Attempts));
        Assert.True(_clock.GetUtcNow() < _start + Limits.OutboxLease);
    }

    [Fact(Timeout = Patience)]
    public async Task A_store_that_stays_away_is_asked_for_as_long_as_the_lease_lasts()
    {
        var asked = new List<DateTimeOffset>();
        var outbox = new WatchedOutbox(_store)
        {
            Completing = result =>
            {
                if (result.Epoch > 1) return;
                asked.Add(_clock.GetUtcNow());
                throw new StorageFaultException(StorageFault.Io, "away");
            },
        };
        _handler.Default = () => DispatchVerdict.Done;
        Run(outbox: outbox);
        await AddAsync("a", "1");

        await AdvanceUntilAsync(FinishedAsync(1));

        // Up to the last pause before the end, then as an attempt whose end nobody knows.
        var end = _start + Limits.OutboxLease;
        Assert.InRange(asked[^1], end - (2 * Limits.StoreRetryDelayMax), end);
        Assert.True(asked.Count > 10, $"{asked.Count} times");
        var row = Assert.Single(await ListAsync());
        Assert.Equal((OutboxState.Done, 2, 1), (row.State, row.Attempts, row.Faults));
    }

    [Fact(Timeout = Patience)]
    public async Task A_fault_that_does_not_pass_is_met_once()
    {
        var tries = 0;
        var outbox = new WatchedOutbox(_store)
        {
            Completing = result =>
            {
                if (result.Epoch > 1) return;
                tries++;
                throw new StorageFaultException(StorageFault.Corrupt, "spoilt");
            },
        };
        _handler.Default = () => DispatchVerdict.Done;
        Run(outbox: outbox);
        await AddAsync("a", "1");

        await AdvanceUntilAsync(FinishedAsync(1));

        Assert.Equal(1, tries);
    }

    [Fact(Timeout = Patience)]
    public async Task The_grain_of_a_row_that_is_given_up_is_told_when_the_store_is_back()
    {
        var faults = 3;
        var told = new GrainHandler(_store, false)
        {
            Telling = () =>
            {
                if (faults-- > 0) throw new StorageFaultException(StorageFault.Io, "away");
            },
        };
        Run(options => options with { Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(told, 1) } });
        await AddAsync("a", "1");

        await AdvanceUntilAsync(FinishedAsync(1));

        Assert.Equal(OutboxState.Quarantined, Assert.Single(await ListAsync()).State);
        Assert.Equal("GivenUp", Assert.Single(await _store.LoadAsync(new StreamId("a"), 0, Token)).Type);
    }

    [Fact(Timeout = Patience)]
    [Requirement("reliability P7")]
    public async Task A_clock_that_is_set_back_does_not_keep_a_circuit_open()
    {
        var wrong = new SkewedClock(_clock, TimeSpan.Zero);
        _handler.Default = () => DispatchVerdict.Retry("down") with { IsUnreached = true };
        Run(options => options with
        {
            Clock = wrong, RetryDelayMin = TimeSpan.FromMilliseconds(1), RetryDelayMax = TimeSpan.FromMilliseconds(1),
        });
        for (var i = 0; i < Limits.CircuitFailuresMax; i++) await AddAsync($"{i}", $"{i}");
        for (var i = 0; i < Limits.CircuitFailuresMax; i++) await _handler.NextAsync();
        await RecordedAsync(Limits.CircuitFailuresMax);
        wrong.Skew = TimeSpan.FromDays(-1);
        _handler.Default = () => DispatchVerdict.Done;

        var begin = _clock.GetUtcNow();
        await AdvanceUntilAsync(FinishedAsync(1));

        Assert.True(_clock.GetUtcNow() - begin < TimeSpan.FromHours(1), "The probe waited for the clock.");
    }
}
