using System.Diagnostics.CodeAnalysis;
using Drimbox.Core.Publications;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Dispatch;

/// <summary>How the work on a claimed row ended.</summary>
/// <param name="Result">To be recorded; null if the handler recorded it.</param>
/// <param name="Reached">Whether the peer was there; null if that is not known.</param>
internal readonly record struct AttemptEnd(OutboxResult? Result, DispatchOutcome Outcome, bool? Reached);

/// <summary>One attempt at a row, from its claim to its result. What follows from what is decided by
/// <see cref="DispatchRules"/>.</summary>
internal sealed class DispatchWork(DispatcherOptions options, Func<bool> holdsLeases, ILogger logger)
{
    private readonly Lock _randomLock = new();

    /// <summary>See <see cref="DispatchRules.RetryDelay"/>.</summary>
    public TimeSpan RetryDelay(int attempts)
    {
        double draw;
        lock (_randomLock) draw = options.Random.NextDouble();
        return DispatchRules.RetryDelay(attempts, options.RetryDelayMin, options.RetryDelayMax, draw);
    }

    /// <param name="claimed">Timestamp of the clock from before the claim.</param>
    public async Task<AttemptEnd> AttemptAsync(ClaimedRow row, long claimed, CancellationToken abort)
    {
        var handling = options.Handlers[row.Kind];

        // It took the process with it too often (or let its lease pass): not even tried again.
        if (DispatchRules.IsPoison(row.Faults, handling.Patience)) return Poisoned(row, row.Faults, row.LastDetail);

        var attempt = new DispatchAttempt(
            row, () => RetryDelay(row.Attempts),
            () => DispatchRules.MayStart(options.Clock.GetElapsedTime(claimed), options.AttemptDeadline) && holdsLeases());
        var verdict = await HandleAsync(handling.Handler, attempt, abort);
        if (verdict is null) return FaultOf(attempt, handling, abort);
        if (verdict.Outcome is not { } outcome)
            return new AttemptEnd(null, verdict.RecordedOutcome ?? DispatchOutcome.Done, ReachedBy(verdict));
        if (outcome is not (DispatchOutcome.Retry or DispatchOutcome.Ambiguous))
        {
            return new AttemptEnd(
                new OutboxResult(row.Id, row.Epoch, outcome, null, verdict.Detail, verdict.NewPayload), outcome,
                ReachedBy(verdict));
        }

        var faults = row.Faults + (verdict.IsFault ? 1 : 0);
        if (DispatchRules.IsPoison(faults, handling.Patience)) return Poisoned(row, faults, verdict.Detail);
        if (DispatchRules.IsTooOld(row.Attempts, options.Clock.GetUtcNow() - row.CreatedAt, handling.Patience))
        {
            DispatchLog.TooOld(logger, row.Id, row.Kind, row.Attempts);
            return Quarantine(row, faults, "It waited too long. " + verdict.Detail);
        }

        return new AttemptEnd(
            new OutboxResult(
                row.Id, row.Epoch, outcome, verdict.RetryAt, verdict.Detail, verdict.NewPayload,
                verdict.IsFault ? faults : null)
            {
                RetryIn = verdict.RetryAt is null ? attempt.NextRetryIn() : null,
            },
            outcome, ReachedBy(verdict));
    }

    private static bool? ReachedBy(DispatchVerdict verdict) => verdict.IsUncalled ? null : !verdict.IsUnreached;

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
            var patience = options.AttemptDeadline + ((options.Lease - options.AttemptDeadline) / 2);
            return await work.WaitAsync(patience, options.Clock, abort);
        }
        catch (Exception e)
        {
            if (!work.IsCompleted)
            {
                // Its late exception has no one else to look at it.
                _ = work.ContinueWith(
                    static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                    TaskScheduler.Default);
                DispatchLog.HandlerHangs(logger, attempt.Row.Id, attempt.Row.Kind);
            }
            else if (e is StorageFaultException { Fault: StorageFault.Full or StorageFault.TooManyFiles } store)
            {
                options.StoreFailed?.Invoke(store.Fault);
                attempt.IsStoreFull = true;
            }
            else if (!abort.IsCancellationRequested)
            {
                DispatchLog.HandlerThrew(logger, attempt.Row.Id, attempt.Row.Kind, e.GetType().Name);
            }

            return null;
        }
    }

    private async Task<DispatchVerdict> RunAsync(
        IOutboxHandler handler, DispatchAttempt attempt, CancellationToken abort)
    {
        using var deadline = new CancellationTokenSource(options.AttemptDeadline, options.Clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abort);
        return await handler.HandleAsync(attempt, both.Token);
    }

    private AttemptEnd FaultOf(DispatchAttempt attempt, OutboxHandling handling, CancellationToken abort)
    {
        var detail = attempt.IsStoreFull ? "The disk of the store is full." : "The handler failed.";
        var row = attempt.Row;
        // An attempt that was cut off by the stop, or that found no room on our disk, says nothing against the row.
        var faults = row.Faults + (abort.IsCancellationRequested || attempt.IsStoreFull ? 0 : 1);
        if (DispatchRules.IsPoison(faults, handling.Patience)) return Poisoned(row, faults, detail);
        // A handler that hangs is told by the closed attempt that it may not begin any more.
        var outcome = DispatchRules.OutcomeOfFault(attempt.Close(), row.LastOutcome);
        return new AttemptEnd(
            new OutboxResult(row.Id, row.Epoch, outcome, Detail: detail, Faults: faults) { RetryIn = attempt.NextRetryIn() },
            outcome, null);
    }

    private AttemptEnd Poisoned(ClaimedRow row, int faults, string? detail)
    {
        DispatchLog.Poisoned(logger, row.Id, row.Kind, faults);
        return Quarantine(row, faults, detail);
    }

    private static AttemptEnd Quarantine(ClaimedRow row, int faults, string? detail) => new(
        new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Quarantine, null, detail, Faults: faults),
        DispatchOutcome.Quarantine, null);
}
