namespace Drimbox.Grains.Dispatch;

/// <summary>Ends another wait. A call that comes while nobody waits is not lost: the next wait ends at once.</summary>
internal sealed class WakeUp
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _waiting;
    private bool _set;

    public void Set()
    {
        lock (_lock)
        {
            _set = true;
            _waiting?.Cancel();
        }
    }

    /// <summary>Waits as <paramref name="wait"/> does, or until <see cref="Set"/>. For one waiter.</summary>
    public async Task WaitAsync(Func<CancellationToken, ValueTask> wait, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        lock (_lock)
        {
            if (_set)
            {
                _set = false;
                return;
            }

            _waiting = either;
        }

        try
        {
            await wait(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Set.
        }
        finally
        {
            lock (_lock)
            {
                _waiting = null;
                _set = false;
            }
        }

        // Set runs what waits for it inside of its lock: this far, and not the work that follows.
        await Task.Yield();
    }
}
