using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Makes files durable, on a few threads of its own for whoever may not block: a thread that waits for the disk is
/// not one of the pool. Files that wait together share the fsync of their folder.</summary>
internal sealed class GroupSync : IDisposable
{
    private readonly WorkQueue<Job> _jobs = new(Limits.SyncThreads);
    private readonly Disk _disk;
    private readonly Thread[] _threads;

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
        Invariant.Holds(_jobs.TryAdd(job));
        return job.Done.Task;
    }

    /// <summary>The same, by the thread of the caller.</summary>
    /// <returns>Ended.</returns>
    public Task SyncHereAsync(DiskFile file)
    {
        var job = new Job(file);
        Sync([job]);
        return job.Done.Task;
    }

    public void Dispose()
    {
        _jobs.Close();
        foreach (var thread in _threads) thread.Join();
    }

    private void Run()
    {
        var group = new List<Job>();
        while (_jobs.TryTake(group, Limits.SyncGroupMax))
        {
            Sync(group);
            _jobs.Leave();
        }
    }

    private void Sync(List<Job> group)
    {
        foreach (var job in group) job.Try(() => job.File.Sync());
        foreach (var folder in group.GroupBy(job => Path.GetDirectoryName(job.File.Path)!))
            SyncFolder(folder.Key, folder);
        foreach (var job in group) job.End();
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
