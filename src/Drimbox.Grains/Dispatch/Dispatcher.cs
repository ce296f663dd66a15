using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Dispatch;

/// <summary>
/// Takes the rows of one outbox to their handlers: one row of a lane at a time, several lanes at once, and no
/// destination at the cost of another. It wakes by the store's signal and by the next due time, so an idle one costs
/// nothing. One dispatcher a store.
/// </summary>
public sealed class Dispatcher
{
    private readonly IOutbox _outbox;
    private readonly DispatcherOptions _options;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<Destination> _destinations;
    private readonly Dictionary<string, Destination> _byKind;
    private readonly DispatchWork _work;
    private readonly ConcurrentDictionary<Task, bool> _running = new();
    private readonly DateTimeOffset _begin;
    private readonly long _beginning;

    public Dispatcher(IOutbox outbox, DispatcherOptions options, ILogger<Dispatcher> logger)
    {
        Invariant.Holds(options.AttemptDeadline < options.Lease);
        Invariant.Holds(options.InFlightMax > 0);
        _outbox = outbox;
        _options = options;
        _logger = logger;
        (_begin, _beginning) = (options.Clock.GetUtcNow(), options.Clock.GetTimestamp());
        _destinations = Destination.Of(options.Handlers, options.InFlightMax, options.PeerSeen);
        _byKind = _destinations.SelectMany(d => d.Kinds, (d, kind) => (d, kind))
            .ToDictionary(pair => pair.kind, pair => pair.d, StringComparer.Ordinal);
        _work = new DispatchWork(options, () => outbox.HoldsLeases, logger);
    }

    // For what is only compared with itself: a machine whose clock is set back must not keep a circuit open for as long.
    private DateTimeOffset SteadyNow => _begin + _options.Clock.GetElapsedTime(_beginning);

    /// <summary>Works until <paramref name="stop"/>; then claims nothing more, lets attempts end within
    /// <see cref="DispatcherOptions.StopGrace"/>, cancels the rest and returns.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var abort = new CancellationTokenSource();
        var away = _options.KnownAway();
        foreach (var destination in _destinations.Where(d => away.Contains(d.Name)))
            destination.BeginAway(SteadyNow);
        try
        {
            await ClaimUntilStoppedAsync(abort.Token, stop);
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
    private async Task ClaimUntilStoppedAsync(CancellationToken abort, CancellationToken stop)
    {
        var storeFaults = 0;
        var told = false;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var claimed = _options.Clock.GetTimestamp();
            DateTimeOffset? until;
            try
            {
                if (!told) await TellUnknownKindsAsync(stop);
                told = true;
                var demands = _destinations.Select(d => d.Demand(SteadyNow)).OfType<ClaimDemand>().ToList();
                var rows = demands.Count == 0
                    ? []
                    : await _outbox.ClaimAsync(_options.Owner, _options.Lease, demands, stop);
                foreach (var row in rows) Start(row, claimed, abort, stop);
                until = await NextMomentAsync(stop);
                storeFaults = 0;
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                until = _options.Clock.GetUtcNow() + StoreDelay(++storeFaults);
                if (e is StorageFaultException store) _options.StoreFailed?.Invoke(store.Fault);
                if (storeFaults == 1) DispatchLog.StoreFailed(_logger, _options.Owner, e.GetType().Name);
            }

            // An attempt that ends gives its place to the next row at once.
            await _outbox.WaitForWorkAsync(until, stop);
        }
    }

    /// <summary>When there may be something to claim, if nothing happens before: the next due row of a destination that
    /// has room, or a probe.</summary>
    private async Task<DateTimeOffset?> NextMomentAsync(CancellationToken stop)
    {
        var now = SteadyNow;
        var ready = _destinations.Where(d => d.Demand(now) is not null).SelectMany(d => d.Kinds).ToList();
        var next = ready.Count == 0 ? null : await _outbox.NextDueAsync(ready, stop);
        foreach (var destination in _destinations)
        {
            if (destination.ProbeAt is not { } probe || probe <= now) continue;
            var at = _options.Clock.GetUtcNow() + (probe - now);
            if (next is null || at < next) next = at;
        }

        return next;
    }

    private async Task TellUnknownKindsAsync(CancellationToken stop)
    {
        foreach (var kind in await _outbox.OpenKindsAsync(stop))
        {
            if (!_byKind.ContainsKey(kind)) DispatchLog.NoHandler(_logger, _options.Owner, kind);
        }
    }

    private void Start(ClaimedRow row, long claimed, CancellationToken abort, CancellationToken stop)
    {
        var destination = _byKind[row.Kind];
        var isProbe = destination.Begin();
        DispatchMetrics.Step("claimed", row.Kind);
        var task = Task.Run(
            () => DispatchAsync(row, claimed, destination, isProbe, abort, stop), CancellationToken.None);
        _running.TryAdd(task, true);
        _ = task.ContinueWith(
            ended => _running.TryRemove(ended, out _), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of one row's work: the log tells, and the row comes again when its lease has passed.")]
    private async Task DispatchAsync(
        ClaimedRow row, long claimed, Destination destination, bool isProbe, CancellationToken abort,
        CancellationToken stop)
    {
        bool? reached = null;
        try
        {
            if (stop.IsCancellationRequested)
            {
                await _outbox.ReleaseAsync(row.Id, row.Epoch, CancellationToken.None);
                return;
            }

            var end = await _work.AttemptAsync(row, claimed, abort);
            reached = end.Reached;
            if (end.Result is { } result && !await RecordInTimeAsync(row, result, claimed, abort))
                DispatchLog.LeaseLost(_logger, row.Id, row.Kind);
            DispatchMetrics.Step("recorded", row.Kind);
            DispatchMetrics.Ended(
                row.Kind, end.Outcome, _options.Clock.GetElapsedTime(claimed),
                _options.Clock.GetUtcNow() - row.CreatedAt);
        }
        catch (Exception e)
        {
            if (e is StorageFaultException store) _options.StoreFailed?.Invoke(store.Fault);
            DispatchLog.ResultLost(_logger, row.Id, row.Kind, e.GetType().Name);
        }
        finally
        {
            if (destination.End(reached, isProbe, SteadyNow))
            {
                DispatchMetrics.Circuit(destination.Name, destination.IsOpen);
                DispatchLog.CircuitChanged(_logger, destination.Name, destination.IsOpen ? "open" : "closed");
            }

            _outbox.Wake();
        }
    }

    /// <summary>Again and again while the store is full or away, as long as the lease lasts: without its result the row
    /// would wait for the end of its lease, and come back as one that took its process with it.</summary>
    private async Task<bool> RecordInTimeAsync(
        ClaimedRow row, OutboxResult result, long claimed, CancellationToken abort)
    {
        for (var faults = 1; ; faults++)
        {
            var pause = StoreDelay(faults);
            try
            {
                return await RecordAsync(row, result);
            }
            // Counted from before the claim by a clock that nobody sets, so this ends before the lease does by the clock
            // of the database. Whose the row is in between the epoch says there.
            catch (StorageFaultException e) when (e.IsPassing
                && _options.Clock.GetElapsedTime(claimed) + pause < _options.Lease)
            {
                _options.StoreFailed?.Invoke(e.Fault);
                if (faults == 1) DispatchLog.ResultWaits(_logger, row.Id, row.Kind, e.Fault);
                await Task.Delay(pause, _options.Clock, abort);
            }
        }
    }

    private TimeSpan StoreDelay(int faults)
    {
        var pause = _work.RetryDelay(faults);
        return pause < Limits.StoreRetryDelayMax ? pause : Limits.StoreRetryDelayMax;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "A row whose grain cannot be told is put aside all the same, and the log tells.")]
    private async Task<bool> RecordAsync(ClaimedRow row, OutboxResult result)
    {
        if (result.Outcome == DispatchOutcome.Quarantine
            && _options.Handlers[row.Kind].Handler is IQuarantineHandler handler)
        {
            try
            {
                await handler.QuarantineAsync(row, result);
                return true;
            }
            catch (Exception e) when (e is not StorageFaultException { IsPassing: true })
            {
                DispatchLog.GrainNotTold(_logger, row.Id, row.Kind, e.GetType().Name);
            }
        }

        return await _outbox.CompleteAsync(result, CancellationToken.None);
    }
}
