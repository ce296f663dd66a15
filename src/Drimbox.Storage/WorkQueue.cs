namespace Drimbox.Storage;

/// <summary>What waits for a few threads of its own, or is done at once by one that may block. A monitor, not a
/// <c>BlockingCollection</c>: that one spins before it waits, which costs more processor time than the work of a single
/// sender.</summary>
/// <param name="atOnce">So many work at the same time, at most.</param>
public sealed class WorkQueue<T>(int atOnce)
{
    private readonly object _gate = new();
    private readonly Queue<T> _waiting = [];
    private int _working;
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

    /// <summary>For one that may block: does its work itself, without the way to another thread and back, if nothing waits
    /// and nobody works. What comes meanwhile waits, and goes together.</summary>
    /// <returns>True: the caller works now, and calls <see cref="Leave"/> after it.</returns>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_isClosed || _working > 0 || _waiting.Count > 0) return false;
            _working = 1;
            return true;
        }
    }

    /// <summary>The work of <see cref="TryEnter"/> or <see cref="TryTake"/> is done.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _working--;
            if (_isClosed) Monitor.PulseAll(_gate);
            else if (_waiting.Count > 0) Monitor.Pulse(_gate);
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

    /// <summary>For one that works: takes what has come since, until its group has <paramref name="max"/>.</summary>
    public void TakeMore(List<T> group, int max)
    {
        lock (_gate)
        {
            while (group.Count < max && _waiting.TryDequeue(out var item)) group.Add(item);
        }
    }

    /// <summary>Waits for work and takes what there is, at most <paramref name="max"/>, in order.</summary>
    /// <returns>True: the caller works now, and calls <see cref="Leave"/> after it. False once everything is done and no
    /// more can come.</returns>
    public bool TryTake(List<T> group, int max)
    {
        group.Clear();
        lock (_gate)
        {
            while (_waiting.Count == 0 || _working >= atOnce)
            {
                if (_isClosed && _waiting.Count == 0 && _working == 0) return false;
                Monitor.Wait(_gate);
            }

            while (group.Count < max && _waiting.TryDequeue(out var item)) group.Add(item);
            _working++;
            return true;
        }
    }
}
