using Drimbox.Core.Statistics;

namespace Drimbox.Gateway.Administration;

/// <summary>One run of a speed test as it is shown: milliseconds and 10^6 bits a second, rounded.</summary>
internal sealed record SpeedFigures(
    double? QueryMs, double FirstImageMs, double TotalMs, int Images, long Bytes, double MegabitsPerSecond,
    double ImagesPerSecond)
{
    /// <summary>The run in the middle by its throughput: one odd run does not count.</summary>
    /// <param name="runs">At least one.</param>
    public static SpeedFigures Median(IReadOnlyList<SpeedFigures> runs) =>
        runs.OrderBy(run => run.MegabitsPerSecond).ElementAt((runs.Count - 1) / 2);

    public static SpeedFigures Of(SpeedRun run) => new(
        run.Query is { } query ? Math.Round(query.TotalMilliseconds, 1) : null,
        Math.Round(run.FirstImage.TotalMilliseconds, 1),
        Math.Round(run.Total.TotalMilliseconds, 1),
        run.Images,
        run.Bytes,
        Math.Round(run.MegabitsPerSecond, 1),
        Math.Round(run.ImagesPerSecond, 1));
}
