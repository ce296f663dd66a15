using System.Diagnostics.Metrics;
using Drimbox.Core;

namespace Drimbox.Gateway.Telemetry;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One instrument of the program, added up.</summary>
internal sealed class Metric
{
    // Seconds: from the answer of a loopback to a report that waited for a DMP for a day.
    private static readonly double[] _seconds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];

    // Of anything else, for example bytes.
    private static readonly double[] _powers = [1, 16, 256, 4_096, 65_536, 1_048_576, 16_777_216, 268_435_456];

    private readonly Lock _gate = new();
    private readonly List<MetricSeries> _series = [];
    private readonly bool _isObserved;

    // It is told its value, and not by how much it changed.
    private readonly bool _isSet;

    public Metric(Instrument instrument)
    {
        Name = instrument.Name;
        Unit = instrument.Unit ?? "";
        Description = instrument.Description ?? "";
        _isObserved = instrument.IsObservable;
        Kind = KindOf(instrument.GetType());
        _isSet = instrument.IsObservable || instrument.GetType().GetGenericTypeDefinition() == typeof(Gauge<>);
        Bounds = Kind != MetricKind.Histogram ? [] : BoundsOf(instrument);
    }

    public string Name { get; }

    public string Unit { get; }

    public string Description { get; }

    public MetricKind Kind { get; }

    /// <summary>The upper bounds of the buckets of a histogram, ascending.</summary>
    public IReadOnlyList<double> Bounds { get; }

    /// <summary>Measurements that were left out, because there were <see cref="Limits.MetricSeriesMax"/> series.</summary>
    public long Refused { get; private set; }

    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            if (SeriesOf(tags) is not { } series)
            {
                Refused++;
                return;
            }

            if (Kind == MetricKind.Histogram) series.Buckets[BucketOf(value)]++;
            series.Value = _isSet ? value : series.Value + value;
        }
    }

    /// <summary>Before what is observed is asked for again: what it does not name any more is gone.</summary>
    public void Forget()
    {
        if (!_isObserved) return;
        lock (_gate) _series.Clear();
    }

    public IReadOnlyList<MetricSeries> Read()
    {
        lock (_gate) return [.. _series.Select(series => series.Copy())];
    }

    private MetricSeries? SeriesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var known in _series)
        {
            if (known.Has(tags)) return known;
        }

        if (_series.Count == Limits.MetricSeriesMax) return null;
        var series = new MetricSeries(tags.ToArray(), Kind == MetricKind.Histogram ? Bounds.Count + 1 : 0);
        _series.Add(series);
        return series;
    }

    private int BucketOf(double value)
    {
        var bucket = 0;
        while (bucket < Bounds.Count && value > Bounds[bucket]) bucket++;
        return bucket;
    }

    private static MetricKind KindOf(Type type)
    {
        var definition = type.GetGenericTypeDefinition();
        if (definition == typeof(Counter<>) || definition == typeof(ObservableCounter<>)) return MetricKind.Counter;
        return definition == typeof(Histogram<>) ? MetricKind.Histogram : MetricKind.Gauge;
    }

    private static IReadOnlyList<double> BoundsOf(Instrument instrument)
    {
        var advised = (instrument as Instrument<double>)?.Advice?.HistogramBucketBoundaries;
        return advised is { Count: > 0 } ? advised : instrument.Unit == "s" ? _seconds : _powers;
    }
}
