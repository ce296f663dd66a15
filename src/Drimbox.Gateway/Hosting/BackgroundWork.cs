namespace Drimbox.Gateway.Hosting;

/// <summary>Work of a running process that an administrator begins and does not wait for: one at a time.</summary>
internal sealed class BackgroundWork(TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource? _working;
    private Task _running = Task.CompletedTask;

    /// <summary>Begins, unless something is under way.</summary>
    /// <param name="begin">Called before the work, and only if it begins.</param>
    /// <param name="work">Must not throw. Its token is cancelled by <see cref="TryStop"/> and at the end of the
    /// process.</param>
    public bool TryBegin(Action begin, Func<CancellationToken, Task> work)
    {
        lock (_gate)
        {
            if (!_running.IsCompleted) return false;
            _working?.Dispose();
            _working = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var stop = _working.Token;
            begin();
            _running = Task.Run(() => work(stop), CancellationToken.None);
            return true;
        }
    }

    /// <summary>Has what is under way end.</summary>
    /// <returns>False: nothing is.</returns>
    public bool TryStop()
    {
        lock (_gate)
        {
            if (_running.IsCompleted) return false;
            _working!.Cancel();
            return true;
        }
    }

    /// <summary>Returns when what is under way has ended, or after a while.</summary>
    public async Task WaitAsync(TimeSpan most, CancellationToken cancellation)
    {
        Task running;
        lock (_gate) running = _running;
        try
        {
            await running.WaitAsync(most, time, cancellation);
        }
        catch (TimeoutException)
        {
            // Who waits asks again.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _working?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>True for the data folder and what is below it: no copy of it belongs there.</summary>
    /// <param name="path">A full path.</param>
    public static bool IsWithin(string dataFolder, string path) =>
        path == dataFolder || path.StartsWith(dataFolder + '/', StringComparison.Ordinal);
}
