using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;

namespace Drimbox.Tests.Grains;

/// <content>Destinations with their places and circuit breakers, faults, age, and what is counted.</content>
public sealed partial class DispatcherTests
{
    [Fact(Timeout = Patience)]
    public async Task A_destination_whose_places_are_taken_holds_up_no_other()
    {
        var other = new ScriptedHandler { Default = () => DispatchVerdict.Done };
        Run(options => options with
        {
            InFlightMax = 2,
            Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(_handler), ["other"] = new(other) },
        });
        for (var i = 0; i < 4; i++) await AddAsync($"hung {i}", $"{i}");
        await _handler.NextAsync();
        await _handler.NextAsync();
        await AddAsync("quick", "5", "other");
        Assert.Equal("5", (await other.NextAsync()).Row.Payload);
        await FinishedAsync(1);
        Assert.Equal(2, _handler.Attempts);
    }

    [Fact(Timeout = Patience)]
    public async Task Kinds_of_one_destination_share_its_places()
    {
        Run(options => options with
        {
            InFlightMax = 2,
            Handlers = new Dictionary<string, OutboxHandling>
            {
                ["k"] = new(_handler, Destination: "peer"), ["other"] = new(_handler, Destination: "peer"),
            },
        });
        await AddAsync("a", "1");
        await AddAsync("b", "2", "other");
        await _handler.NextAsync();
        await _handler.NextAsync();
        await AddAsync("c", "3");
        await AddAsync("d", "4", "other");
        Assert.Equal(2, (await ListAsync()).Count(row => row.LeaseOwner is not null));
        _handler.Answer("1", DispatchVerdict.Done);
        Assert.Contains((await _handler.NextAsync()).Row.Payload, (string[])["3", "4"]);
        Assert.Equal(3, _handler.Attempts);
    }

    [Fact(Timeout = Patience)]
    public async Task A_withdrawal_goes_before_the_publications_of_other_lanes()
    {
        for (var i = 0; i < 5; i++) await AddAsync($"publication {i}", $"{i}");
        await _store.CommitAsync(
            new FlowCommit { Outbox = [new OutboxRow("withdrawal", "k", "w", _clock.GetUtcNow(), Priority: 1)] }, Token);
        Run(options => options with { InFlightMax = 1 });
        Assert.Equal("w", (await _handler.NextAsync()).Row.Payload);
    }

    [Fact(Timeout = Patience)]
    public async Task After_five_attempts_that_reach_nobody_one_probe_goes_until_it_is_answered()
    {
        _handler.Default = () => DispatchVerdict.Retry("down") with { IsUnreached = true };
        Run(options => options with { InFlightMax = 1 });
        for (var i = 0; i < 20; i++) await AddAsync($"lane {i}", $"{i}");
        for (var i = 0; i < Limits.CircuitFailuresMax; i++) await _handler.NextAsync();
        // Fifteen rows have not been tried and are due: they wait for the probe, not for their turn.
        await RecordedAsync(Limits.CircuitFailuresMax);
        var opened = _clock.GetUtcNow();
        await AdvanceUntilAsync(_handler.NextAsync());
        Assert.True(_clock.GetUtcNow() - opened >= Limits.CircuitPauseMin);
        Assert.Equal(Limits.CircuitFailuresMax + 1, _handler.Attempts);
        await RecordedAsync(Limits.CircuitFailuresMax + 1);

        var second = _clock.GetUtcNow();
        _handler.Default = () => DispatchVerdict.Done;
        await AdvanceUntilAsync(_handler.NextAsync());
        Assert.True(_clock.GetUtcNow() - second >= Limits.CircuitPauseMin * 2 - TimeSpan.FromSeconds(2));
        // The answered probe lets all others go without any more time.
        for (var i = 0; i < 14; i++) await _handler.NextAsync();
    }

    [Fact(Timeout = Patience)]
    public async Task Whether_a_peer_is_there_is_told_by_its_circuit_and_by_its_answers_alone()
    {
        var seen = new ConcurrentQueue<(string Peer, bool IsThere)>();
        _handler.Default = () => DispatchVerdict.Retry("down") with { IsUnreached = true };
        Run(options => options with
        {
            InFlightMax = 1,
            PeerSeen = (peer, isThere) => seen.Enqueue((peer, isThere)),
            Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(_handler, Destination: "peer") },
        });
        for (var i = 0; i < 6; i++) await AddAsync($"lane {i}", $"{i}");
        for (var i = 0; i < Limits.CircuitFailuresMax; i++) await _handler.NextAsync();
        await RecordedAsync(Limits.CircuitFailuresMax);
        while (seen.IsEmpty) await Task.Yield();
        Assert.Equal([("peer", false)], seen);

        // The probe is a row that has nothing to say to the peer any more: nobody knows whether it is back.
        var (probes, knownBefore) = (0, -1);
        _handler.Default = () =>
        {
            if (++probes == 1) return DispatchVerdict.Stale("ended") with { IsUncalled = true };
            if (probes == 2) knownBefore = seen.Count(s => s.IsThere);
            return DispatchVerdict.Done;
        };
        await AdvanceUntilAsync(FinishedAsync(6));
        while (!seen.Any(s => s.IsThere)) await Task.Yield();
        Assert.Equal(0, knownBefore);
    }

    [Fact(Timeout = Patience)]
    public async Task A_peer_that_was_away_before_the_start_gets_one_probe()
    {
        Run(options => options with
        {
            KnownAway = () => ["peer"],
            Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(_handler, Destination: "peer") },
        });
        await AddAsync("a", "1");
        await AddAsync("b", "2");
        var probe = await _handler.NextAsync();
        Assert.Equal(1, (await ListAsync()).Count(row => row.LeaseOwner is not null));
        _handler.Answer(probe.Row.Payload, DispatchVerdict.Done);
        await _handler.NextAsync();
        Assert.Equal(_start, _clock.GetUtcNow());
    }

    [Fact(Timeout = Patience)]
    public async Task A_disk_that_is_full_is_no_fault_of_a_row()
    {
        var told = new ConcurrentQueue<StorageFault>();
        _handler.OnAttempt = attempt =>
        {
            if (attempt.Row.Attempts <= 5) throw new StorageFaultException(StorageFault.Full, "full");
        };
        _handler.Default = () => DispatchVerdict.Done;
        Run(options => options with
        {
            StoreFailed = told.Enqueue,
            Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(_handler, FaultsMax: 3) },
        });
        await AddAsync("a", "1");

        await AdvanceUntilAsync(FinishedAsync(1));

        var row = Assert.Single(await ListAsync());
        Assert.Equal((OutboxState.Done, 6, 0), (row.State, row.Attempts, row.Faults));
        Assert.Equal(Enumerable.Repeat(StorageFault.Full, 5), told);
    }

    [Fact(Timeout = Patience)]
    public async Task Refusals_do_not_open_the_circuit()
    {
        _handler.Default = () => DispatchVerdict.Retry("odd") with { IsFault = true };
        Run(options => options with { InFlightMax = 1 });
        for (var i = 0; i < 20; i++) await AddAsync($"lane {i}", $"{i}");
        for (var i = 0; i < 20; i++) await _handler.NextAsync();
        Assert.Equal(_start, _clock.GetUtcNow());
    }

    [Fact(Timeout = Patience)]
    public async Task An_error_without_a_reason_counts_as_a_fault()
    {
        _handler.Default = () => DispatchVerdict.Retry("odd") with { IsFault = true };
        Run(faultsMax: 3);
        await AddAsync("a", "1");
        await AdvanceUntilAsync(FinishedAsync(1));
        var row = Assert.Single(await ListAsync());
        Assert.Equal((OutboxState.Quarantined, 3, 3, "odd"), (row.State, row.Attempts, row.Faults, row.LastDetail));
    }

    [Fact(Timeout = Patience)]
    public async Task What_waits_too_long_is_put_aside_but_not_before_its_tenth_attempt()
    {
        _handler.Default = () => DispatchVerdict.Retry("down");
        Run(options => options with
        {
            RetryDelayMax = TimeSpan.FromSeconds(2),
            Handlers = new Dictionary<string, OutboxHandling>
            {
                ["k"] = new(_handler, AgeMax: TimeSpan.FromSeconds(5)),
            },
        });
        await AddAsync("a", "1");
        await AdvanceUntilAsync(FinishedAsync(1));
        var row = Assert.Single(await ListAsync());
        Assert.Equal((OutboxState.Quarantined, Limits.PublicationAttemptsMax), (row.State, row.Attempts));
        Assert.Equal("It waited too long. down", row.LastDetail);
    }

    [Fact(Timeout = Patience)]
    public async Task The_grain_of_a_row_is_told_that_it_was_given_up_or_the_row_is_put_aside_without_it()
    {
        var (told, deaf) = (new GrainHandler(_store, false), new GrainHandler(_store, true));
        Run(options => options with
        {
            Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(told, 1), ["other"] = new(deaf, 1) },
        });
        await AddAsync("a", "1");
        await AddAsync("b", "2", "other");
        await FinishedAsync(2);
        Assert.All(await ListAsync(), row => Assert.Equal(OutboxState.Quarantined, row.State));
        Assert.Equal(
            "GivenUp", Assert.Single(await _store.LoadAsync(new StreamId("a"), 0, Token)).Type);
        Assert.Empty(await _store.LoadAsync(new StreamId("b"), 0, Token));
    }

    [Fact(Timeout = Patience)]
    public async Task An_attempt_that_stood_still_may_not_start_any_more()
    {
        _handler.OnAttempt = attempt =>
        {
            // The process was stopped: the time is over before any timer can tell.
            if (attempt.Row.Attempts == 1) _clock.AdvanceWithoutTimers(Limits.DispatchAttemptDeadline);
            attempt.Start();
        };
        _handler.Default = () => DispatchVerdict.Done;
        Run();
        await AddAsync("a", "1");
        await _handler.NextAsync();
        var second = await AdvanceUntilAsync(_handler.NextAsync());
        Assert.Equal((DispatchOutcome.Retry, 1), (second.Row.LastOutcome, second.Row.Faults));
    }

    [Fact(Timeout = Patience)]
    public async Task Steps_outcomes_and_durations_are_counted()
    {
        var counted = new ConcurrentBag<string>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == DispatchMetrics.MeterName) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Count(instrument.Name, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Count(instrument.Name, tags));
        listener.Start();
        Run(options => options with
        {
            Handlers = new Dictionary<string, OutboxHandling> { ["counted"] = new(_handler) },
        });
        _handler.OnAttempt = attempt =>
        {
            attempt.Start();
            attempt.Answered();
        };
        await AddAsync("a", "1", "counted");
        await _handler.NextAsync();
        _handler.Answer("1", DispatchVerdict.Done);
        await FinishedAsync(1);
        await _stop.CancelAsync();
        await AdvanceUntilAsync(_running);
        Assert.Equal(
            [
                "drimbox.dispatch.age", "drimbox.dispatch.attempt.duration", "drimbox.dispatch.outcomes Done",
                "drimbox.dispatch.steps answered", "drimbox.dispatch.steps claimed", "drimbox.dispatch.steps recorded",
                "drimbox.dispatch.steps started",
            ],
            counted.Order(StringComparer.Ordinal));

        void Count(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Other tests of this process count as well.
            var values = tags.ToArray().Select(tag => $"{tag.Value}").ToList();
            if (values.Remove("counted")) counted.Add(string.Join(' ', values.Prepend(name)));
        }
    }

    [Fact(Timeout = Patience)]
    public async Task Nothing_begins_to_be_sent_while_another_process_may_have_the_lease()
    {
        var outbox = new WatchedOutbox(_store);
        var begun = new TaskCompletionSource<bool>();
        _handler.OnAttempt = attempt =>
        {
            if (attempt.Row.Payload == "1") outbox.HoldsLeases = false;
            try
            {
                attempt.Start();
                begun.TrySetResult(true);
            }
            catch (OperationCanceledException)
            {
                begun.TrySetResult(false);
                throw;
            }
        };
        Run(outbox: outbox);
        await AddAsync("a", "1");
        Assert.False(await begun.Task);
        await RecordedAsync(1);
        Assert.Equal(DispatchOutcome.Retry, (await ListAsync())[0].LastOutcome);
    }

    /// <summary>Fails always, and has a grain that hears of the end, or cannot.</summary>
    private sealed class GrainHandler(FlowStore store, bool isDeaf) : IQuarantineHandler
    {
        public Action Telling { get; init; } = () => { };

        public Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken) =>
            throw new FormatException();

        public Task QuarantineAsync(ClaimedRow row, OutboxResult result)
        {
            if (isDeaf) throw new FormatException();
            Telling();
            return store.CommitAsync(
                new FlowCommit
                {
                    Appends = [new StreamAppend(new StreamId(row.Lane), 0, [new EventRow("GivenUp", "{}")])],
                    Result = result,
                },
                Token);
        }
    }
}
