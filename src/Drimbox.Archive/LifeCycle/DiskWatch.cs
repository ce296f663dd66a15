using Drimbox.Storage;
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

/// <summary>Whether the disk of an archive has room for instances. The log has one event when it becomes too little and one
/// when there is enough again.</summary>
internal sealed class DiskWatch : IDisposable
{
    private readonly ArchiveOptions _options;
    private readonly ArchiveSurroundings _surroundings;
    private readonly ILogger _log;
    private readonly SpaceLook _space;
    private volatile DiskState _state = new(true, 0, 0, 0, 0, null);

    public DiskWatch(ArchiveOptions options, ArchiveSurroundings surroundings, string folder, ILogger log)
    {
        _options = options;
        _surroundings = surroundings;
        _log = log;
        _space = new SpaceLook(surroundings.Disk, folder, surroundings.Time, Seen);
        _space.Start();
    }

    public DiskState State => _state;

    public bool TakesInstances => _state.TakesInstances;

    /// <summary>Looks now: a write found no space.</summary>
    public void Look() => _space.Look();

    public void Dispose() => _space.Dispose();

    private void Seen(long free, long total)
    {
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
