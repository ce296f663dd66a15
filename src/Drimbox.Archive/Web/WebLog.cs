using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Web;

// Event ids 4000-4019. No path, no query and no UID of a request: they lead to a patient.
internal static partial class WebLog
{
    [LoggerMessage(4000, LogLevel.Information,
        "Archive {NodeId}: {Caller} stored {Stored} instances by STOW-RS, {Status}")]
    public static partial void Stored(ILogger logger, string nodeId, string caller, int stored, int status);

    [LoggerMessage(4001, LogLevel.Warning,
        "Archive {NodeId}: a DICOMweb request from {Address} is not authorised ({Status})")]
    public static partial void NotAuthorised(ILogger logger, string nodeId, string? address, int status);

    [LoggerMessage(4002, LogLevel.Error, "Archive {NodeId}: a DICOMweb request failed ({Transaction})")]
    public static partial void Failed(ILogger logger, Exception exception, string nodeId, string transaction);

    [LoggerMessage(4003, LogLevel.Warning, "Archive {NodeId}: DICOMweb keeps its former TLS files: {Reason}")]
    public static partial void TlsFilesUnusable(ILogger logger, string nodeId, string reason);
}
