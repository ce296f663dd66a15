using System.Text;
using Drimbox.Core.Reports;
using Drimbox.Core.Statistics;
using Drimbox.Dicom.Dimse;
using Drimbox.Source.Statistics;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>What the source counts.</summary>
public sealed class StatisticsTests
{
    [Fact]
    [Requirement("DB.SO.87")]
    public async Task Calls_and_their_ends_are_counted_at_each_door_and_survive_a_restart()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        var wrong = Encoding.UTF8.GetString(Oru("X1", ReportAction.Initial, Report("B")))
            .Replace("ORU^R01^ORU_R01", "ORU^R99^ORU_R01", StringComparison.Ordinal);
        await source.ExchangeAsync(Encoding.UTF8.GetBytes(wrong));
        source.Pacs.Failure = DimseStatus.OutOfResources;
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.PacsUnreachable, 1);
        source.Pacs.Failure = null;

        await source.RestartAsync();

        var counted = await CountedAsync(source);
        var messages = counted[StatisticSubject.Messages];
        Assert.Equal((2, 1), (messages.Calls, messages.Successes));
        Assert.StartsWith("AE ", Assert.Single(messages.Errors).Cause, StringComparison.Ordinal);
        Assert.Equal(
            [new ErrorCount("C-FIND was answered A700", 1)],
            counted[StatisticSubject.PacsQueries].Errors.Select(e => e with { Cause = e.Cause[..24] }));
        Assert.Equal(1, counted["dmp.publish"].Successes);
        var delay = counted[StatisticSubject.ReportToDmp];
        Assert.Equal(1, delay.Calls);
        Assert.True(delay is { P50: > 0, P95: > 0, P99: > 0 } && delay.P50 <= delay.P99);
    }

    [Fact]
    [Requirement("DB.SO.87")]
    public async Task Images_that_were_given_and_refused_are_counted_by_cause()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var series = access.Source.Pacs.Instances[0].GetUid(Drimbox.Dicom.Tag.SeriesInstanceUID);
        using (await access.SendAsync(access.Request(Study, series, token: null)))
        {
            // 401.
        }

        using (var given = await access.SendAsync(access.Request(Study, series)))
            await ImageAccessFixture.ReadAsync(given);
        access.Source.Pacs.MoveFailure = DimseStatus.OutOfResources;
        using (await access.SendAsync(access.Request(Study, series)))
        {
            // 502.
        }

        await access.Source.RestartAsync();
        var counted = await CountedAsync(access.Source);
        Assert.Equal(
            [new ErrorCount("NoToken", 1), new ErrorCount("PacsFailed", 1)], counted[StatisticSubject.Images].Errors);
        Assert.Equal(1, counted[StatisticSubject.Images].Successes);
        var retrievals = counted[StatisticSubject.PacsRetrievals];
        Assert.Equal((2, 1), (retrievals.Calls, retrievals.Successes));
    }

    [Fact]
    [Requirement("DB.SO.87")]
    public async Task A_manifest_that_follows_from_the_images_alone_is_no_delay_of_a_report()
    {
        await using var source = await StartAsync();
        await source.PublishAsync(images: 4);
        source.Pacs.Instances = Images(2);
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        var counted = await CountedAsync(source);
        Assert.Equal(1, counted["dmp.replace"].Successes);
        Assert.Equal(1, counted[StatisticSubject.ReportToDmp].Calls);
    }

    [Fact]
    public async Task A_day_ends_at_midnight_of_the_site_and_made_up_causes_fill_no_table()
    {
        using var folder = new StoreFolder();
        await using var store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = folder.Path, HasStatistics = true }, Token);
        var clock = new ManualClock(new DateTimeOffset(2026, 11, 2, 22, 59, 0, TimeSpan.Zero));
        var paris = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");
        await using var statistics = new SourceStatistics(store, paris, clock, NullLogger.Instance);

        statistics.Count("door");
        clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 1_000; i++) statistics.Count("door", $"made up {i}");
        statistics.Count("door", new string('x', 10_000));
        var days = await statistics.ListAsync(new DateOnly(2026, 11, 2), new DateOnly(2026, 11, 3), Token);

        Assert.Equal([(2, 1L, 0), (3, 1_001L, 201)], days.Select(d => (d.Day.Day, d.Calls, d.Errors.Count)));
        Assert.Equal(new ErrorCount("other", 801), days[1].Errors[0]);
        Assert.All(days[1].Errors, e => Assert.InRange(e.Cause.Length, 1, 64));
    }

    private static async Task<Dictionary<string, DayStatistics>> CountedAsync(SourceFixture source)
    {
        // Also yesterday: a test may run at midnight.
        var days = await source.Node.ListStatisticsAsync(source.Node.Today.AddDays(-1), source.Node.Today, Token);
        return days.ToDictionary(d => d.Subject);
    }
}
