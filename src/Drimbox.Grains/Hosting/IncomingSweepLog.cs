using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Hosting;

// Event id 5120.
internal static partial class IncomingSweepLog
{
    [LoggerMessage(5120, LogLevel.Information, "{Count} unfinished files of processes that are gone were removed")]
    public static partial void Swept(ILogger logger, int count);
}
