namespace Drimbox.Core.Statistics;

/// <summary>A histogram of durations that adds up: from 1 ms to 24 days, each bucket 1.5 times the one before. A
/// quantile is the upper bound of the bucket that holds it, so at most half as much again as the true one.</summary>
public static class DurationBuckets
{
    public const int Count = 54;

    private const double FirstBoundSeconds = 0.001;
    private const double Growth = 1.5;

    /// <summary>The bucket of a duration.</summary>
    public static int IndexOf(TimeSpan duration)
    {
        var seconds = Math.Max(duration.TotalSeconds, FirstBoundSeconds);
        // A bound belongs to the bucket that it ends, whatever the logarithm makes of it.
        var index = (int)Math.Ceiling(Math.Round(Math.Log(seconds / FirstBoundSeconds, Growth), 9));
        return Math.Min(index, Count - 1);
    }

    /// <summary>In seconds.</summary>
    public static double UpperBound(int index) => FirstBoundSeconds * Math.Pow(Growth, index);

    /// <summary>Seconds that a share of the durations stayed below; null without any.</summary>
    /// <param name="counts">By bucket; sorted by it.</param>
    /// <param name="share">0 to 1.</param>
    public static double? Quantile(IReadOnlyList<(int Index, long Count)> counts, double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(counts.Sum(c => c.Count) * share));
        long seen = 0;
        foreach (var (index, count) in counts)
        {
            seen += count;
            if (seen >= rank) return Math.Round(UpperBound(index), 3);
        }

        return null;
    }
}
