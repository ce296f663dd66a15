using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

public sealed class OutboxLaneTests : IAsyncLifetime
{
    private static readonly DateTimeOffset _now = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(90);
    private readonly StoreFolder _folder = new();
    private readonly ManualClock _clock = new(_now);
    private FlowStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await FlowStorePlace.OpenAsync(
        new FlowStoreOptions
        {
            Folder = _folder.Path,
            Clock = _clock,
            BlockingKinds = new HashSet<string> { "blocking" },
        },
        Token);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_lane_gives_one_row_at_a_time_in_order_and_lanes_go_in_parallel()
    {
        await AddAsync(Row("a", "1"), Row("a", "2"), Row("b", "3"));

        var first = await ClaimAsync();
        Assert.Equal(["1", "3"], Payloads(first));
        Assert.Empty(await ClaimAsync());

        Assert.True(await _store.CompleteAsync(Done(first[0]), Token));
        Assert.Equal(["2"], Payloads(await ClaimAsync()));
    }

    [Fact]
    public async Task A_row_that_waits_for_its_next_attempt_holds_back_its_lane()
    {
        await AddAsync(Row("a", "1"), Row("a", "2"));
        var row = Assert.Single(await ClaimAsync());
        await _store.CompleteAsync(
            new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Retry, _now.AddSeconds(5), "busy", "1b"), Token);

        Assert.Empty(await ClaimAsync());
        Assert.Equal(_now.AddSeconds(5), await _store.NextDueAsync(null, Token));

        _clock.Advance(TimeSpan.FromSeconds(5));
        var again = Assert.Single(await ClaimAsync());
        Assert.Equal(("1b", 2, DispatchOutcome.Retry, "busy"),
            (again.Payload, again.Attempts, again.LastOutcome, again.LastDetail));
    }

    [Fact]
    public async Task A_higher_priority_overtakes_what_is_known_to_be_unsent()
    {
        await AddAsync(Row("a", "publish"));
        var row = Assert.Single(await ClaimAsync());
        await _store.CompleteAsync(new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Retry), Token);
        await AddAsync(Row("a", "withdraw") with { Priority = 1 });
        Assert.Equal(["withdraw"], Payloads(await ClaimAsync()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_higher_priority_does_not_overtake_what_may_have_been_sent(bool stillInFlight)
    {
        await AddAsync(Row("a", "publish"));
        var row = Assert.Single(await ClaimAsync());
        if (!stillInFlight)
            await _store.CompleteAsync(new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Ambiguous), Token);
        await AddAsync(Row("a", "withdraw") with { Priority = 1 });

        if (stillInFlight)
        {
            Assert.Empty(await ClaimAsync());
            _clock.Advance(_lease);
        }

        var again = Assert.Single(await ClaimAsync());
        Assert.Equal(("publish", DispatchOutcome.Ambiguous), (again.Payload, again.LastOutcome));
    }

    [Fact]
    public async Task A_claim_is_for_kinds_and_takes_the_higher_priority_of_all_lanes_first()
    {
        await AddAsync(Row("a", "1"), Row("b", "2"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AddAsync(
            Row("c", "3") with { Priority = 1, DueAt = _clock.GetUtcNow() }, Row("d", "4") with { Kind = "other" },
            Row("e", "5") with { Kind = "third" });
        Assert.Equal(["other", "plain", "third"], await _store.OpenKindsAsync(Token));
        Assert.Equal(_now, await _store.NextDueAsync(["other"], Token));
        Assert.Null(await _store.NextDueAsync(["none"], Token));

        var claimed = await _store.ClaimAsync(
            "w", _lease, [new ClaimDemand(["plain"], 2), new ClaimDemand(["other", "none"], 5)], Token);

        Assert.Equal(["3", "1", "4"], claimed.Select(row => row.Payload));
        Assert.Equal(_now, await _store.NextDueAsync(["plain"], Token));
    }

    [Fact]
    public async Task A_kind_with_many_rows_does_not_keep_an_older_row_of_another_waiting()
    {
        await AddAsync(Row("a", "1") with { Kind = "second" });
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AddAsync(
            Row("b", "2") with { DueAt = _clock.GetUtcNow() }, Row("c", "3") with { DueAt = _clock.GetUtcNow() });

        var claimed = await _store.ClaimAsync("w", _lease, [new ClaimDemand(["plain", "second"], 2)], Token);

        Assert.Equal("1", claimed[0].Payload);
    }

    [Fact]
    public async Task Dead_letters_that_are_sent_again_are_closed_with_who_did_it()
    {
        await AddAsync(Row("a", "1"), Row("b", "2"));
        foreach (var row in await ClaimAsync())
        {
            await _store.CompleteAsync(
                new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Quarantine, null, "refused"), Token);
        }

        await _store.CommitAsync(
            new FlowCommit { Outbox = [Row("a", "3")], Resent = new DeadLettersResent("a", "plain", "uid:1000") }, Token);

        Assert.Equal(
            [OutboxState.Discarded, OutboxState.Quarantined, OutboxState.Pending],
            (await ListAsync()).Select(row => row.State));
        Assert.Equal(
            [new OutboxIntervention(1, "resend", "uid:1000", _now)], await _store.ListInterventionsAsync(1, Token));
        Assert.Equal(["3"], Payloads(await ClaimAsync()));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signal_that_comes_while_a_waiter_gives_up_is_there_for_the_next_wait()
    {
        using var given = new CancellationTokenSource();
        var waits = _store.WaitForWorkAsync(null, given.Token).AsTask();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        await AddAsync(Row("a", "1"));
        await _store.WaitForWorkAsync(null, Token);
    }

    [Fact]
    public async Task The_late_result_of_a_paused_owner_is_refused()
    {
        await AddAsync(Row("a", "1"));
        var paused = Assert.Single(await ClaimAsync());
        _clock.Advance(_lease);
        var second = Assert.Single(await ClaimAsync());
        Assert.Equal((2, DispatchOutcome.Ambiguous, 1), (second.Attempts, second.LastOutcome, second.Faults));

        Assert.False(await _store.CompleteAsync(Done(paused), Token));
        Assert.False(await _store.RenewAsync(paused.Id, paused.Epoch, _lease, Token));
        var commit = new FlowCommit { Result = Done(paused), Appends = [new(new("s"), 0, [new("E", "{}")])] };
        Assert.Equal(new CommitResult.LeaseLost(), await _store.CommitAsync(commit, Token));
        Assert.Empty(await _store.LoadAsync(new("s"), 0, Token));

        var own = await _store.CommitAsync(commit with { Result = Done(second) }, Token);
        Assert.IsType<CommitResult.Committed>(own);
        Assert.Equal(new CommitResult.LeaseLost(),
            await _store.CommitAsync(new FlowCommit { Result = Done(second) }, Token));
        Assert.Equal(OutboxState.Done, Assert.Single(await ListAsync()).State);
    }

    [Fact]
    public async Task A_renewed_lease_lasts()
    {
        await AddAsync(Row("a", "1"));
        var row = Assert.Single(await ClaimAsync());
        _clock.Advance(_lease - TimeSpan.FromSeconds(1));
        Assert.True(await _store.RenewAsync(row.Id, row.Epoch, _lease, Token));
        _clock.Advance(_lease - TimeSpan.FromSeconds(1));
        Assert.Empty(await ClaimAsync());
    }

    [Fact]
    public async Task A_released_row_is_as_if_it_had_not_been_claimed()
    {
        await AddAsync(Row("a", "1"));
        var row = Assert.Single(await ClaimAsync());
        Assert.True(await _store.ReleaseAsync(row.Id, row.Epoch, Token));
        var again = Assert.Single(await ClaimAsync());
        Assert.Equal((1, null, 0), (again.Attempts, again.LastOutcome, again.Faults));
        Assert.True(again.Epoch > row.Epoch);
    }

    [Fact]
    public async Task At_start_the_leases_of_the_dead_are_void_and_their_rows_ambiguous()
    {
        await AddAsync(Row("a", "1"), Row("b", "2") with { DueAt = _now.AddHours(1) });
        var row = Assert.Single(await ClaimAsync());

        Assert.Equal(1, await _store.VoidLeasesAsync(Token));

        Assert.False(await _store.CompleteAsync(Done(row), Token));
        var again = Assert.Single(await ClaimAsync());
        Assert.Equal(("1", DispatchOutcome.Ambiguous, 1), (again.Payload, again.LastOutcome, again.Faults));
    }

    [Theory]
    [InlineData("plain", true)]
    [InlineData("blocking", false)]
    public async Task A_dead_letter_lets_its_lane_go_on_unless_its_kind_blocks(string kind, bool goesOn)
    {
        await AddAsync(Row("a", "1") with { Kind = kind }, Row("a", "2") with { Priority = 5 });
        await AddAsync(Row("c", "other"));
        // The second row goes first by its priority.
        var claimed = await ClaimAsync();
        foreach (var row in claimed) await _store.CompleteAsync(Done(row), Token);
        var poison = Assert.Single(await ClaimAsync());
        await _store.CompleteAsync(
            new OutboxResult(poison.Id, poison.Epoch, DispatchOutcome.Quarantine, null, "refused"), Token);
        await AddAsync(Row("a", "3") with { Priority = 9 });

        Assert.Equal(goesOn ? ["3"] : [], Payloads(await ClaimAsync()));
        var dead = Assert.Single(await _store.ListOutboxAsync(new OutboxFilter([OutboxState.Quarantined]), Token));
        Assert.Equal((!goesOn, "refused"), (dead.BlocksLane, dead.LastDetail));
        Assert.Null(goesOn ? null : await _store.NextDueAsync(null, Token));

        Assert.True(await _store.DiscardAsync(dead.Id, "uid:1000", Token));
        Assert.Equal(goesOn ? [] : ["3"], Payloads(await ClaimAsync()));
        Assert.Equal([new OutboxIntervention(dead.Id, "discard", "uid:1000", _now)],
            await _store.ListInterventionsAsync(dead.Id, Token));
    }

    [Fact]
    public async Task A_requeued_dead_letter_goes_again()
    {
        await AddAsync(Row("a", "1"));
        var row = Assert.Single(await ClaimAsync());
        Assert.False(await _store.RequeueAsync(row.Id, "me", Token));
        Assert.False(await _store.DiscardAsync(row.Id, "me", Token));
        await _store.CompleteAsync(
            new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Quarantine, Faults: 10), Token);
        Assert.Empty(await ClaimAsync());

        Assert.True(await _store.RequeueAsync(row.Id, "me", Token));

        var again = Assert.Single(await ClaimAsync());
        Assert.Equal((1, 0, DispatchOutcome.Quarantine), (again.Attempts, again.Faults, again.LastOutcome));
        await _store.CompleteAsync(Done(again), Token);
        Assert.False(await _store.RequeueAsync(row.Id, "me", Token));
    }

    [Fact]
    public async Task Rows_of_one_key_coalesce_until_they_are_sent_and_not_past_30_s()
    {
        var ids = new List<long>();
        for (var second = 0; second < 40; second += 8)
        {
            ids.AddRange(await AddAsync(Row("study", $"at {second}") with
            {
                CoalesceKey = "manifest",
                DueAt = _clock.GetUtcNow().AddSeconds(10),
            }));
            _clock.Advance(TimeSpan.FromSeconds(8));
        }

        Assert.Single(ids.Distinct());
        // At 40 s; put off to 42 s by the last change, but not past 30 s after its creation.
        var row = Assert.Single(await ClaimAsync());
        Assert.Equal("at 32", row.Payload);

        // In flight it takes nothing in any more.
        await AddAsync(Row("study", "late") with { CoalesceKey = "manifest" });
        Assert.Equal(2, (await ListAsync()).Count);
        await _store.CompleteAsync(Done(row), Token);
        Assert.Equal(["late"], Payloads(await ClaimAsync()));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_waiter_wakes_for_a_commit_for_a_lane_that_moves_on_and_for_the_time()
    {
        var waits = _store.WaitForWorkAsync(null, Token);
        Assert.False(waits.IsCompleted);
        await AddAsync(Row("a", "1"), Row("a", "2"));
        await waits;

        var row = Assert.Single(await ClaimAsync());
        var moved = _store.WaitForWorkAsync(null, Token);
        Assert.False(moved.IsCompleted);
        await _store.CompleteAsync(Done(row), Token);
        await moved;

        // Between a claim and the wait: not lost.
        await AddAsync(Row("b", "3"));
        await _store.WaitForWorkAsync(null, Token);

        var timed = _store.WaitForWorkAsync(_clock.GetUtcNow().AddSeconds(3), Token);
        Assert.False(timed.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(3));
        await timed;
    }

    [Fact(Timeout = 60_000)]
    public async Task A_commit_without_rows_wakes_no_one()
    {
        var waits = _store.WaitForWorkAsync(null, Token).AsTask();
        await _store.CommitAsync(new FlowCommit { Links = [new("k", "a", "b")] }, Token);
        await ClaimAsync();
        Assert.False(waits.IsCompleted);
        await AddAsync(Row("a", "1"));
        await waits;
    }

    [Fact]
    public async Task Lists_filter_by_state_lane_and_kind_and_page()
    {
        await AddAsync(Row("a", "1"), Row("a", "2"), Row("b", "3") with { Kind = "other" });
        var rows = await ClaimAsync();
        await _store.CompleteAsync(new OutboxResult(rows[0].Id, rows[0].Epoch, DispatchOutcome.Stale), Token);

        Assert.Equal(["1"], await PayloadsAsync(new OutboxFilter([OutboxState.Stale])));
        Assert.Equal(["2", "3"], await PayloadsAsync(new OutboxFilter([OutboxState.Pending, OutboxState.Done])));
        Assert.Equal(["1", "2"], await PayloadsAsync(new OutboxFilter([], Lane: "a")));
        Assert.Equal(["3"], await PayloadsAsync(new OutboxFilter([], Kind: "other")));
        Assert.Equal(["2"], await PayloadsAsync(new OutboxFilter([], AfterId: rows[0].Id, Max: 1)));

        async Task<IEnumerable<string>> PayloadsAsync(OutboxFilter filter) =>
            (await _store.ListOutboxAsync(filter, Token)).Select(row => row.Payload);
    }

    private static OutboxRow Row(string lane, string payload) => new(lane, "plain", payload, _now);

    private static OutboxResult Done(ClaimedRow row) => new(row.Id, row.Epoch, DispatchOutcome.Done);

    private static IEnumerable<string> Payloads(IReadOnlyList<ClaimedRow> rows) =>
        rows.Select(row => row.Payload).Order(StringComparer.Ordinal);

    private Task<IReadOnlyList<ClaimedRow>> ClaimAsync() => _store.ClaimAsync("worker", _lease, 10, Token);

    private Task<IReadOnlyList<OutboxEntry>> ListAsync() => _store.ListOutboxAsync(new OutboxFilter([]), Token);

    private async Task<IReadOnlyList<long>> AddAsync(params OutboxRow[] rows) =>
        Assert.IsType<CommitResult.Committed>(
            await _store.CommitAsync(new FlowCommit { Outbox = rows }, Token)).OutboxIds;
}
