using Drimbox.Core;

namespace Drimbox.Grains.Hosting;

/// <summary>The turn queue of one process. A grain without a turn costs nothing.</summary>
public sealed class EmbeddedTurnQueue : ITurnQueue
{
    // The turns that the current flow of execution is inside of, innermost first.
    private static readonly AsyncLocal<Turn?> _current = new();

    private readonly Lock _lock = new();

    // A key is here while it has a running turn; its list holds those that wait.
    private readonly Dictionary<string, LinkedList<TaskCompletionSource>> _waiting = new(StringComparer.Ordinal);

    /// <summary>Grains with a turn running.</summary>
    public int ActiveGrains
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <inheritdoc/>
    public async Task<T> RunAsync<T>(
        string grainKey, Func<CancellationToken, Task<T>> turn, CancellationToken cancellationToken)
    {
        for (var outer = _current.Value; outer is not null; outer = outer.Outer)
            Invariant.Holds(outer.Queue != this || outer.GrainKey != grainKey);

        await EnterAsync(grainKey, cancellationToken);
        try
        {
            // Undone when this method returns: an async method gives its caller its former flow back.
            _current.Value = new Turn(this, grainKey, _current.Value);
            return await turn(cancellationToken);
        }
        finally
        {
            Leave(grainKey);
        }
    }

    private async ValueTask EnterAsync(string grainKey, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> place;
        lock (_lock)
        {
            if (!_waiting.TryGetValue(grainKey, out var queue))
            {
                _waiting.Add(grainKey, new LinkedList<TaskCompletionSource>());
                return;
            }

            place = queue.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await using var _ = cancellationToken.UnsafeRegister(GiveUp, (place, cancellationToken));
        await place.Value.Task;
    }

    private void GiveUp(object? state)
    {
        var (place, cancellationToken) =
            ((LinkedListNode<TaskCompletionSource>, CancellationToken))state!;
        lock (_lock)
        {
            // Without a list its turn has been called already.
            if (place.List is null) return;
            place.List.Remove(place);
        }

        place.Value.TrySetCanceled(cancellationToken);
    }

    private void Leave(string grainKey)
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            var queue = _waiting[grainKey];
            next = queue.First?.Value;
            if (next is null) _waiting.Remove(grainKey);
            else queue.RemoveFirst();
        }

        next?.SetResult();
    }

    private sealed record Turn(EmbeddedTurnQueue Queue, string GrainKey, Turn? Outer);
}
