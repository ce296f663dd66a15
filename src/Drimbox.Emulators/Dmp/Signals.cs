namespace Drimbox.Emulators.Dmp;

/// <summary>What happened since the start, and who waits for what: a test awaits an event, past or to come, without
/// asking again and again.</summary>
internal sealed class Signals<T>
{
    private readonly Lock _gate = new();
    private readonly List<T> _seen = [];
    private readonly List<(Func<T, bool> Wanted, TaskCompletionSource<T> Source)> _waiting = [];

    public IReadOnlyList<T> Seen
    {
        get
        {
            lock (_gate) return _seen.ToArray();
        }
    }

    public void Publish(T happened)
    {
        lock (_gate)
        {
            _seen.Add(happened);
            foreach (var (wanted, source) in _waiting)
            {
                if (wanted(happened)) source.TrySetResult(happened);
            }

            _waiting.RemoveAll(waiting => waiting.Source.Task.IsCompleted);
        }
    }

    public async Task<T> WhenAsync(Func<T, bool> wanted, CancellationToken cancellationToken)
    {
        var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            foreach (var happened in _seen)
            {
                if (wanted(happened)) return happened;
            }

            _waiting.Add((wanted, source));
        }

        await using var registration = cancellationToken.Register(() => source.TrySetCanceled(cancellationToken));
        return await source.Task;
    }
}
