namespace Drimbox.Dicom.UpperLayer;

/// <summary>
/// A thread of its own for one association that was accepted (docs/adr/0015). The session is written as one
/// asynchronous method; on this thread its receives block (<see cref="IsCurrent"/>), so that bytes which arrive wake
/// the thread that works on them and no other. What it awaits otherwise, it continues on this thread.
/// </summary>
internal sealed class SessionThread : SynchronizationContext
{
    // 512 KiB of address space: the engine does not recurse; what is not touched takes no memory.
    private const int StackBytes = 512 * 1024;

    private static int _running;

    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = [];

    private SessionThread()
    {
    }

    /// <summary>True on such a thread: it may block until its peer acts.</summary>
    public static bool IsCurrent => Current is SessionThread;

    /// <summary>True while no more than one such thread runs in this process.</summary>
    public static bool IsAlone => Volatile.Read(ref _running) <= 1;

    /// <summary>Runs <paramref name="session"/>, which must not throw, on a new thread.</summary>
    /// <exception cref="OutOfMemoryException">The system has no thread left.</exception>
    public static void Start(Func<Task> session)
    {
        var context = new SessionThread();
        var thread = new Thread(() => context.Run(session), StackBytes) { IsBackground = true, Name = "association" };
        thread.Start();
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_posted)
        {
            _posted.Enqueue((d, state));
            Monitor.Pulse(_posted);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    private void Run(Func<Task> session)
    {
        SetSynchronizationContext(this);
        Interlocked.Increment(ref _running);
        var running = session();
        // The last step of the session runs here too, as a rule; where it does not, this is posted and ends the loop.
        running.GetAwaiter().OnCompleted(static () => { });
        while (!running.IsCompleted)
        {
            var (callback, state) = Take();
            callback(state);
        }

        Interlocked.Decrement(ref _running);
    }

    private (SendOrPostCallback Callback, object? State) Take()
    {
        lock (_posted)
        {
            while (_posted.Count == 0) Monitor.Wait(_posted);
            return _posted.Dequeue();
        }
    }
}
