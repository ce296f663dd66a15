using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

// Event ids 1160-1179, of those of the archive. Rows and files are named by our own numbers and names.
internal static partial class LifeCycleLog
{
    [LoggerMessage(1160, LogLevel.Error,
        "Archive {NodeId}: {FreeBytes} bytes are free, fewer than {Mark}: no instance is taken until {Resume} are")]
    public static partial void DiskNearlyFull(ILogger logger, string nodeId, long freeBytes, long mark, long resume);

    [LoggerMessage(1161, LogLevel.Information,
        "Archive {NodeId}: {FreeBytes} bytes are free: instances are taken again")]
    public static partial void DiskHasSpaceAgain(ILogger logger, string nodeId, long freeBytes);

    [LoggerMessage(1162, LogLevel.Error,
        "Archive {NodeId}: row {RowId} is damaged: its file {FileName} is not what was received; it is served no more")]
    public static partial void Damaged(ILogger logger, string nodeId, long rowId, string fileName);

    [LoggerMessage(1163, LogLevel.Information,
        "Archive {NodeId}: row {RowId} is whole again: its file {FileName} is what was received")]
    public static partial void WholeAgain(ILogger logger, string nodeId, long rowId, string fileName);

    [LoggerMessage(1164, LogLevel.Information,
        "Archive {NodeId}: scrub round done: {Files} files, {Bytes} bytes, {Mismatches} mismatches")]
    public static partial void ScrubRoundDone(ILogger logger, string nodeId, long files, long bytes, long mismatches);

    [LoggerMessage(1165, LogLevel.Information,
        "Archive {NodeId}: removal {RemovalId} ({Kind}) by {Actor}: {Instances} instances, {Bytes} bytes")]
    public static partial void Removed(
        ILogger logger, string nodeId, long removalId, string kind, string actor, int instances, long bytes);

    [LoggerMessage(1166, LogLevel.Information,
        "Archive {NodeId}: removal {RemovalId} was undone by {Actor}: {Instances} instances are back")]
    public static partial void Restored(ILogger logger, string nodeId, long removalId, string actor, int instances);

    [LoggerMessage(1167, LogLevel.Warning,
        "Archive {NodeId}: a file of removal {RemovalId} cannot be moved or removed now; it is tried again later")]
    public static partial void RemovalDelayed(ILogger logger, Exception exception, string nodeId, long removalId);

    [LoggerMessage(1168, LogLevel.Error, "Archive {NodeId}: {Work} failed; it is tried again at its next time")]
    public static partial void WorkFailed(ILogger logger, Exception exception, string nodeId, string work);

    [LoggerMessage(1170, LogLevel.Error,
        "Archive {NodeId}: row {RowId} is damaged: its file {FileName} is not there with its {Length} bytes; it is served "
        + "no more")]
    public static partial void LengthDiffers(
        ILogger logger, string nodeId, long rowId, string fileName, long length);

    [LoggerMessage(1171, LogLevel.Error,
        "Archive {NodeId}: {FileName} cannot be served: its folder is not there. Is the file system of the archive "
        + "mounted?")]
    public static partial void Unreachable(ILogger logger, string nodeId, string fileName);

    [LoggerMessage(1169, LogLevel.Information, "Archive {NodeId}: purge done: {Studies} studies, {Bytes} bytes")]
    public static partial void PurgeDone(ILogger logger, string nodeId, int studies, long bytes);
}
