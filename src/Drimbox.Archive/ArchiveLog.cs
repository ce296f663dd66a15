using System.Net;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

// Event ids 1100-1199. Objects are named by our own file names and row ids: UIDs may lead to a patient.
internal static partial class ArchiveLog
{
    [LoggerMessage(1100, LogLevel.Information,
        "Archive {NodeId}: the last stop was not clean; {Rows} rows are checked against their files")]
    public static partial void Checking(ILogger logger, string nodeId, int rows);

    [LoggerMessage(1101, LogLevel.Error,
        "Archive {NodeId}: row {RowId} has no whole file and is dropped, and what there is of the file goes to damaged/; "
        + "it was acknowledged unless the disk lied")]
    public static partial void RowDropped(ILogger logger, string nodeId, long rowId);

    [LoggerMessage(1102, LogLevel.Information, "Archive {NodeId}: {Files} files without a row were removed")]
    public static partial void OrphansRemoved(ILogger logger, string nodeId, int files);

    [LoggerMessage(1103, LogLevel.Warning,
        "Archive {NodeId}: another data set under a known UID, from {CallingAe}, is quarantined as {FileName}: {Reason}")]
    public static partial void Quarantined(
        ILogger logger, string nodeId, string callingAe, string fileName, string reason);

    [LoggerMessage(1104, LogLevel.Warning, "Archive {NodeId}: a data set from {CallingAe} is refused: {Reason}")]
    public static partial void Refused(ILogger logger, string nodeId, string callingAe, string reason);

    [LoggerMessage(1105, LogLevel.Information,
        "Archive {NodeId}: a rejection note ({Reason}) from {CallingAe} hid {Count} instances")]
    public static partial void Rejected(ILogger logger, string nodeId, string reason, string callingAe, int count);

    [LoggerMessage(1106, LogLevel.Warning,
        "Archive {NodeId}: a rejection note from {CallingAe} is not readable and hides nothing: {Reason}")]
    public static partial void NoteUnreadable(ILogger logger, string nodeId, string callingAe, string reason);

    [LoggerMessage(1107, LogLevel.Error, "Archive {NodeId}: storing failed, the peer is told A700")]
    public static partial void StoreFailed(ILogger logger, Exception exception, string nodeId);

    [LoggerMessage(1110, LogLevel.Information,
        "Archive {NodeId}: {CallingAe} replaced an instance by {FileName}; the former files are kept")]
    public static partial void Replaced(ILogger logger, string nodeId, string callingAe, string fileName);

    [LoggerMessage(1111, LogLevel.Information,
        "Archive {NodeId}: {CallingAe} sent an instance in another transfer syntax; {FileName} is kept beside it")]
    public static partial void RenditionKept(ILogger logger, string nodeId, string callingAe, string fileName);

    [LoggerMessage(1112, LogLevel.Warning,
        "Archive {NodeId}: {FileName} lay aside without a row and is taken into quarantine")]
    public static partial void Adopted(ILogger logger, string nodeId, string fileName);

    [LoggerMessage(1113, LogLevel.Error,
        "Archive {NodeId}: row {RowId} has no whole file; version {Version}, which is whole, takes its place")]
    public static partial void FellBack(ILogger logger, string nodeId, long rowId, int version);

    [LoggerMessage(1114, LogLevel.Error,
        "Archive {NodeId}: {FileName}, of a prior version or a rendition, is not whole; its row is dropped")]
    public static partial void FurtherDropped(ILogger logger, string nodeId, string fileName);

    [LoggerMessage(1115, LogLevel.Information, "Archive {NodeId}: {Actor} {Action} {What}")]
    public static partial void Administered(ILogger logger, string nodeId, string actor, string action, string what);

    [LoggerMessage(1116, LogLevel.Error, "Archive {NodeId}: {FileName} lies aside and cannot be read")]
    public static partial void Unreadable(ILogger logger, Exception exception, string nodeId, string fileName);

    [LoggerMessage(1117, LogLevel.Warning,
        "Archive {NodeId}: message {Type} refused with {AckCode}: {Reason} at {Location}")]
    public static partial void MessageRefused(
        ILogger logger, string nodeId, string type, string ackCode, string reason, string? location);

    [LoggerMessage(1118, LogLevel.Warning,
        "Archive {NodeId}: a frame of {Peer} has no readable MSH: the connection is closed")]
    public static partial void FrameUnreadable(ILogger logger, string nodeId, IPAddress peer);

    [LoggerMessage(1119, LogLevel.Error,
        "Archive {NodeId}: the look at what other processes left failed; it is repeated in a minute")]
    public static partial void LookFailed(ILogger logger, Exception exception, string nodeId);

    [LoggerMessage(1190, LogLevel.Error,
        "Archive {NodeId}: {FileName} cannot be read and was not checked")]
    public static partial void FileUnreadable(ILogger logger, Exception exception, string nodeId, string fileName);
}
