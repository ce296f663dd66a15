using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Audit;

// Event ids 6100-6119. Numbers and hashes of records, names of collectors: nothing that a record says.
internal static partial class AuditLog
{
    /// <summary>Outside of the store: whoever makes another chain in it cannot make this line.</summary>
    [LoggerMessage(6100, LogLevel.Information, "Audit trail: record {Record} has the hash {Sha256}")]
    public static partial void Reached(ILogger logger, long record, string sha256);

    [LoggerMessage(6101, LogLevel.Information, "Audit trail: {Records} records are removed, older than {Days} days")]
    public static partial void Pruned(ILogger logger, long records, int days);

    [LoggerMessage(6102, LogLevel.Error, "Audit trail: forwarding or removing failed and is tried again: {Exception}")]
    public static partial void WorkFailed(ILogger logger, string exception);

    [LoggerMessage(6103, LogLevel.Information, "Audit collector {Collector}: it has the records up to {Record}")]
    public static partial void Sent(ILogger logger, string collector, long record);

    [LoggerMessage(
        6104, LogLevel.Warning,
        "Audit collector {Collector}: records wait after {Record}, next attempt {NextAttempt}: {Why}")]
    public static partial void NotSent(
        ILogger logger, string collector, long record, DateTimeOffset nextAttempt, string why);

    [LoggerMessage(6106, LogLevel.Warning, "{Peer} was refused by its certificate, as the audit trail tells")]
    public static partial void NodeRefused(ILogger logger, string peer);

    [LoggerMessage(6105, LogLevel.Critical, "The end of the source could not be recorded in the audit trail: {Why}")]
    public static partial void EndNotRecorded(ILogger logger, string why);
}
