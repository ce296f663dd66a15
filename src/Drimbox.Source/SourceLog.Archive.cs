using Drimbox.Core.Identity;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source;

// Event ids 3160-3179: the publications that are kept, handed over, re-issued and counted.
internal static partial class SourceLog
{
    [LoggerMessage(
        3160, LogLevel.Information, "Study {Study}: the manifest is re-issued for the present host (DB.SO.31)")]
    public static partial void Reissued(ILogger logger, StudyRef study);

    [LoggerMessage(3161, LogLevel.Error, "Study {Study}: the manifest cannot be re-issued, its KOS cannot be read")]
    public static partial void NotReissued(ILogger logger, StudyRef study);

    [LoggerMessage(
        3162, LogLevel.Information,
        "All studies were looked at for another host: {Reissued} re-issued, {Current} lead there, {Failed} failed")]
    public static partial void ReissueEnded(ILogger logger, int reissued, int current, int failed);

    [LoggerMessage(3163, LogLevel.Error, "The re-issue stopped: {Fault}; it goes on at the next start")]
    public static partial void ReissueFailed(ILogger logger, string fault);

    [LoggerMessage(3164, LogLevel.Information, "Export of manifests ended: {Studies} studies, {Refused} left out")]
    public static partial void Exported(ILogger logger, long studies, long refused);

    [LoggerMessage(
        3165, LogLevel.Information,
        "Import of manifests ended: {Studies} studies taken over, {Unchanged} known already, {Refused} refused")]
    public static partial void Imported(ILogger logger, long studies, long unchanged, long refused);

    [LoggerMessage(
        3166, LogLevel.Error, "Counts of the statistics could not be stored, they are kept for the next time: {Fault}")]
    public static partial void StatisticsNotStored(ILogger logger, string fault);
}
