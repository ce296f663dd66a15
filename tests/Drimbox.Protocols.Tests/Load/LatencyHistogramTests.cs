using Drimbox.Load;

namespace Drimbox.Tests.Load;

public sealed class LatencyHistogramTests
{
    private static readonly double[] Quantiles = [0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1];

    [Fact]
    public void A_percentile_is_at_most_one_in_128_above_that_of_the_sorted_values()
    {
        var random = new Random(Seed.Get());
        for (var round = 0; round < 50; round++)
        {
            var values = Values(random, random.Next(1, 5000));
            var histogram = Recorded(values);
            Array.Sort(values);
            foreach (var quantile in Quantiles)
            {
                var exact = values[Math.Max(0, (int)Math.Ceiling(quantile * values.Length) - 1)];
                Assert.InRange(histogram.ValueAt(quantile), exact, exact + (exact / 128.0));
            }

            Assert.Equal(values.Length, histogram.Count);
            Assert.Equal(values[0], histogram.Min);
            Assert.Equal(values[^1], histogram.Max);
            Assert.Equal(values.Average(), histogram.Mean, 6);
        }
    }

    [Fact]
    public void Values_below_256_microseconds_are_exact()
    {
        var histogram = Recorded([.. Enumerable.Range(0, 256).Select(i => (long)i)]);
        for (var i = 1; i <= 256; i++) Assert.Equal(i - 1, histogram.ValueAt(i / 256.0));
    }

    [Fact]
    public void Two_histograms_added_are_the_histogram_of_all_values()
    {
        var random = new Random(Seed.Get());
        var (left, right) = (Values(random, 800), Values(random, 1300));
        var sum = Recorded(left);
        sum.Add(Recorded(right));
        sum.Add(new LatencyHistogram());
        var all = Recorded([.. left, .. right]);
        foreach (var quantile in Quantiles) Assert.Equal(all.ValueAt(quantile), sum.ValueAt(quantile));
        Assert.Equal((all.Count, all.Min, all.Max), (sum.Count, sum.Min, sum.Max));
        Assert.Equal(all.Mean, sum.Mean, 6);
        Assert.Equal(all.Buckets(), sum.Buckets());
    }

    [Fact]
    public void Buckets_ascend_hold_every_value_and_are_at_most_eight_for_each_doubling()
    {
        var values = Values(new Random(Seed.Get()), 5000);
        var buckets = Recorded(values).Buckets().ToList();
        Assert.Equal(values.Length, buckets.Sum(b => b.Count));
        Assert.Equal(buckets.Select(b => b.Microseconds).Order(), buckets.Select(b => b.Microseconds));
        long seen = 0;
        foreach (var (bound, count) in buckets)
        {
            seen += count;
            Assert.Equal(values.LongCount(v => v <= bound), seen);
        }

        Assert.All(
            buckets.GroupBy(b => long.Log2(b.Microseconds + 1)), doubling => Assert.InRange(doubling.Count(), 1, 8));
    }

    [Fact]
    public void What_is_out_of_range_counts_at_its_end()
    {
        var histogram = Recorded([-5, long.MaxValue]);
        Assert.Equal((0, LatencyHistogram.MicrosecondsMax), (histogram.Min, histogram.Max));
        Assert.Equal(LatencyHistogram.MicrosecondsMax, histogram.ValueAt(1));
    }

    [Fact]
    public void A_cleared_histogram_is_empty()
    {
        var histogram = Recorded([1, 2, 3_000_000]);
        histogram.Clear();
        Assert.Equal((0, 0, 0, 0.0), (histogram.Count, histogram.Min, histogram.Max, histogram.Mean));
        Assert.Equal(0, histogram.ValueAt(0.99));
        Assert.Empty(histogram.Buckets());
    }

    private static LatencyHistogram Recorded(long[] values)
    {
        var histogram = new LatencyHistogram();
        foreach (var value in values) histogram.Record(value);
        return histogram;
    }

    // Evenly over the magnitudes, as latencies are.
    private static long[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (long)Math.Pow(2, random.NextDouble() * 32) - 1)];
}
