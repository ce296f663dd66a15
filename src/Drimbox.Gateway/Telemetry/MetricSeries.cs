namespace Drimbox.Gateway.Telemetry;

/// <summary>The values of one metric under one set of tags.</summary>
internal sealed class MetricSeries(KeyValuePair<string, object?>[] tags, int buckets)
{
    public KeyValuePair<string, object?>[] Tags { get; } = tags;

    /// <summary>Of a counter or a gauge; of a histogram, the sum.</summary>
    public double Value { get; set; }

    /// <summary>How many were measured, by bucket, the last without a bound; empty where it is no histogram.</summary>
    public long[] Buckets { get; } = new long[buckets];

    public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != Tags.Length) return false;
        for (var i = 0; i < tags.Length; i++)
        {
            if (tags[i].Key != Tags[i].Key || !Equals(tags[i].Value, Tags[i].Value)) return false;
        }

        return true;
    }

    public MetricSeries Copy()
    {
        var copy = new MetricSeries(Tags, Buckets.Length) { Value = Value };
        Buckets.CopyTo(copy.Buckets, 0);
        return copy;
    }
}
