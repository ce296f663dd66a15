using System.Text.Json;
using System.Text.RegularExpressions;
using Drimbox.Load;
using Drimbox.Load.Results;

namespace Drimbox.Tests.Load;

public sealed partial class ResultTests
{
    [Fact]
    public void A_result_is_read_as_it_was_written()
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "a.json");
        var result = Result(perSecond: 700, p99: 4);
        File.WriteAllText(path, ResultFile.ToJson(result));
        var read = ResultFile.TryRead(path, out var refusal);
        Assert.Null(refusal);
        Assert.Equal(ResultFile.ToJson(result), ResultFile.ToJson(read!));
    }

    [Theory]
    [InlineData("", "is no result of drimbox load (line 1)")]
    [InlineData("{}", "is no result of drimbox load")]
    [InlineData("[1]", "is no result of drimbox load")]
    public void What_is_no_result_is_refused_with_what_to_do(string text, string expected)
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "a.json");
        File.WriteAllText(path, text);
        Assert.Null(ResultFile.TryRead(path, out var refusal));
        Assert.Contains(expected, refusal!.Detail, StringComparison.Ordinal);
        Assert.Null(ResultFile.TryRead(path + ".absent", out refusal));
        Assert.Contains("cannot be read", refusal!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_of_another_format_is_refused()
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "a.json");
        File.WriteAllText(path, ResultFile.ToJson(Result(700, 4) with { Format = 99 }));
        Assert.Null(ResultFile.TryRead(path, out var refusal));
        Assert.Contains("another version", refusal!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_holds_the_figures_and_asks_nobody_for_anything()
    {
        var page = HtmlReport.Of(Result(700, 4) with { Setup = Setup with { Target = "</script><b>@h:1" } });
        Assert.DoesNotContain("</script><b>", page, StringComparison.Ordinal);
        var json = ResultJson().Match(page).Groups[1].Value;
        Assert.Equal(700, JsonDocument.Parse(json).RootElement.GetProperty("operations")[0].GetProperty("perSecond").GetDouble());
        foreach (var outside in new[] { "src=", "href=", "@import", "url(", "fetch(" })
            Assert.DoesNotContain(outside, page, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(700, 4, Verdict.Same, Verdict.Same)]
    [InlineData(690, 4.1, Verdict.Same, Verdict.Same)]
    [InlineData(600, 4, Verdict.Worse, Verdict.Same)]
    [InlineData(800, 4, Verdict.Better, Verdict.Same)]
    [InlineData(700, 8, Verdict.Same, Verdict.Worse)]
    [InlineData(700, 2, Verdict.Same, Verdict.Better)]
    public void More_a_second_is_better_and_a_longer_wait_is_worse(double perSecond, double p99, Verdict rate, Verdict tail)
    {
        var comparison = Comparison.Of(Result(700, 4), Result(perSecond, p99), 0.05);
        Assert.Equal(rate, comparison.Figures.Single(f => f.Name == "store per second").Verdict);
        Assert.Equal(tail, comparison.Figures.Single(f => f.Name == "store p99 ms").Verdict);
        Assert.Equal(rate == Verdict.Worse || tail == Verdict.Worse, comparison.IsWorse);
        Assert.Empty(comparison.SetupDifferences);
    }

    [Fact]
    public void A_tenth_of_a_millisecond_more_is_noise()
    {
        var comparison = Comparison.Of(Result(700, 0.1), Result(700, 0.2), 0.05);
        Assert.Equal(Verdict.Same, comparison.Figures.Single(f => f.Name == "store p99 ms").Verdict);
    }

    [Fact]
    public void Errors_where_there_were_none_are_worse()
    {
        var before = Result(700, 4);
        var after = before with { Operations = [before.Operations[0] with { Errors = 1 }] };
        Assert.True(Comparison.Of(before, after, 0.05).IsWorse);
        Assert.False(Comparison.Of(after, before, 0.05).IsWorse);
    }

    [Fact]
    public void Runs_that_were_told_different_things_are_named()
    {
        var other = Result(700, 4) with { Setup = Setup with { Associations = 4, Rate = 10 } };
        Assert.Equal(
            ["rate: none and 10", "associations: 1 and 4"], Comparison.Of(Result(700, 4), other, 0.05).SetupDifferences);
    }

    private static LoadSetup Setup { get; } = new(
        "PACS@h:104", null, null, "store=1", ["CT 512 KiB"], null, 1, 1, 1, null, 131072, 0, 10, null, 1);

    private static LoadResult Result(double perSecond, double p99)
    {
        var latency = new LatencySummary(7000, 1, 1.4, 1.3, 1.5, 2, 2.5, p99, 9, 12);
        var second = new SecondOfOperation(OperationKind.Store, 700, 0, 700 * 512 * 1024, 1.3, 2, p99, 12);
        return new LoadResult(
            LoadResult.CurrentFormat, DateTimeOffset.UnixEpoch, Setup, 10, false, 0,
            LatencySummary.Of(new LatencyHistogram()), latency,
            [new OperationResult(
                OperationKind.Store, 7000, 0, 1000, perSecond, 350, latency,
                new Dictionary<string, long> { ["0000 (success)"] = 7000 }, [new LatencyBucket(2, 6000), new LatencyBucket(12, 1000)])],
            new ProcessUsage(7, "storescp", 3, 1 << 26), new ProcessUsage(8, "drimbox", 2, 1 << 26),
            [new LoadSecond(1, false, [second], 0.5, 1 << 26, 0.4)]);
    }

    [GeneratedRegex("const result = (.*);\n")]
    private static partial Regex ResultJson();
}
