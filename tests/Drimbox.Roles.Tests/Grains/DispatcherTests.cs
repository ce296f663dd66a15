using System.Collections.Concurrent;
using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Grains;

public sealed partial class DispatcherTests : IAsyncLifetime
{
    // Milliseconds: what is lost would be waited for without end.
    private const int Patience = 60_000;

    private static readonly DateTimeOffset _start = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);
    private readonly StoreFolder _folder = new();
    private readonly ManualClock _clock = new(_start);
    private readonly CancellationTokenSource _stop = new();
    private readonly ScriptedHandler _handler = new();
    private FlowStore _store = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await FlowStorePlace.OpenAsync(
        new FlowStoreOptions { Folder = _folder.Path, Clock = _clock }, Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await AdvanceUntilAsync(_running);
        await _store.DisposeAsync();
        _folder.Dispose();
        _stop.Dispose();
    }

    [Fact(Timeout = Patience)]
    public async Task Rows_are_handled_lane_by_lane_as_soon_as_they_are_committed()
    {
        Run();
        await AddAsync("a", "1");
        Assert.Equal("1", (await _handler.NextAsync()).Row.Payload);
        await AddAsync("a", "2");
        await AddAsync("b", "3");
        Assert.Equal("3", (await _handler.NextAsync()).Row.Payload);
        _handler.Answer("1", DispatchVerdict.Done);
        Assert.Equal("2", (await _handler.NextAsync()).Row.Payload);
        _handler.Answer("2", DispatchVerdict.Done);
        _handler.Answer("3", DispatchVerdict.Stale("overtaken"));
        await FinishedAsync(3);
        Assert.Equal(
            [OutboxState.Done, OutboxState.Done, OutboxState.Stale], (await ListAsync()).Select(row => row.State));
        // No time passed: everything went by signals.
        Assert.Equal(_start, _clock.GetUtcNow());
    }

    [Fact(Timeout = Patience)]
    public async Task No_more_rows_are_in_flight_than_allowed()
    {
        Run(options => options with { InFlightMax = 2 });
        for (var i = 0; i < 5; i++) await AddAsync($"lane {i}", $"{i}");
        await _handler.NextAsync();
        await _handler.NextAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(2, (await ListAsync()).Count(row => row.LeaseOwner is not null));
            _handler.AnswerAny(DispatchVerdict.Done);
            await _handler.NextAsync();
        }
    }

    [Fact(Timeout = Patience)]
    public async Task A_retry_comes_after_a_growing_delay_with_jitter()
    {
        var begun = default(DateTimeOffset);
        _handler.Default = () => DispatchVerdict.Retry("busy");
        _handler.OnAttempt = _ => begun = _clock.GetUtcNow();
        Run(options => options with { RetryDelayMin = TimeSpan.FromSeconds(8), RetryDelayMax = TimeSpan.FromSeconds(30) });
        await AddAsync("a", "1");
        await _handler.NextAsync();
        foreach (var full in (int[])[8, 16, 30, 30])
        {
            // The clock may have moved while the attempt was recorded: the delay is counted from somewhere between.
            var due = await DueAsync();
            Assert.InRange((due - begun).TotalSeconds, full / 2.0, double.MaxValue);
            Assert.InRange((due - _clock.GetUtcNow()).TotalSeconds, 0, full);
            _clock.Advance(due - _clock.GetUtcNow());
            var attempt = await AdvanceUntilAsync(_handler.NextAsync());
            Assert.Equal(DispatchOutcome.Retry, attempt.Row.LastOutcome);
        }
    }

    [Theory(Timeout = Patience)]
    [InlineData(false, DispatchOutcome.Retry)]
    [InlineData(true, DispatchOutcome.Ambiguous)]
    public async Task An_exception_is_a_retry_before_the_start_and_ambiguous_after(bool starts, DispatchOutcome expected)
    {
        _handler.OnAttempt = attempt =>
        {
            if (starts) attempt.Start();
            throw new FormatException("poison");
        };
        Run();
        await AddAsync("a", "1");
        await _handler.NextAsync();
        var second = await AdvanceUntilAsync(_handler.NextAsync());
        Assert.Equal((expected, 1), (second.Row.LastOutcome, second.Row.Faults));
    }

    [Fact(Timeout = Patience)]
    public async Task A_poison_row_is_quarantined_and_a_row_whose_peer_is_down_is_not()
    {
        _handler.OnAttempt = attempt =>
        {
            if (attempt.Row.Payload == "poison") throw new FormatException();
        };
        _handler.Default = () => DispatchVerdict.Retry("down");
        Run(faultsMax: 3);
        await AddAsync("a", "poison");
        await AddAsync("b", "good");
        var attempts = new List<string>();
        while (attempts.Count(payload => payload == "good") < 12)
            attempts.Add((await AdvanceUntilAsync(_handler.NextAsync())).Row.Payload);

        Assert.Equal(3, attempts.Count(payload => payload == "poison"));
        var rows = await ListAsync();
        Assert.Equal((OutboxState.Quarantined, 3), (rows[0].State, rows[0].Faults));
        Assert.Equal((OutboxState.Pending, 0), (rows[1].State, rows[1].Faults));
    }

    [Fact(Timeout = Patience)]
    public async Task A_row_that_takes_the_process_with_it_is_quarantined_without_another_try()
    {
        await AddAsync("a", "1");
        for (var death = 0; death < 3; death++)
        {
            Assert.Single(await _store.ClaimAsync("dead", TimeSpan.FromSeconds(90), 1, Token));
            await _store.VoidLeasesAsync(Token);
        }

        Run(faultsMax: 3);
        await FinishedAsync(1);
        Assert.Equal(OutboxState.Quarantined, Assert.Single(await ListAsync()).State);
        Assert.Equal(0, _handler.Attempts);
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_may_record_the_result_in_a_commit_of_its_own()
    {
        _handler.OnAttemptAsync = async attempt =>
        {
            await _store.CommitAsync(
                new FlowCommit
                {
                    Appends = [new(new("s"), 0, [new("Sent", "{}")])],
                    Result = new OutboxResult(attempt.Row.Id, attempt.Row.Epoch, DispatchOutcome.Done),
                },
                Token);
        };
        _handler.Default = () => DispatchVerdict.Recorded;
        Run();
        await AddAsync("a", "1");
        await FinishedAsync(1);
        Assert.Single(await _store.LoadAsync(new("s"), 0, Token));
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_that_hangs_loses_its_row_and_may_not_begin_any_more()
    {
        _handler.IgnoresCancellation = true;
        Run(options => options with { InFlightMax = 1 });
        await AddAsync("a", "1");
        var hung = await _handler.NextAsync();
        var second = await AdvanceUntilAsync(_handler.NextAsync());
        // Not begun, so not ambiguous; and it stays so.
        Assert.Equal((DispatchOutcome.Retry, 1), (second.Row.LastOutcome, second.Row.Faults));
        Assert.Throws<OperationCanceledException>(hung.Start);
        second.Start();
        var third = await AdvanceUntilAsync(_handler.NextAsync());
        Assert.Equal((DispatchOutcome.Ambiguous, 2), (third.Row.LastOutcome, third.Row.Faults));
    }

    [Fact(Timeout = Patience)]
    public async Task A_stop_lets_attempts_end_cancels_the_rest_and_blames_no_row()
    {
        Run();
        await AddAsync("a", "ends in time");
        await AddAsync("b", "does not");
        await AddAsync("c", "has begun");
        foreach (var attempt in (DispatchAttempt[])
            [await _handler.NextAsync(), await _handler.NextAsync(), await _handler.NextAsync()])
        {
            if (attempt.Row.Payload == "has begun") attempt.Start();
        }

        await _stop.CancelAsync();
        await AddAsync("d", "too late");
        _handler.Answer("ends in time", DispatchVerdict.Done);
        await FinishedAsync(1);
        Assert.False(_running.IsCompleted);
        await AdvanceUntilAsync(_running);

        Assert.Equal(
            [
                (OutboxState.Done, DispatchOutcome.Done, 0),
                (OutboxState.Pending, DispatchOutcome.Retry, 0),
                (OutboxState.Pending, DispatchOutcome.Ambiguous, 0),
                (OutboxState.Pending, null, 0),
            ],
            (await ListAsync()).Select(row => (row.State, row.LastOutcome, row.Faults)));
        Assert.All(await ListAsync(), row => Assert.Null(row.LeaseOwner));
    }

    [Fact(Timeout = Patience)]
    public async Task A_row_without_a_handler_waits()
    {
        Run();
        await _store.CommitAsync(new FlowCommit { Outbox = [new("a", "unknown", "1", _start)] }, Token);
        await AddAsync("b", "2");
        await _handler.NextAsync();
        _handler.Answer("2", DispatchVerdict.Done);
        await FinishedAsync(1);
        var row = (await ListAsync())[0];
        Assert.Equal(OutboxState.Pending, row.State);
    }

    [Fact(Timeout = Patience)]
    public async Task A_verdict_carries_its_own_time_and_payload()
    {
        Run();
        await AddAsync("a", "1");
        await _handler.NextAsync();
        var at = _start.AddHours(1);
        _handler.Answer("1", DispatchVerdict.Ambiguous("reset") with { RetryAt = at, NewPayload = "resolved" });
        Assert.Equal(at, await DueAsync());
        _clock.Advance(TimeSpan.FromHours(1));
        var second = await AdvanceUntilAsync(_handler.NextAsync());
        Assert.Equal(("resolved", DispatchOutcome.Ambiguous, "reset"),
            (second.Row.Payload, second.Row.LastOutcome, second.Row.LastDetail));
    }

    private void Run(
        Func<DispatcherOptions, DispatcherOptions>? change = null, int? faultsMax = null, IOutbox? outbox = null)
    {
        var options = new DispatcherOptions
        {
            Owner = "test",
            Clock = _clock,
            Random = new Random(Seed.Get()),
            Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(_handler, faultsMax) },
        };
        var dispatcher = new Dispatcher(
            outbox ?? _store, change?.Invoke(options) ?? options, NullLogger<Dispatcher>.Instance);
        _running = Task.Run(() => dispatcher.RunAsync(_stop.Token));
    }

    private Task<CommitResult> AddAsync(string lane, string payload, string kind = "k") =>
        _store.CommitAsync(new FlowCommit { Outbox = [new(lane, kind, payload, _clock.GetUtcNow())] }, Token);

    private Task<IReadOnlyList<OutboxEntry>> ListAsync() => _store.ListOutboxAsync(new OutboxFilter([]), Token);

    /// <summary>When the only row that waits is due, once its attempt was recorded.</summary>
    private async Task<DateTimeOffset> DueAsync()
    {
        while (true)
        {
            if ((await ListAsync()).SingleOrDefault(row => row.LeaseOwner is null) is { } row) return row.DueAt;
            await Task.Yield();
        }
    }

    /// <summary>So many rows have an attempt behind them.</summary>
    private async Task RecordedAsync(int count)
    {
        while ((await ListAsync()).Count(row => row is { LeaseOwner: null, Attempts: > 0 }) < count) await Task.Yield();
    }

    private async Task FinishedAsync(int count)
    {
        while ((await ListAsync()).Count(row => row.FinishedAt is not null) < count) await Task.Yield();
    }

    private async Task<T> AdvanceUntilAsync<T>(Task<T> task)
    {
        await AdvanceUntilAsync((Task)task);
        return await task;
    }

    private async Task AdvanceUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(task, Task.Delay(1, Token));
        }

        await task;
    }

    /// <summary>Answers when the test says so, or at once by <see cref="Default"/>.</summary>
    private sealed class ScriptedHandler : IOutboxHandler
    {
        private readonly ConcurrentDictionary<string, TaskCompletionSource<DispatchVerdict>> _open = new();
        private readonly System.Threading.Channels.Channel<DispatchAttempt> _attempts =
            System.Threading.Channels.Channel.CreateUnbounded<DispatchAttempt>();

        private int _count;

        public Func<DispatchVerdict>? Default { get; set; }

        public Action<DispatchAttempt>? OnAttempt { get; set; }

        public Func<DispatchAttempt, Task>? OnAttemptAsync { get; set; }

        public bool IgnoresCancellation { get; set; }

        public int Attempts => Volatile.Read(ref _count);

        public Task<DispatchAttempt> NextAsync() => _attempts.Reader.ReadAsync(Token).AsTask();

        public void Answer(string payload, DispatchVerdict verdict)
        {
            Assert.True(_open.TryRemove(payload, out var answer));
            answer.SetResult(verdict);
        }

        public void AnswerAny(DispatchVerdict verdict) => Answer(_open.Keys.First(), verdict);

        public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            var answer = new TaskCompletionSource<DispatchVerdict>();
            _open[attempt.Row.Payload] = answer;
            _attempts.Writer.TryWrite(attempt);
            OnAttempt?.Invoke(attempt);
            if (OnAttemptAsync is { } work) await work(attempt);
            if (Default is { } verdict) return verdict();
            return await (IgnoresCancellation ? answer.Task : answer.Task.WaitAsync(cancellationToken));
        }
    }
}
