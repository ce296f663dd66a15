using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Dispatch;

/// <summary>
/// Takes the rows of one outbox to their handlers: one row of a lane at a time, several lanes at once. It wakes by
/// the store's signal and by the next due time, so an idle one costs nothing. One dispatcher a store.
/// </summary>
public sealed class Dispatcher
{
    private readonly IOutbox _outbox;
    private readonly DispatcherOptions _options;
    private readonly ILogger _logger;
    private readonly Lock _randomLock = new();
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    public Dispatcher(IOutbox outbox, DispatcherOptions options, ILogger<Dispatcher> logger)
    {
        Invariant.Holds(options.AttemptDeadline < options.Lease);
        Invariant.Holds(options.InFlightMax > 0);
        _outbox = outbox;
        _options = options;
        _logger = logger;
    }

    /// <summary>Works until <paramref name="stop"/>; then claims nothing more, lets attempts end within
    /// <see cref="DispatcherOptions.StopGrace"/>, cancels the rest and returns.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var slots = new SemaphoreSlim(_options.InFlightMax);
        using var abort = new CancellationTokenSource();
        try
        {
            await ClaimUntilStoppedAsync(slots, abort.Token, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The way this ends.
        }

        var rest = Task.WhenAll(_running.Keys);
        await Task.WhenAny(rest, Task.Delay(_options.StopGrace, _options.Clock, CancellationToken.None));
        await abort.CancelAsync();
        await rest;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of the worker loop: the operator is told by the log, and the loop goes on.")]
    private async Task ClaimUntilStoppedAsync(SemaphoreSlim slots, CancellationToken abort, CancellationToken stop)
    {
        var storeFaults = 0;
        while (true)
        {
            var free = 0;
            do
            {
                await slots.WaitAsync(stop);
                free++;
            }
            while (slots.CurrentCount > 0); // Only this loop takes slots: the next wait ends at once.

            var used = 0;
            DateTimeOffset? nextDue;
            try
            {
                var rows = await _outbox.ClaimAsync(_options.Owner, _options.Lease, free, stop);
                foreach (var row in rows) Start(row, slots, abort, stop);
                used = rows.Count;
                nextDue = await _outbox.NextDueAsync(stop);
                storeFaults = 0;
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                nextDue = _options.Clock.GetUtcNow() + Backoff(++storeFaults);
                DispatchLog.StoreFailed(_logger, _options.Owner, e.GetType().Name, nextDue.Value);
            }
            finally
            {
                if (free > used) slots.Release(free - used);
            }

            // With every slot taken, the one that becomes free looks again at once.
            if (used < free) await _outbox.WaitForWorkAsync(nextDue, stop);
        }
    }

    private void Start(ClaimedRow row, SemaphoreSlim slots, CancellationToken abort, CancellationToken stop)
    {
        var task = Task.Run(() => DispatchAsync(row, slots, abort, stop), CancellationToken.None);
        _running.TryAdd(task, true);
        _ = task.ContinueWith(
            ended => _running.TryRemove(ended, out _), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of one row's work: the log tells, and the row comes again when its lease has passed.")]
    private async Task DispatchAsync(
        ClaimedRow row, SemaphoreSlim slots, CancellationToken abort, CancellationToken stop)
    {
        try
        {
            if (stop.IsCancellationRequested)
            {
                await _outbox.ReleaseAsync(row.Id, row.Epoch, CancellationToken.None);
                return;
            }

            if (await AttemptAsync(row, abort) is { } result
                && !await _outbox.CompleteAsync(result, CancellationToken.None))
                DispatchLog.LeaseLost(_logger, row.Id, row.Kind);
        }
        catch (Exception e)
        {
            DispatchLog.ResultLost(_logger, row.Id, row.Kind, e.GetType().Name);
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>The result to record, or null if the handler recorded it.</summary>
    private async Task<OutboxResult?> AttemptAsync(ClaimedRow row, CancellationToken abort)
    {
        if (!_options.Handlers.TryGetValue(row.Kind, out var handling))
        {
            DispatchLog.NoHandler(_logger, row.Id, row.Kind);
            return new OutboxResult(
                row.Id, row.Epoch, row.LastOutcome == DispatchOutcome.Ambiguous ? DispatchOutcome.Ambiguous
                    : DispatchOutcome.Retry, _options.Clock.GetUtcNow() + _options.RetryDelayMax, "No handler.");
        }

        // It took the process with it too often (or let its lease pass): not even tried again.
        if (row.Faults >= handling.FaultsMax) return Poisoned(row, row.Faults, row.LastDetail);

        var attempt = new DispatchAttempt(row, () => _options.Clock.GetUtcNow() + Backoff(row.Attempts));
        var verdict = await HandleAsync(handling.Handler, attempt, abort);
        if (verdict is null) return FaultOf(attempt, handling, "The handler failed.", abort);
        if (verdict.Outcome is not { } outcome) return null;
        var again = outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous;
        return new OutboxResult(
            row.Id, row.Epoch, outcome, again ? verdict.RetryAt ?? attempt.NextRetryAt() : null, verdict.Detail,
            verdict.NewPayload);
    }

    /// <summary>The verdict, or null for an attempt that ended without one.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of the handler's work: the row records the fault, the log names the exception's type.")]
    private async Task<DispatchVerdict?> HandleAsync(
        IOutboxHandler handler, DispatchAttempt attempt, CancellationToken abort)
    {
        var work = Task.Run(() => RunAsync(handler, attempt, abort), CancellationToken.None);
        try
        {
            // Half of what is left of the lease, for a handler that is slow to see its token.
            var patience = _options.AttemptDeadline + ((_options.Lease - _options.AttemptDeadline) / 2);
            return await work.WaitAsync(patience, _options.Clock, abort);
        }
        catch (Exception e)
        {
            if (!work.IsCompleted)
            {
                // Its late exception has no one else to look at it.
                _ = work.ContinueWith(
                    static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                    TaskScheduler.Default);
                DispatchLog.HandlerHangs(_logger, attempt.Row.Id, attempt.Row.Kind);
            }
            else if (!abort.IsCancellationRequested)
            {
                DispatchLog.HandlerThrew(_logger, attempt.Row.Id, attempt.Row.Kind, e.GetType().Name);
            }

            return null;
        }
    }

    private async Task<DispatchVerdict> RunAsync(
        IOutboxHandler handler, DispatchAttempt attempt, CancellationToken abort)
    {
        using var deadline = new CancellationTokenSource(_options.AttemptDeadline, _options.Clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abort);
        return await handler.HandleAsync(attempt, both.Token);
    }

    private OutboxResult FaultOf(
        DispatchAttempt attempt, OutboxHandling handling, string detail, CancellationToken abort)
    {
        var row = attempt.Row;
        // An attempt that was cut off by the stop says nothing against the row.
        var faults = row.Faults + (abort.IsCancellationRequested ? 0 : 1);
        if (faults >= handling.FaultsMax) return Poisoned(row, faults, detail);
        // A handler that hangs is told by the closed attempt that it may not begin any more.
        var ambiguous = attempt.Close() || row.LastOutcome == DispatchOutcome.Ambiguous;
        return new OutboxResult(
            row.Id, row.Epoch, ambiguous ? DispatchOutcome.Ambiguous : DispatchOutcome.Retry, attempt.NextRetryAt(),
            detail, Faults: faults);
    }

    private OutboxResult Poisoned(ClaimedRow row, int faults, string? detail)
    {
        DispatchLog.Poisoned(_logger, row.Id, row.Kind, faults);
        return new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Quarantine, null, detail, Faults: faults);
    }

    /// <summary>Doubles from the shortest to the longest delay; the upper half of it is drawn, so that what failed
    /// together does not come back together.</summary>
    private TimeSpan Backoff(int attempts)
    {
        var doubled = _options.RetryDelayMin.TotalSeconds * Math.Pow(2, Math.Clamp(attempts - 1, 0, 30));
        var full = Math.Min(doubled, _options.RetryDelayMax.TotalSeconds);
        lock (_randomLock) return TimeSpan.FromSeconds(full * (0.5 + (0.5 * _options.Random.NextDouble())));
    }
}
