using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Resynchronisation;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Source.Manifests;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Resynchronisation;

/// <summary>Goes through the studies of the run that is running, one after the other, at its pace and in its hours.
/// What is done stands in the store before the next one begins: a stop at any point repeats one look at a study at
/// most, which changes nothing.</summary>
internal sealed class ResyncWorker(
    FlowStore store,
    StudyRegister register,
    StudyEvaluation evaluation,
    ResyncListing listing,
    TimeZoneInfo zone,
    (TimeSpan Min, TimeSpan Max) retryDelay,
    TimeProvider time,
    ILogger<ResyncWorker> logger)
{
    private const string Itself = "drimbox";

    private TaskCompletionSource _changed = NewSignal();
    private DateTimeOffset _nextAt = DateTimeOffset.MinValue;
    private int _failuresInARow;
    private int _absentInARow;
    private string? _waiting;

    /// <summary>Why the run stands still though it runs, or null.</summary>
    public string? Waiting => Volatile.Read(ref _waiting);

    /// <summary>Something of the runs was changed: look at them now.</summary>
    public void Wake() => Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();

    /// <summary>Works until the stop.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a worker loop: the log tells, and the run goes on after a pause.")]
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            // Before the look, so that no change is missed.
            var changed = Volatile.Read(ref _changed).Task;
            try
            {
                // Of several processes one works, whichever of them is told to begin or to pause.
                if (await store.FindRunningResyncAsync(stop) is { } run
                    && await store.HasDutyAsync("resynchronisation", stop))
                    await StepAsync(run, changed, stop);
                else
                    await DelayAsync(store.IsShared ? Limits.SharedLookInterval : Timeout.InfiniteTimeSpan, changed, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                ResyncLog.Failed(logger, e);
                await Task.WhenAny(Task.Delay(retryDelay.Max, time, stop), changed);
            }
        }
    }

    private async Task StepAsync(ResyncEntry run, Task changed, CancellationToken stop)
    {
        var plan = EventCodec.Read<ResyncPlan>(run.Plan);
        Invariant.Holds(WorkingHours.TryParse(plan.Hours, zone, out var hours));
        var now = time.GetUtcNow();
        if (!hours.IsOpen(now))
        {
            var opening = hours.NextOpening(now);
            await WaitAsync(run, $"outside its hours, until {opening:u}", opening, changed, stop);
            return;
        }

        if (now < _nextAt && _nextAt - now <= plan.Pace)
        {
            await DelayAsync(_nextAt - now, changed, stop);
            return;
        }

        _nextAt = now + plan.Pace;
        if (await store.NextResyncStudyAsync(run.Id, stop) is { } study)
        {
            await LookAsync(run, plan, Uid.Parse(study), changed, stop);
        }
        else if (!run.IsListed)
        {
            if (await listing.ListAsync(run, plan, stop) is { } answer)
                await WaitForPacsAsync(run, answer.Failure!, changed, stop);
            else Answered();
        }
        else if (await MoveAsync(run.Id, ResyncState.Done, "", stop))
        {
            ResyncLog.Done(logger, run.Id);
        }
    }

    private async Task LookAsync(ResyncEntry run, ResyncPlan plan, Uid study, Task changed, CancellationToken stop)
    {
        ResyncOutcome outcome;
        if (plan.Pacs is { } only && (await register.GetAsync(study, stop)).Pacs is { } other && other != only)
        {
            outcome = ResyncOutcome.OtherPacs;
        }
        else
        {
            var look = await evaluation.LookAsync(study, null, attempts: 1, stop);
            if (look.IsUnreached)
            {
                // An outage is no fault of the study: it is asked about again when the PACS is back.
                await WaitForPacsAsync(run, look.Failure!, changed, stop);
                return;
            }

            outcome = look.IsUnwanted ? ResyncOutcome.WithoutReport
                : look.Failure is not null ? ResyncOutcome.PacsFailed
                : ResyncOutcomes.Of(look.Decided, look.Withheld);
        }

        Answered();
        await store.EndResyncStudyAsync(
            run.Id, study.ToString(), outcome.ToString(), ResyncOutcomes.IsFailure(outcome), CancellationToken.None);
        ResyncLog.StudyDone(logger, run.Id, StudyRef.Of(study), outcome);
        _absentInARow = outcome == ResyncOutcome.Removed ? _absentInARow + 1 : 0;
        if (plan.AllowAbsent || _absentInARow < Limits.ResyncAbsentInARowMax) return;

        var why = $"The PACS holds {_absentInARow} studies in a row no longer. If that is right, go on, or plan with "
            + "--allow-absent.";
        _absentInARow = 0;
        if (await MoveAsync(run.Id, ResyncState.Paused, why, stop)) ResyncLog.PausedItself(logger, run.Id, why);
    }

    private Task<bool> MoveAsync(long run, ResyncState to, string note, CancellationToken stop) =>
        store.MoveResyncAsync(run, [nameof(ResyncState.Running)], to.ToString(), Itself, note, stop);

    private void Answered()
    {
        _failuresInARow = 0;
        Volatile.Write(ref _waiting, null);
    }

    private Task WaitForPacsAsync(ResyncEntry run, string failure, Task changed, CancellationToken stop)
    {
        // 20 doublings pass every limit.
        var delay = retryDelay.Min * (1 << Math.Min(_failuresInARow++, 20));
        if (delay > retryDelay.Max) delay = retryDelay.Max;
        return WaitAsync(run, "the PACS cannot be asked: " + failure, time.GetUtcNow() + delay, changed, stop);
    }

    private async Task WaitAsync(
        ResyncEntry run, string why, DateTimeOffset until, Task changed, CancellationToken stop)
    {
        if (Waiting != why) ResyncLog.Waits(logger, run.Id, why);
        Volatile.Write(ref _waiting, why);
        await DelayAsync(until - time.GetUtcNow(), changed, stop);
        // It is written again if it still holds.
        if (changed.IsCompleted) Volatile.Write(ref _waiting, null);
    }

    private async Task DelayAsync(TimeSpan delay, Task changed, CancellationToken stop)
    {
        if (delay <= TimeSpan.Zero && delay != Timeout.InfiniteTimeSpan) return;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(Task.Delay(delay, time, over.Token), changed);
        await over.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
