using Drimbox.Load.Pacing;

namespace Drimbox.Tests.Load;

public sealed class ArrivalsTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly ManualWait _wait = new();

    [Fact]
    public async Task An_open_loop_begins_at_its_rate_and_waits_for_no_sooner()
    {
        var arrivals = Open(rate: 10, duration: Second);
        for (var i = 0; i < 10; i++)
        {
            var next = arrivals.NextAsync(default).AsTask();
            if (i > 0)
            {
                Assert.False(next.IsCompleted);
                _clock.Advance(Second / 10);
                _wait.Reach(_clock.GetTimestamp());
            }

            var arrival = Assert.NotNull(await next);
            Assert.Equal((i, i * Second / 10), (arrival.Index, DueOf(arrivals, arrival)));
            Assert.Equal(i > 0, arrival.IsPunctual);
        }

        Assert.Null(await arrivals.NextAsync(default));
    }

    [Fact]
    public async Task A_stall_of_the_peer_is_in_the_latency_of_all_that_should_have_begun_meanwhile()
    {
        var arrivals = Open(rate: 100, duration: 10 * Second);
        Assert.NotNull(await arrivals.NextAsync(default));
        // The only user is held for a second; 99 operations were due in it, the hundredth is due now.
        _clock.Advance(Second);
        for (var i = 1; i <= 100; i++)
        {
            var arrival = Assert.NotNull(await arrivals.NextAsync(default));
            Assert.False(arrival.IsPunctual);
            Assert.Equal(Second - (i * Second / 100), _clock.GetElapsedTime(arrival.Due));
        }

        Assert.False(arrivals.NextAsync(default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_closed_loop_begins_when_its_user_is_free()
    {
        var arrivals = Start(new ArrivalSchedule(null, TimeSpan.Zero, 2 * Second, null));
        Assert.Equal(TimeSpan.Zero, DueOf(arrivals, Assert.NotNull(await arrivals.NextAsync(default))));
        _clock.Advance(1.5 * Second);
        Assert.Equal(1.5 * Second, DueOf(arrivals, Assert.NotNull(await arrivals.NextAsync(default))));
        _clock.Advance(Second);
        Assert.Null(await arrivals.NextAsync(default));
    }

    [Fact]
    public async Task A_count_ends_the_run_whatever_the_time()
    {
        var arrivals = Start(new ArrivalSchedule(null, TimeSpan.Zero, null, 3));
        for (var i = 0; i < 3; i++) Assert.NotNull(await arrivals.NextAsync(default));
        Assert.Null(await arrivals.NextAsync(default));
        Assert.Equal(3, arrivals.Taken);
    }

    [Fact]
    public async Task What_begins_in_the_warm_up_is_not_measured()
    {
        var arrivals = Start(new ArrivalSchedule(null, Second, Second, null));
        Assert.False(Assert.NotNull(await arrivals.NextAsync(default)).IsMeasured);
        _clock.Advance(Second);
        Assert.True(Assert.NotNull(await arrivals.NextAsync(default)).IsMeasured);
    }

    [Fact]
    public async Task A_backlog_is_worked_off_for_five_seconds_and_then_left()
    {
        var arrivals = Open(rate: 10, duration: Second);
        _clock.Advance(6 * Second);
        Assert.NotNull(await arrivals.NextAsync(default));
        _clock.Advance(Second / 1000);
        Assert.Null(await arrivals.NextAsync(default));
        Assert.Equal(1, arrivals.Taken);
    }

    [Fact]
    public async Task A_stop_lets_nothing_begin_any_more()
    {
        using var stop = new CancellationTokenSource();
        var arrivals = Open(rate: 1, duration: 10 * Second);
        Assert.NotNull(await arrivals.NextAsync(stop.Token));
        var waiting = arrivals.NextAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        Assert.Null(await waiting);
        arrivals.Stop();
        Assert.Null(await arrivals.NextAsync(default));
    }

    [Theory]
    [InlineData(100.0, 1.0, 2.0, null, 300L)]
    [InlineData(100.0, 0.0, 2.0, 50L, 50L)]
    [InlineData(0.5, 0.0, 3.0, null, 2L)]
    [InlineData(null, 0.0, 2.0, null, null)]
    [InlineData(null, 0.0, null, 7L, 7L)]
    public void The_operations_of_a_schedule_are_known_where_they_can_be(
        double? rate, double warmUp, double? duration, long? count, long? foreseen) =>
        Assert.Equal(foreseen, new ArrivalSchedule(
            rate, warmUp * Second, duration is { } seconds ? seconds * Second : null, count).Foreseen);

    private Arrivals Open(double rate, TimeSpan duration) =>
        Start(new ArrivalSchedule(rate, TimeSpan.Zero, duration, null));

    private Arrivals Start(ArrivalSchedule schedule) => new(schedule, _clock, _wait);

    private TimeSpan DueOf(Arrivals arrivals, Arrival arrival) => _clock.GetElapsedTime(arrivals.Start, arrival.Due);

    private sealed class ManualWait : IPunctualWait
    {
        private readonly Queue<(long Due, TaskCompletionSource Reached)> _waiting = [];

        public Task UntilAsync(long due)
        {
            var reached = new TaskCompletionSource();
            _waiting.Enqueue((due, reached));
            return reached.Task;
        }

        public void Reach(long now)
        {
            while (_waiting.TryPeek(out var next) && next.Due <= now) _waiting.Dequeue().Reached.SetResult();
        }
    }
}
