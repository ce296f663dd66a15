using Drimbox.Core.Statistics;

namespace Drimbox.Tests.Statistics;

/// <summary>Counts of days, and the histogram of durations.</summary>
public sealed class DayStatisticsTests
{
    private static readonly DateOnly Day = new(2026, 11, 2);

    [Fact]
    public void A_quantile_is_at_most_half_as_much_again_as_the_true_one()
    {
        var seed = Seed.Get();
        var random = new Random(seed);
        var durations = Enumerable.Range(0, 1_000).Select(_ => Math.Exp(random.NextDouble() * 14) / 1_000).Order().ToList();
        var counts = durations.GroupBy(d => DurationBuckets.IndexOf(TimeSpan.FromSeconds(d)))
            .Select(g => (g.Key, (long)g.Count())).Order().ToList();

        foreach (var share in (double[])[0.5, 0.95, 0.99, 1])
        {
            var exact = durations[(int)Math.Ceiling(durations.Count * share) - 1];
            var told = DurationBuckets.Quantile(counts, share)!.Value;
            Assert.True(told >= exact - 0.001 && told <= (exact * 1.5) + 0.001, $"seed {seed}: {share}: {exact} {told}");
        }
    }

    [Fact]
    public void A_bound_belongs_to_the_bucket_that_it_ends()
    {
        for (var i = 0; i < DurationBuckets.Count; i++)
        {
            var bound = TimeSpan.FromSeconds(DurationBuckets.UpperBound(i));
            Assert.Equal(i, DurationBuckets.IndexOf(bound));
            Assert.Equal(Math.Min(i + 1, DurationBuckets.Count - 1), DurationBuckets.IndexOf(bound * 1.01));
        }

        Assert.Equal(0, DurationBuckets.IndexOf(TimeSpan.Zero));
        Assert.Equal(DurationBuckets.Count - 1, DurationBuckets.IndexOf(TimeSpan.MaxValue));
        Assert.Null(DurationBuckets.Quantile([], 0.5));
    }

    [Fact]
    public void Successes_and_errors_are_told_by_day_and_subject_the_most_frequent_cause_first()
    {
        var days = DayStatistics.Of(
        [
            new StatisticCount(Day.AddDays(1), "b", "", 1), new StatisticCount(Day, "b", "x", 1),
            new StatisticCount(Day, "b", "", 5), new StatisticCount(Day, "b", "y", 2), new StatisticCount(Day, "a", "", 3),
        ]);

        Assert.Equal([(Day, "a", 3L, 3L), (Day, "b", 8L, 5L), (Day.AddDays(1), "b", 1L, 1L)],
            days.Select(d => (d.Day, d.Subject, d.Calls, d.Successes)));
        Assert.Equal([new ErrorCount("y", 2), new ErrorCount("x", 1)], days[1].Errors);
        Assert.Null(days[1].P50);
    }

    [Fact]
    public void Buckets_are_compared_as_numbers()
    {
        var day = Assert.Single(DayStatistics.Of(
        [
            new StatisticCount(Day, StatisticSubject.ReportToDmp, "10", 1),
            new StatisticCount(Day, StatisticSubject.ReportToDmp, "9", 98),
            new StatisticCount(Day, StatisticSubject.ReportToDmp, "20", 1),
        ]));

        Assert.Equal(
            (100L, Math.Round(DurationBuckets.UpperBound(9), 3), Math.Round(DurationBuckets.UpperBound(10), 3)),
            (day.Calls, day.P50!.Value, day.P99!.Value));
        Assert.Empty(day.Errors);
    }
}
