using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Hosting;

/// <summary>Events 7100 and on: the configuration of the running process.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(7100, LogLevel.Warning,
        "The configuration was read again for {Actor}. In force now: {Applied}. After a restart: {NeedRestart}")]
    public static partial void ConfigurationReloaded(ILogger logger, string actor, string applied, string needRestart);

    [LoggerMessage(7101, LogLevel.Error, "The configuration was read again for {Actor}, and nothing was changed: {Error}")]
    public static partial void ConfigurationWrong(ILogger logger, string actor, string error);
}
