using System.Diagnostics.Metrics;
using Drimbox.Core;
using Drimbox.Gateway.Telemetry;

namespace Drimbox.Tests.Telemetry;

/// <summary>What an instrument measured is what the page says.</summary>
public sealed class MetricsPageTests
{
    // A meter for each test: the register listens to the whole process.
    private readonly string _name = "Drimbox.Tests." + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task Counters_gauges_and_histograms_are_added_up_by_their_tags()
    {
        await using var register = new MetricRegister();
        using var meter = new Meter(_name);
        var counter = meter.CreateCounter<long>("test.sent", "By", "What was sent.");
        counter.Add(3, new KeyValuePair<string, object?>("to", "A"));
        counter.Add(4, new KeyValuePair<string, object?>("to", "A"));
        counter.Add(5, new KeyValuePair<string, object?>("to", "B"));
        var open = meter.CreateUpDownCounter<int>("test.open", "{association}");
        open.Add(2);
        open.Add(-1);
        meter.CreateGauge<double>("test.level", "1").Record(0.5);
        var histogram = meter.CreateHistogram<double>(
            "test.duration", "s", null, tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in (double[])[0.1, 0.5, 7]) histogram.Record(seconds);

        var samples = PageReader.Read(PrometheusPage.Write(register.Read()));

        Assert.Equal(7, samples["test_sent_bytes_total{to=\"A\"}"]);
        Assert.Equal(5, samples["test_sent_bytes_total{to=\"B\"}"]);
        Assert.Equal(1, samples["test_open"]);
        Assert.Equal(0.5, samples["test_level"]);
        Assert.Equal(1, samples["test_duration_seconds_bucket{le=\"0.1\"}"]);
        Assert.Equal(2, samples["test_duration_seconds_bucket{le=\"1\"}"]);
        Assert.Equal(3, samples["test_duration_seconds_bucket{le=\"+Inf\"}"]);
        Assert.Equal(3, samples["test_duration_seconds_count"]);
        Assert.Equal(7.6, samples["test_duration_seconds_sum"], precision: 9);
    }

    [Fact]
    public async Task What_is_observed_is_as_of_now_and_gone_when_it_is_not_named_any_more()
    {
        await using var register = new MetricRegister();
        using var meter = new Meter(_name);
        string[] away = ["DMP"];
        meter.CreateObservableGauge(
            "test.away", () => away.Select(a => new Measurement<int>(1, new KeyValuePair<string, object?>("peer", a))));
        Assert.Equal(1, PageReader.Read(PrometheusPage.Write(register.Read()))["test_away{peer=\"DMP\"}"]);

        away = ["PACS"];

        var page = PageReader.Read(PrometheusPage.Write(register.Read()));
        Assert.Equal(["test_away{peer=\"PACS\"}"], page.Keys.Where(k => k.StartsWith("test_away", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Values_of_tags_cannot_break_a_line()
    {
        await using var register = new MetricRegister();
        using var meter = new Meter(_name);
        meter.CreateCounter<long>("test.odd").Add(
            1, new KeyValuePair<string, object?>("a.b", "x\"} 7\ny\\z"), new KeyValuePair<string, object?>("on", true));

        var samples = PageReader.Read(PrometheusPage.Write(register.Read()));

        Assert.Equal(1, samples["test_odd_total{a_b=\"x\\\"} 7\\ny\\\\z\",on=\"true\"}"]);
    }

    [Fact]
    public async Task A_peer_that_would_fill_the_page_is_counted_and_left_out()
    {
        await using var register = new MetricRegister();
        using var meter = new Meter(_name);
        var counter = meter.CreateCounter<long>("test.many");
        for (var i = 0; i < Limits.MetricSeriesMax + 7; i++) counter.Add(1, new KeyValuePair<string, object?>("peer", i));

        var samples = PageReader.Read(PrometheusPage.Write(register.Read()));

        Assert.Equal(
            Limits.MetricSeriesMax, samples.Keys.Count(k => k.StartsWith("test_many_total", StringComparison.Ordinal)));
        Assert.Equal(7, samples["drimbox_telemetry_refused_total"]);
    }

    [Fact]
    public async Task Meters_of_libraries_are_not_shown()
    {
        await using var register = new MetricRegister();
        using var meter = new Meter("Npgsql");
        meter.CreateCounter<long>("test.hidden").Add(1);

        Assert.DoesNotContain("test_hidden", PrometheusPage.Write(register.Read()), StringComparison.Ordinal);
    }
}
