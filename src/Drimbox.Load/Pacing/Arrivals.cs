using Drimbox.Core;

namespace Drimbox.Load.Pacing;

/// <summary>One operation to perform.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Due">The intended start, as a timestamp of the clock: latency counts from here.</param>
/// <param name="IsMeasured">False in the warm-up.</param>
/// <param name="IsPunctual">Its user was free at the intended start: how late it then begins is the error of the pacing
/// itself.</param>
public readonly record struct Arrival(long Index, long Due, bool IsMeasured, bool IsPunctual);

/// <summary>Waits for an instant more exactly than a timer does.</summary>
public interface IPunctualWait
{
    /// <summary>Waits until the clock shows <paramref name="due"/>. Calls come in ascending order of it.</summary>
    Task UntilAsync(long due);
}

/// <summary>Hands the operations of a schedule to whichever user is free. A user that comes late for one gets it at
/// once: the queue in front of a slow peer is in the latencies.</summary>
public sealed class Arrivals(ArrivalSchedule schedule, TimeProvider time, IPunctualWait wait)
{
    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private long _next;
    private bool _isOver;

    /// <summary>The timestamp from which the schedule counts.</summary>
    public long Start => _start;

    /// <summary>Operations handed out so far.</summary>
    public long Taken
    {
        get
        {
            lock (_gate) return _next;
        }
    }

    /// <summary>Nothing more is handed out.</summary>
    public void Stop()
    {
        lock (_gate) _isOver = true;
    }

    /// <summary>The next operation, at its intended start or later.</summary>
    /// <returns>Null when there are no more.</returns>
    public async ValueTask<Arrival?> NextAsync(CancellationToken cancellationToken)
    {
        Task waiting;
        Arrival arrival;
        lock (_gate)
        {
            var now = time.GetElapsedTime(_start);
            var due = schedule.DueOf(_next, now);
            // An overloaded peer leaves a backlog at the end, which nobody wants to wait for without bound.
            _isOver |= schedule.IsOver(_next, due) || now > schedule.End + Limits.LoadBacklogTime
                || cancellationToken.IsCancellationRequested;
            if (_isOver) return null;
            var dueAt = _start + (long)Math.Round(due.TotalSeconds * time.TimestampFrequency);
            var isPunctual = due > now;
            arrival = new Arrival(_next++, dueAt, schedule.IsMeasured(due), isPunctual);
            if (!isPunctual) return arrival;
            waiting = wait.UntilAsync(dueAt);
        }

        await waiting.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return cancellationToken.IsCancellationRequested ? null : arrival;
    }
}
