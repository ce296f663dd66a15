using Drimbox.Core.Identity;
using Drimbox.Core.Resynchronisation;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Resynchronisation;

// Event ids 3180-3189. Studies are named by their hash.
internal static partial class ResyncLog
{
    [LoggerMessage(3180, LogLevel.Information, "Resynchronisation {Run} is {State} by {Actor}")]
    public static partial void Moved(ILogger logger, long run, ResyncState state, string actor);

    [LoggerMessage(3181, LogLevel.Information, "Resynchronisation {Run} is done")]
    public static partial void Done(ILogger logger, long run);

    [LoggerMessage(3182, LogLevel.Warning, "Resynchronisation {Run} pauses: {Why}")]
    public static partial void PausedItself(ILogger logger, long run, string why);

    [LoggerMessage(3183, LogLevel.Information, "Resynchronisation {Run} waits: {Why}")]
    public static partial void Waits(ILogger logger, long run, string why);

    [LoggerMessage(3184, LogLevel.Debug, "Resynchronisation {Run}: study {Study}: {Outcome}")]
    public static partial void StudyDone(ILogger logger, long run, StudyRef study, ResyncOutcome outcome);

    [LoggerMessage(3185, LogLevel.Error, "Resynchronisation failed, it goes on later")]
    public static partial void Failed(ILogger logger, Exception exception);
}
