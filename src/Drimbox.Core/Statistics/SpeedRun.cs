namespace Drimbox.Core.Statistics;

/// <summary>One series that was fetched to see how fast it comes (DB.SO.102).</summary>
/// <param name="Query">What the question before it took; null without one.</param>
/// <param name="FirstImage">From the request until the first image was there whole.</param>
/// <param name="Total">From the request until the last one was.</param>
/// <param name="Bytes">Of the images, as they came.</param>
public sealed record SpeedRun(TimeSpan? Query, TimeSpan FirstImage, TimeSpan Total, int Images, long Bytes)
{
    /// <summary>10^6 bits a second.</summary>
    public double MegabitsPerSecond => Total > TimeSpan.Zero ? Bytes * 8 / Total.TotalSeconds / 1e6 : 0;

    public double ImagesPerSecond => Total > TimeSpan.Zero ? Images / Total.TotalSeconds : 0;
}
