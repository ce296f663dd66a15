using Drimbox.Core;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>How full the disk of an archive is, as of the last look.</summary>
/// <param name="LowWaterMark">In bytes; below it nothing is stored.</param>
/// <param name="ResumeMark">In bytes; from there on instances are taken again.</param>
/// <param name="Since">When it was last crossed; null: not since the start.</param>
public sealed record DiskState(
    bool TakesInstances,
    long FreeBytes,
    long TotalBytes,
    long LowWaterMark,
    long ResumeMark,
    DateTimeOffset? Since);

/// <summary>Looks at the free space once a second, and at once when a write found none; never for an instance. The
/// log has one event when it becomes too little and one when there is enough again.</summary>
internal sealed class DiskWatch : IDisposable
{
    private readonly ArchiveOptions _options;
    private readonly ArchiveSurroundings _surroundings;
    private readonly string _folder;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile DiskState _state;

    public DiskWatch(ArchiveOptions options, ArchiveSurroundings surroundings, string folder, ILogger log)
    {
        _options = options;
        _surroundings = surroundings;
        _folder = folder;
        _log = log;
        _state = new DiskState(true, 0, 0, 0, 0, null);
        Look();
        _timer = surroundings.Time.CreateTimer(_ => LookAgain(), null, Limits.DiskLookInterval, Timeout.InfiniteTimeSpan);
    }

    public DiskState State => _state;

    public bool TakesInstances => _state.TakesInstances;

    /// <summary>Looks now.</summary>
    public void Look()
    {
        lock (_gate)
        {
            long free, total;
            try
            {
                free = _surroundings.Disk.FreeBytes(_folder);
                total = _surroundings.Disk.TotalBytes(_folder);
            }
            catch (IOException)
            {
                // A file system that cannot say: the writes will tell.
                return;
            }

            var before = _state;
            var space = _options.Disk;
            var takes = space.Takes(before.TakesInstances, free, total);
            var since = takes == before.TakesInstances ? before.Since : _surroundings.Time.GetUtcNow();
            _state = new DiskState(takes, free, total, space.Mark(total), space.ResumeMark(total), since);
            if (takes == before.TakesInstances) return;
            if (takes) LifeCycleLog.DiskHasSpaceAgain(_log, _options.NodeId, free);
            else LifeCycleLog.DiskNearlyFull(_log, _options.NodeId, free, _state.LowWaterMark, _state.ResumeMark);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void LookAgain()
    {
        Look();
        _timer.Change(Limits.DiskLookInterval, Timeout.InfiniteTimeSpan);
    }
}
