using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Resynchronisation;
using Drimbox.Dicom;
using Drimbox.Source.Resynchronisation;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>A source with manifests in the DMP, whose PACS then changes without a word.</summary>
internal static class ResyncFixture
{
    public static readonly DateOnly Day = new(2026, 11, 2);

    /// <summary>The days around the examinations, as fast as it goes.</summary>
    public static ResyncPlan Days { get; } =
        new(Day.AddDays(-1), Day.AddDays(1), [], null, 6000, "", AllowAbsent: false);

    /// <summary>Every study.</summary>
    public static ResyncPlan All { get; } = Days with { From = null, To = null };

    public static Uid StudyOf(int number) => Uid.Parse($"1.2.250.1.999.9.{100 + number}");

    /// <summary>Two images each of the studies with these numbers.</summary>
    public static IReadOnlyList<DataSet> ImagesOf(params IEnumerable<int> numbers) =>
        [.. numbers.SelectMany(number => Images(2, study: StudyOf(number)))];

    /// <summary>Publishes the manifests of <paramref name="count"/> studies, numbered from 1, of one report.</summary>
    public static async Task<SourceFixture> StartAsync(int count)
    {
        var source = await SourceFixture.StartAsync();
        source.Pacs.Instances = ImagesOf(Enumerable.Range(1, count));
        await source.SendAsync(
            ReportAction.Initial, Report("A", null, [.. Enumerable.Range(1, count).Select(StudyOf)]));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, count);
        return source;
    }

    public static async Task<long> PlanAsync(this SourceFixture source, ResyncPlan plan)
    {
        var (estimate, refusal) = await source.Node.PlanResyncAsync(plan, askPacs: false, "operator", Token);
        Assert.Null(refusal);
        return estimate!.Run;
    }

    public static async Task MoveAsync(this SourceFixture source, long run, ResyncState to) =>
        Assert.Null(await source.Node.MoveResyncAsync(run, to, "operator", Token));

    /// <summary>Plans, starts, and waits for the end.</summary>
    public static async Task<ResyncStatus> RunAsync(this SourceFixture source, ResyncPlan plan)
    {
        var before = source.Events.CountOf(SourceEvents.ResyncDone);
        var run = await source.PlanAsync(plan);
        await source.MoveAsync(run, ResyncState.Running);
        await source.Events.WhenAsync(SourceEvents.ResyncDone, before + 1);
        return (await source.Node.GetResyncAsync(run, Token))!;
    }

    /// <summary>What the DMP holds: the unique ids that are Approved.</summary>
    public static async Task<IReadOnlyList<string>> ApprovedIdsAsync(this SourceFixture source) =>
        [.. (await source.ManifestsAsync()).Where(m => m.Status == Core.Publications.AvailabilityStatus.Approved)
            .Select(m => m.UniqueId.Root).Order(StringComparer.Ordinal)];

    /// <summary>How many studies ended how: <c>Replaced 1, Unchanged 2</c>.</summary>
    public static string Counts(this ResyncStatus status) =>
        string.Join(", ", status.Outcomes.Select(o => $"{o.Outcome} {o.Studies}"));
}
