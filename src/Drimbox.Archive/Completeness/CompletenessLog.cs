using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Completeness;

// Event ids 1200-1209. A study has no name here: its UID may lead to a patient.
internal static partial class CompletenessLog
{
    [LoggerMessage(1200, LogLevel.Information, "Archive {NodeId}: a study is complete: {Reason}")]
    public static partial void Complete(ILogger logger, string nodeId, string reason);

    [LoggerMessage(1201, LogLevel.Information,
        "Archive {NodeId}: {CallingAe} reports the end of a procedure step with {Instances} instances")]
    public static partial void Announced(ILogger logger, string nodeId, string callingAe, int instances);

    [LoggerMessage(1202, LogLevel.Error, "Archive {NodeId}: the worker of study completeness failed and goes on")]
    public static partial void Failed(ILogger logger, Exception exception, string nodeId);
}
