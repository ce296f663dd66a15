using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Commitment;

// Event ids 1150-1159.
internal static partial class CommitmentLog
{
    [LoggerMessage(1150, LogLevel.Information,
        "Archive {NodeId}: storage commitment for {Requester}: {Committed} instances committed to, {Failed} not")]
    public static partial void Reported(ILogger logger, string nodeId, string requester, int committed, int failed);

    [LoggerMessage(1151, LogLevel.Warning,
        "Archive {NodeId}: the report of a storage commitment to {Requester} waits: {Reason}")]
    public static partial void Delayed(ILogger logger, string nodeId, string requester, string reason);

    [LoggerMessage(1152, LogLevel.Error,
        "Archive {NodeId}: a storage commitment for {Requester} is not reported: {Reason}")]
    public static partial void Abandoned(ILogger logger, string nodeId, string requester, string reason);

    [LoggerMessage(1153, LogLevel.Error,
        "Archive {NodeId}: the file of row {RowId} is not what was stored; it is not committed to")]
    public static partial void Damaged(ILogger logger, string nodeId, long rowId);

    [LoggerMessage(1154, LogLevel.Error, "Archive {NodeId}: the worker of storage commitment failed and goes on")]
    public static partial void Failed(ILogger logger, Exception exception, string nodeId);
}
