using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Outages;

// Event ids 5110 to 5113. Peers are named as the node calls them.
internal static partial class OutageLog
{
    // DB.SO.21: told once when it begins and once when it ends.
    [LoggerMessage(5110, LogLevel.Error, "{Node}: {Text}")]
    public static partial void Began(ILogger logger, string node, string text);

    [LoggerMessage(5111, LogLevel.Information, "{Node}: {Text} after {Duration}")]
    public static partial void Ended(ILogger logger, string node, string text, TimeSpan duration);

    [LoggerMessage(5112, LogLevel.Warning, "{Node}: an outage is not in the store yet: {Fault}")]
    public static partial void NotWritten(ILogger logger, string node, string fault);
}
