using System.ComponentModel.DataAnnotations;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>How fast and how often the files of an archive are read again and compared with what was received.</summary>
public sealed record ScrubOptions
{
    public static readonly ScrubOptions Off = new() { MegabytesPerSecond = 0 };

    /// <summary>Megabytes (10^6 bytes) a second, 0 to 10,000; 0: never. Default 20: a disk and a processor hardly notice
    /// it, and 10 TB are read in six days.</summary>
    [Range(0, 10_000)]
    public double MegabytesPerSecond { get; init; } = 20;

    /// <summary>Days from the end of a round to the start of the next, 0 to 3650. Default 7.</summary>
    [Range(0, 3650)]
    public double PauseDays { get; init; } = 7;
}

/// <summary>When the scrubber has work: a decision about its progress.</summary>
internal static class ScrubSchedule
{
    public static bool IsInRound(ScrubProgress progress) =>
        progress.RoundStartedAt is { } started && !(progress.RoundEndedAt >= started);

    /// <returns>From when on there is something to read; null: not before a person starts it.</returns>
    public static DateTimeOffset? DueAt(ScrubProgress progress, ScrubOptions options)
    {
        if (progress.IsPaused || options.MegabytesPerSecond <= 0) return null;
        if (IsInRound(progress) || progress.RoundEndedAt is not { } ended) return DateTimeOffset.MinValue;
        return ended + TimeSpan.FromDays(options.PauseDays);
    }

    public static ScrubProgress BeginRound(ScrubProgress progress, DateTimeOffset now) => progress with
    {
        Position = 0, RoundStartedAt = now, Files = 0, Bytes = 0, Mismatches = 0,
    };

    // A round that was begun and ended in the same moment is over.
    public static ScrubProgress EndRound(ScrubProgress progress, DateTimeOffset now) =>
        progress with { Position = 0, RoundEndedAt = now };
}

/// <summary>Spreads bytes over time: says how long to wait after some were read. Time that was lost is not caught up,
/// so that a busy disk is not met with a burst.</summary>
internal sealed class Pace(double bytesPerSecond)
{
    private TimeSpan _due = TimeSpan.MinValue;

    /// <param name="now">On a clock that never runs backwards.</param>
    public TimeSpan Spend(long bytes, TimeSpan now)
    {
        if (_due < now) _due = now;
        _due += TimeSpan.FromSeconds(bytes / bytesPerSecond);
        return _due - now;
    }
}
