namespace Drimbox.Storage;

/// <summary>What waits for a thread of its own. A monitor, not a <c>BlockingCollection</c>: that one spins before it
/// waits, which costs more processor time than the work of a single sender.</summary>
public sealed class WorkQueue<T>
{
    private readonly object _gate = new();
    private readonly Queue<T> _waiting = [];
    private bool _isClosed;

    /// <summary>Adds to the end.</summary>
    /// <returns>False once the queue is closed.</returns>
    public bool TryAdd(T item)
    {
        lock (_gate)
        {
            if (_isClosed) return false;
            _waiting.Enqueue(item);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Nothing is added any more; what waits is still taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for work and takes what there is, at most <paramref name="max"/>, in order.</summary>
    /// <returns>False once everything is taken and no more can come.</returns>
    public bool TryTake(List<T> group, int max)
    {
        group.Clear();
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_isClosed) return false;
                Monitor.Wait(_gate);
            }

            while (group.Count < max && _waiting.TryDequeue(out var item)) group.Add(item);
            return true;
        }
    }
}
