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
        Task signal;
        lock (_lock)
        {
            if (_set)
            {
                _set = false;
                return;
            }

            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            signal = _waiting.Task;
        }

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
