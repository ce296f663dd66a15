using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Outages;

// Event ids 5110 to 5114. Peers are named as the node calls them.
internal static partial class OutageLog
{
    // DB.SO.21: told once when it begins and once when it ends.
    [LoggerMessage(5110, LogLevel.Error, "{Node}: {Text}")]
    public static partial void Began(ILogger logger, string node, string text);

    [LoggerMessage(5111, LogLevel.Information, "{Node}: {Text} after {Duration}")]
    public static partial void Ended(ILogger logger, string node, string text, TimeSpan duration);

    [LoggerMessage(5112, LogLevel.Warning, "{Node}: an outage is not in the store yet: {Fault}")]
    public static partial void NotWritten(ILogger logger, string node, string fault);

    [LoggerMessage(5113, LogLevel.Error,
        "{Node}: the clock of this machine is {Skew} ahead of that of the database (negative: behind): synchronise both (NTP)")]
    public static partial void ClockApart(ILogger logger, string node, TimeSpan skew);

    [LoggerMessage(5114, LogLevel.Information, "{Node}: the clocks of this machine and of the database agree again ({Skew})")]
    public static partial void ClockAgrees(ILogger logger, string node, TimeSpan skew);
}
