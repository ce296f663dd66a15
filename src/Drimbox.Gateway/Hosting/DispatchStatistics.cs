using System.Diagnostics.Metrics;
using Drimbox.Grains.Dispatch;

namespace Drimbox.Gateway.Hosting;

/// <summary>One row of <c>drimbox publications statistics</c>.</summary>
/// <param name="Count">Of a counter; for a histogram, how many were measured.</param>
/// <param name="P50">Seconds that half of them stayed below; only for a histogram.</param>
internal sealed record StatisticsRow(string Metric, string Tags, long Count, double? P50, double? P90, double? P99);

/// <summary>Adds up what the dispatchers of this process count, since its start, for whoever has no collector of
/// metrics.</summary>
internal sealed class DispatchStatistics : IAsyncDisposable
{
    // 1 ms to a week: each bucket is 1.5 times the one before.
    private const double FirstBound = 0.001;
    private const double Growth = 1.5;
    private const int Buckets = 52;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Metric, string Tags), long[]> _sums = [];
    private readonly MeterListener _listener = new();

    public DispatchStatistics()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == DispatchMetrics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (_lock) SumsOf(instrument, tags, 1)[0] += value;
        });
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            var bucket = (int)Math.Ceiling(Math.Log(Math.Max(value, FirstBound) / FirstBound, Growth));
            lock (_lock) SumsOf(instrument, tags, Buckets)[Math.Min(bucket, Buckets - 1)]++;
        });
        _listener.Start();
    }

    public IReadOnlyList<StatisticsRow> Rows
    {
        get
        {
            lock (_lock)
            {
                return [.. _sums.Select(sum => sum.Value.Length == 1
                    ? new StatisticsRow(sum.Key.Metric, sum.Key.Tags, sum.Value[0], null, null, null)
                    : new StatisticsRow(
                        sum.Key.Metric, sum.Key.Tags, sum.Value.Sum(), Quantile(sum.Value, 0.5),
                        Quantile(sum.Value, 0.9), Quantile(sum.Value, 0.99)))];
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    private long[] SumsOf(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags, int length)
    {
        var names = new List<string>(tags.Length);
        foreach (var (name, value) in tags) names.Add($"{name}={value}");
        var key = (instrument.Name, string.Join(' ', names.Order(StringComparer.Ordinal)));
        if (!_sums.TryGetValue(key, out var sums)) _sums.Add(key, sums = new long[length]);
        return sums;
    }

    /// <summary>The upper bound of the bucket that holds it.</summary>
    private static double Quantile(long[] buckets, double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(buckets.Sum() * share));
        long seen = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            seen += buckets[i];
            if (seen >= rank) return Math.Round(FirstBound * Math.Pow(Growth, i), 3);
        }

        return FirstBound;
    }
}
