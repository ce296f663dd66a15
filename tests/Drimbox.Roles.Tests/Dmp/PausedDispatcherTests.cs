using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Dmp;

/// <summary>P6: a dispatcher that stands still past its lease and goes on, while another one has taken its row over.
/// Both share a store; each has a clock of its own, since the timers of a stopped process do not fire.</summary>
[Requirement("reliability P6")]
public sealed class PausedDispatcherTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private readonly ManualClock _database = new(TimeProvider.System.GetUtcNow());
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private DmpFixture _dmp = null!;
    private RecordingDmp _recording = null!;
    private FlowStore _store = null!;
    private SealedSubmission _submission = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _dmp = await DmpFixture.StartAsync();
        _recording = await RecordingDmp.StartAsync(_dmp.Emulator.Target, Token);
        _store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = _folder.Path, Clock = _database }, Token);
        _submission = _dmp.Signer.Seal(_dmp.Submission(SubmissionKind.Publish, _dmp.Report()));
        await _store.CommitAsync(
            new FlowCommit { Outbox = [new OutboxRow("report", "submission", "1", _database.GetUtcNow())] }, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        await _store.DisposeAsync();
        await _recording.DisposeAsync();
        await _dmp.DisposeAsync();
        _folder.Dispose();
        _stop.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task One_that_stood_still_before_it_sent_does_not_send_any_more()
    {
        var paused = new Publisher(this, StandsStill.BeforeSending);
        await paused.StandsStillAsync();
        _database.Advance(Limits.OutboxLease);
        var other = new Publisher(this, StandsStill.Never);
        await other.EndAsync();

        paused.GoesOn();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(paused.EndAsync);

        Assert.Single(Assert.Single(_recording.Sent).Value);
        await AssertOneEntryAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task One_that_stood_still_while_it_sent_sends_the_same_bytes_and_changes_nothing()
    {
        var paused = new Publisher(this, StandsStill.InTheMiddle);
        await paused.StandsStillAsync();
        _database.Advance(Limits.OutboxLease);
        var other = new Publisher(this, StandsStill.Never);
        await other.EndAsync();

        paused.GoesOn();
        await paused.EndAsync();

        var attempts = Assert.Single(_recording.Sent).Value;
        Assert.Equal(2, attempts.Count);
        Assert.Single(attempts.Distinct());
        await AssertOneEntryAsync();
    }

    private async Task AssertOneEntryAsync()
    {
        Assert.Single(await _dmp.RegistryAsync());
        Assert.Single(_dmp.Emulator.Submissions);
        // The result of the one that came late is not recorded: two claims, and it was the first.
        await Flow();
        var row = Assert.Single(await _store.ListOutboxAsync(new OutboxFilter([]), Token));
        Assert.Equal((OutboxState.Done, 2, 2L), (row.State, row.Attempts, row.Epoch));
    }

    // Both have answered; what they record goes through one writer.
    private async Task Flow()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    private enum StandsStill
    {
        Never,
        BeforeSending,
        InTheMiddle,
    }

    /// <summary>A process: a dispatcher with a clock of its own and a client of the DMP.</summary>
    [SuppressMessage("Design", "CA1001", Justification = "An event that nobody asks for its handle holds nothing.")]
    private sealed class Publisher : IOutboxHandler
    {
        private readonly PausedDispatcherTests _test;
        private readonly StandsStill _stands;
        private readonly StoppableClock _clock = new();
        private readonly TaskCompletionSource _still = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _goesOn = new();
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Publisher(PausedDispatcherTests test, StandsStill stands)
        {
            _test = test;
            _stands = stands;
            var dispatcher = new Dispatcher(
                test._store,
                new DispatcherOptions
                {
                    Owner = stands.ToString(),
                    Random = new Random(1),
                    Clock = _clock,
                    // The whole process stands still: with its one place taken it claims nothing else either.
                    InFlightMax = 1,
                    Handlers = new Dictionary<string, OutboxHandling> { ["submission"] = new(this) },
                },
                NullLogger<Dispatcher>.Instance);
            test._running.Add(Task.Run(() => dispatcher.RunAsync(test._stop.Token)));
        }

        public Task StandsStillAsync() => _still.Task;

        /// <summary>As SIGCONT does: the time has passed, and the timers that were due in it have not fired
        /// yet.</summary>
        public void GoesOn()
        {
            _clock.Skip(Limits.OutboxLease + TimeSpan.FromSeconds(10));
            _goesOn.Set();
        }

        public Task EndAsync() => _end.Task;

        public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
        {
            try
            {
                var client = _test._dmp.ClientWith(target: _test._recording.Target);
                var end = await new SubmissionAttempt(client, Open).RunAsync(
                    _test._submission, null, DispatchRules.MayStand(false, attempt.Row.LastOutcome), false,
                    () => Start(attempt), cancellationToken);
                _end.SetResult();
                return new DispatchVerdict(end.Outcome, end.Detail);
            }
            catch (Exception e)
            {
                _end.TrySetException(e);
                throw;
            }
        }

        private void Start(DispatchAttempt attempt)
        {
            if (_stands == StandsStill.BeforeSending) StandStill();
            attempt.Start();
        }

        private Stream Open(StoredObject stored)
        {
            if (_stands == StandsStill.InTheMiddle) StandStill();
            return _test._dmp.Open(stored);
        }

        private void StandStill()
        {
            _still.SetResult();
            _goesOn.Wait();
        }
    }

    /// <summary>A clock that jumps, and whose timers are late for ever.</summary>
    private sealed class StoppableClock : TimeProvider
    {
        private long _skipped;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Skip(TimeSpan time) => Interlocked.Add(ref _skipped, time.Ticks);

        public override long GetTimestamp() => Interlocked.Read(ref _skipped);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
