using System.Runtime.InteropServices;

namespace Drimbox.Load.Pacing;

/// <summary>A thread of its own that sleeps in the kernel until the next instant: a timer of .NET comes up to a
/// millisecond late, the time of ten C-ECHO.</summary>
public sealed class PacingThread : IPunctualWait, IDisposable
{
    // So long does a stop wait at most.
    private const long NapNanoseconds = 50_000_000;
    private const int PrSetTimerSlack = 29;

    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Queue<(long Due, TaskCompletionSource Reached)> _waiting = [];
    private volatile bool _isStopped;

    public PacingThread(TimeProvider time)
    {
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "pacing" };
        _thread.Start();
    }

    public Task UntilAsync(long due)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _waiting.Enqueue((due, reached));
        _arrived.Release();
        return reached.Task;
    }

    /// <summary>Ends all waiting.</summary>
    public void Dispose()
    {
        if (_isStopped) return;
        _isStopped = true;
        _arrived.Release();
        _thread.Join();
        _arrived.Dispose();
    }

    private void Run()
    {
        // man 2 prctl, PR_SET_TIMERSLACK: 50 µs of slack otherwise. Best effort.
        _ = prctl(PrSetTimerSlack, 1, 0, 0, 0);
        while (true)
        {
            _arrived.Wait();
            (long Due, TaskCompletionSource Reached) next;
            lock (_gate)
            {
                if (!_waiting.TryDequeue(out next)) break;
            }

            SleepUntil(next.Due);
            next.Reached.SetResult();
        }
    }

    private void SleepUntil(long due)
    {
        while (!_isStopped)
        {
            var left = due - _time.GetTimestamp();
            if (left <= 0) return;
            var nanoseconds = Math.Min((long)(left * (1e9 / _time.TimestampFrequency)), NapNanoseconds);
            var nap = new TimeSpec(0, (nint)nanoseconds);
            _ = nanosleep(nap, IntPtr.Zero);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(nint Seconds, nint Nanoseconds);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int nanosleep(in TimeSpec time, IntPtr rest);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int prctl(int option, ulong value, ulong third, ulong fourth, ulong fifth);
}
