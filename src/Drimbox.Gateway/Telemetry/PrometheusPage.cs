using System.Globalization;
using System.Text;

namespace Drimbox.Gateway.Telemetry;

/// <summary>Metrics in the text format that Prometheus reads (exposition format 0.0.4). Names are those of OpenTelemetry
/// with underscores, the unit behind them in full, and <c>_total</c> behind a counter.</summary>
internal static class PrometheusPage
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IReadOnlyList<Metric> metrics)
    {
        var page = new StringBuilder();
        var refused = 0L;
        foreach (var metric in metrics)
        {
            refused += metric.Refused;
            var series = metric.Read();
            if (series.Count == 0) continue;
            var name = NameOf(metric);
            Head(page, name, metric.Description, metric.Kind);
            foreach (var one in series)
            {
                if (metric.Kind == MetricKind.Histogram) Histogram(page, name, metric.Bounds, one);
                else Sample(page, name, one.Tags, null, one.Value);
            }
        }

        const string Refused = "drimbox_telemetry_refused_total";
        Head(page, Refused, "Measurements left out of this page: too many series of a metric.", MetricKind.Counter);
        Sample(page, Refused, [], null, refused);
        return page.ToString();
    }

    /// <summary>The name of a metric on the page.</summary>
    public static string NameOf(Metric metric)
    {
        var name = Clean(metric.Name);
        var unit = UnitOf(metric.Unit);
        if (unit.Length > 0 && !name.EndsWith('_' + unit, StringComparison.Ordinal)) name += '_' + unit;
        // The suffix belongs to a histogram.
        const string Count = "_count";
        if (metric.Kind != MetricKind.Histogram && name.EndsWith(Count, StringComparison.Ordinal))
            name = name[..^Count.Length] + "_number";
        const string Total = "_total";
        return metric.Kind == MetricKind.Counter && !name.EndsWith(Total, StringComparison.Ordinal) ? name + Total : name;
    }

    private static void Head(StringBuilder page, string name, string description, MetricKind kind)
    {
        if (description.Length > 0)
        {
            var text = description.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
            page.Append("# HELP ").Append(name).Append(' ').Append(text).Append('\n');
        }

        var type = kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        };
        page.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    private static void Histogram(StringBuilder page, string name, IReadOnlyList<double> bounds, MetricSeries series)
    {
        var count = 0L;
        for (var i = 0; i < series.Buckets.Length; i++)
        {
            count += series.Buckets[i];
            var bound = i < bounds.Count ? Number(bounds[i]) : "+Inf";
            Sample(page, name + "_bucket", series.Tags, bound, count);
        }

        Sample(page, name + "_sum", series.Tags, null, series.Value);
        Sample(page, name + "_count", series.Tags, null, count);
    }

    private static void Sample(
        StringBuilder page, string name, KeyValuePair<string, object?>[] tags, string? bound, double value)
    {
        page.Append(name);
        var separator = '{';
        foreach (var (key, tag) in tags)
        {
            page.Append(separator).Append(Clean(key)).Append("=\"").Append(Escape(tag)).Append('"');
            separator = ',';
        }

        if (bound is not null)
        {
            page.Append(separator).Append("le=\"").Append(bound).Append('"');
            separator = ',';
        }

        if (separator == ',') page.Append('}');
        page.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string UnitOf(string unit) => unit switch
    {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "%" => "percent",
        "" or "1" or ['{', ..] => "",
        _ => Clean(unit),
    };

    private static string Clean(string name)
    {
        var clean = new StringBuilder(name.Length);
        foreach (var c in name) clean.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (clean.Length == 0 || char.IsAsciiDigit(clean[0])) clean.Insert(0, '_');
        return clean.ToString();
    }

    private static string Escape(object? value)
    {
        var text = value is bool flag
            ? flag ? "true" : "false"
            : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", @"\n", StringComparison.Ordinal);
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);
}
