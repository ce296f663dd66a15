using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Makes files durable on a few threads of its own: a thread that waits for the disk is not one of the pool
/// that reads associations. Files that wait together share the fsync of their folder.</summary>
internal sealed class GroupSync : IDisposable
{
    // A monitor, not a BlockingCollection: that one spins before it waits, which cost more than all the rest here.
    private readonly object _gate = new();
    private readonly Queue<Job> _jobs = [];
    private readonly Disk _disk;
    private readonly Thread[] _threads;
    private bool _isClosed;

    public GroupSync(Disk disk)
    {
        _disk = disk;
        _threads = new Thread[Limits.SyncThreads];
        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = "archive-sync" };
            _threads[i].Start();
        }
    }

    /// <summary>Ends when the bytes and the name of <paramref name="file"/> are durable.</summary>
    /// <exception cref="StorageFaultException">They are not; the file is to be unlinked, never synced
    /// again.</exception>
    public Task SyncAsync(DiskFile file)
    {
        var job = new Job(file);
        lock (_gate)
        {
            Invariant.Holds(!_isClosed);
            _jobs.Enqueue(job);
            Monitor.Pulse(_gate);
        }

        return job.Done.Task;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var thread in _threads) thread.Join();
    }

    private void Run()
    {
        var group = new List<Job>();
        while (TryTake(group))
        {
            foreach (var job in group) job.Try(() => job.File.Sync());
            foreach (var folder in group.GroupBy(job => Path.GetDirectoryName(job.File.Path)!))
                SyncFolder(folder.Key, folder);
            foreach (var job in group) job.End();
        }
    }

    /// <summary>Waits for work and takes what there is.</summary>
    /// <returns>False once everything is done and no more can come.</returns>
    private bool TryTake(List<Job> group)
    {
        group.Clear();
        lock (_gate)
        {
            while (_jobs.Count == 0)
            {
                if (_isClosed) return false;
                Monitor.Wait(_gate);
            }

            while (group.Count < Limits.SyncGroupMax && _jobs.TryDequeue(out var job)) group.Add(job);
            return true;
        }
    }

    private void SyncFolder(string folder, IEnumerable<Job> jobs)
    {
        var shared = new Job(null!);
        shared.Try(() => _disk.SyncDirectory(folder));
        foreach (var job in jobs) job.Fault ??= shared.Fault;
    }

    private sealed class Job(DiskFile file)
    {
        public DiskFile File => file;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Exception? Fault { get; set; }

        [SuppressMessage(
            "Design", "CA1031", Justification = "The top of a worker thread: whoever waits for the file is told.")]
        public void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                Fault ??= e;
            }
        }

        public void End()
        {
            if (Fault is null) Done.SetResult();
            else Done.SetException(Fault);
        }
    }
}
