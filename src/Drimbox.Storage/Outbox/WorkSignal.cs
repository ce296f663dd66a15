namespace Drimbox.Storage;

/// <summary>Wakes the one worker that waits for it. A signal that comes while it works is not lost: the next wait ends
/// at once.</summary>
public sealed class WorkSignal(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiting;
    private bool _set;

    public void Set()
    {
        TaskCompletionSource? waiting;
        lock (_lock)
        {
            waiting = _waiting;
            _waiting = null;
            _set = waiting is null;
        }

        waiting?.TrySetResult();
    }

    /// <summary>Ends with the signal, or at <paramref name="until"/>; with a far one also earlier.</summary>
    public async ValueTask WaitAsync(DateTimeOffset? until, CancellationToken cancellationToken)
    {
        TaskCompletionSource signal;
        lock (_lock)
        {
            if (_set)
            {
                _set = false;
                return;
            }

            signal = _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        try
        {
            await WaitAsync(signal.Task, until, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Who gives up must not take a signal along that nobody has seen.
            lock (_lock)
            {
                if (_waiting == signal) _waiting = null;
                else _set = true;
            }

            throw;
        }
    }

    private async ValueTask WaitAsync(Task signal, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        if (until is null)
        {
            await signal.WaitAsync(cancellationToken);
            return;
        }

        var delay = until.Value - clock.GetUtcNow();
        if (delay <= TimeSpan.Zero) return;
        // Timers end at about 49 days; a longer wait wakes early and is repeated by the caller.
        if (delay > TimeSpan.FromDays(1)) delay = TimeSpan.FromDays(1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(signal, Task.Delay(delay, clock, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
