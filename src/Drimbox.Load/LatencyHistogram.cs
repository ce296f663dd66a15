using System.Numerics;
using Drimbox.Core;

namespace Drimbox.Load;

/// <summary>Latencies in whole microseconds, counted in log-linear buckets: exact below 256 µs, 128 buckets for each
/// doubling above, so that a value that is read back is at most 1/128 above the one that was recorded. Memory is
/// fixed and two histograms can be added. Not for concurrent use.</summary>
public sealed class LatencyHistogram
{
    private const int LinearCount = 256;
    private const int PerDoubling = LinearCount / 2;
    private const int PerDoublingBits = 7;
    private const int LastDoubling = 31;

    private readonly long[] _counts = new long[LinearCount + ((LastDoubling - PerDoublingBits) * PerDoubling)];
    private double _sum;

    /// <summary>The longest latency told apart from longer ones: 2^32 - 1 µs, 71 min. No timeout of ours is as long.
    /// </summary>
    public const long MicrosecondsMax = (1L << (LastDoubling + 1)) - 1;

    public long Count { get; private set; }

    /// <summary>The shortest, exactly; 0 if nothing was recorded.</summary>
    public long Min { get; private set; }

    /// <summary>The longest, exactly; 0 if nothing was recorded.</summary>
    public long Max { get; private set; }

    public double Mean => Count == 0 ? 0 : _sum / Count;

    /// <param name="microseconds">Below 0 counts as 0, above <see cref="MicrosecondsMax"/> as that.</param>
    public void Record(long microseconds)
    {
        var value = Math.Clamp(microseconds, 0, MicrosecondsMax);
        _counts[IndexOf(value)]++;
        Min = Count == 0 ? value : Math.Min(Min, value);
        Max = Math.Max(Max, value);
        Count++;
        _sum += value;
    }

    public void Add(LatencyHistogram other)
    {
        if (other.Count == 0) return;
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Min = Count == 0 ? other.Min : Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
        Count += other.Count;
        _sum += other._sum;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _sum = Count = Min = Max = 0;
    }

    /// <summary>The latency that a share of the operations did not exceed: the nearest rank, no interpolation.
    /// </summary>
    /// <param name="quantile">0 to 1; 0.99 is the 99th percentile.</param>
    /// <returns>Microseconds; 0 if nothing was recorded.</returns>
    public long ValueAt(double quantile)
    {
        Invariant.Holds(quantile is >= 0 and <= 1);
        var rank = Math.Max(1, (long)Math.Ceiling(quantile * Count));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank) return Math.Clamp(LastOf(i), Min, Max);
        }

        return Max;
    }

    /// <summary>The buckets that hold something, joined to at most 8 for each doubling: for a chart.</summary>
    /// <returns>The largest latency of each bucket and the number in it, ascending.</returns>
    public IEnumerable<(long Microseconds, long Count)> Buckets()
    {
        var bound = -1L;
        long count = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] == 0) continue;
            var coarse = CoarseBound(LastOf(i));
            if (coarse != bound && count > 0)
            {
                yield return (bound, count);
                count = 0;
            }

            bound = coarse;
            count += _counts[i];
        }

        if (count > 0) yield return (bound, count);
    }

    private static int IndexOf(long value)
    {
        if (value < LinearCount) return (int)value;
        var shift = BitOperations.Log2((ulong)value) - PerDoublingBits;
        return LinearCount + ((shift - 1) * PerDoubling) + (int)(value >> shift) - PerDoubling;
    }

    /// <summary>The largest value that falls into a bucket.</summary>
    private static long LastOf(int index)
    {
        if (index < LinearCount) return index;
        var shift = ((index - LinearCount) / PerDoubling) + 1;
        var top = ((index - LinearCount) % PerDoubling) + PerDoubling;
        return ((top + 1L) << shift) - 1;
    }

    private static long CoarseBound(long value)
    {
        if (value < 8) return value;
        var shift = BitOperations.Log2((ulong)value) - 3;
        return (((value >> shift) + 1) << shift) - 1;
    }
}
