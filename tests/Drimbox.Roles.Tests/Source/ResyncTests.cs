using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Resynchronisation;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Source.Resynchronisation;
using Drimbox.Storage;
using static Drimbox.Tests.Source.ResyncFixture;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>A PACS that has changed without a word, and manifests that follow it.</summary>
[Requirement("DB.SO.28")]
public sealed class ResyncTests
{
    /// <summary>In two hours, on the clock of the site.</summary>
    private static ResyncPlan Later
    {
        get
        {
            var now = TimeZoneInfo.ConvertTime(
                TimeProvider.System.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris"));
            return All with { Hours = $"{In(2)}-{In(4)}" };

            string In(int hours) => now.AddHours(hours).ToString("HH:mm", CultureInfo.InvariantCulture);
        }
    }

    [Theory]
    [Requirement("DB.SO.88")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Manifests_follow_the_PACS_and_a_second_run_changes_nothing(bool byDays)
    {
        await using var source = await ResyncFixture.StartAsync(4);
        // 1 stays, 2 has an image less, 3 is gone, 4 has another accession number; 9 has no report.
        var four = Images(2, accession: "ACN999", study: StudyOf(4));
        source.Pacs.Instances = [.. ImagesOf(1), ImagesOf(2)[0], .. four, .. ImagesOf(9)];
        var plan = byDays ? Days : All;

        var first = await source.RunAsync(plan);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 6);
        var approved = await source.ApprovedIdsAsync();

        Assert.Equal(
            "AccessionMismatch 1, Removed 1, Replaced 1, Unchanged 1" + (byDays ? ", WithoutReport 1" : ""),
            first.Counts());
        Assert.Equal(
            (ResyncState.Done, 4L, 2L, 1L, 0L),
            (first.State, first.Done, first.Changed, first.Failed, first.Remaining));
        Assert.Equal(new ResyncFailure(StudyOf(4).ToString(), "AccessionMismatch"), Assert.Single(first.Failures));
        Assert.Equal(3, approved.Count);
        Assert.Null(await source.Node.GetStudyAsync(StudyOf(9), Token));

        var second = await source.RunAsync(plan);

        Assert.Equal(
            "AccessionMismatch 1, StudyAbsentFromPacs 1, Unchanged 2" + (byDays ? ", WithoutReport 1" : ""),
            second.Counts());
        Assert.Equal(0, second.Changed);
        Assert.Equal(approved, await source.ApprovedIdsAsync());
        Assert.Equal(6, source.Dmp.Submissions.Count);
    }

    [Fact]
    public async Task Single_studies_are_gone_through_alone()
    {
        await using var source = await ResyncFixture.StartAsync(3);
        source.Pacs.Instances = ImagesOf(1);

        var status = await source.RunAsync(All with { Studies = [StudyOf(2), OtherStudy] });
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 4);

        Assert.Equal("Removed 1, WithoutReport 1", status.Counts());
        Assert.Equal(2, (await source.ApprovedIdsAsync()).Count);
    }

    [Fact]
    public async Task A_study_whose_date_was_corrected_in_the_PACS_is_found_by_the_date_that_it_has_there()
    {
        await using var source = await ResyncFixture.StartAsync(1);
        var moved = ImagesOf(1);
        foreach (var image in moved) image.SetString(Tag.StudyDate, "20251224");
        source.Pacs.Instances = [moved[0]];

        var christmas = new DateOnly(2025, 12, 24);
        var status = await source.RunAsync(Days with { From = christmas, To = christmas });

        Assert.Equal("Replaced 1", status.Counts());
    }

    [Fact]
    public async Task A_PACS_that_is_away_costs_time_and_no_study()
    {
        await using var source = await ResyncFixture.StartAsync(2);
        // A port that nothing listens on: no association at all.
        var port = source.Pacs.Port;
        await source.Pacs.TakeAwayAsync();

        var run = await source.PlanAsync(All);
        await source.MoveAsync(run, ResyncState.Running);
        await source.Events.WhenAsync(SourceEvents.ResyncWaits, 1);
        var waiting = await source.Node.GetResyncAsync(run, Token);
        Assert.Equal((ResyncState.Running, 0L, 2L), (waiting!.State, waiting.Done, waiting.Remaining));
        Assert.StartsWith("the PACS cannot be asked", waiting.Note, StringComparison.Ordinal);

        source.Pacs.BringBack(port);
        await source.Events.WhenAsync(SourceEvents.ResyncDone, 1);
        Assert.Equal("Unchanged 2", (await source.Node.GetResyncAsync(run, Token))!.Counts());
    }

    [Fact]
    public async Task A_study_that_the_PACS_cannot_tell_about_fails_alone()
    {
        await using var source = await ResyncFixture.StartAsync(3);
        source.Pacs.Asked = query => source.Pacs.Failure =
            query.GetUid(Tag.StudyInstanceUID) == StudyOf(2) ? DimseStatus.CannotUnderstand : null;

        var status = await source.RunAsync(All);

        Assert.Equal("PacsFailed 1, Unchanged 2", status.Counts());
        Assert.Equal(StudyOf(2).ToString(), Assert.Single(status.Failures).Study);
        Assert.Equal(3, (await source.ApprovedIdsAsync()).Count);
    }

    [Fact]
    public async Task A_PACS_that_lost_its_studies_stops_the_run()
    {
        const int Studies = Limits.ResyncAbsentInARowMax + 2;
        await using var source = await ResyncFixture.StartAsync(Studies);
        source.Pacs.Instances = [];

        var run = await source.PlanAsync(All);
        await source.MoveAsync(run, ResyncState.Running);
        await source.Events.WhenAsync(SourceEvents.ResyncPausedItself, 1);

        var status = await source.Node.GetResyncAsync(run, Token);
        Assert.Equal((ResyncState.Paused, 20L, 2L), (status!.State, status.Done, status.Remaining));
        Assert.StartsWith("The PACS holds 20 studies in a row no longer.", status.Note, StringComparison.Ordinal);

        // Somebody has looked: it goes on.
        await source.MoveAsync(run, ResyncState.Running);
        await source.Events.WhenAsync(SourceEvents.ResyncDone, 1);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2 * Studies);
        Assert.Empty(await source.ApprovedIdsAsync());
    }

    [Fact]
    public async Task Outside_its_hours_nothing_is_asked()
    {
        await using var source = await ResyncFixture.StartAsync(1);
        var asked = source.Pacs.Associations;
        var run = await source.PlanAsync(Later);
        await source.MoveAsync(run, ResyncState.Running);
        await source.Events.WhenAsync(SourceEvents.ResyncWaits, 1);

        var status = await source.Node.GetResyncAsync(run, Token);
        Assert.StartsWith("outside its hours, until", status!.Note, StringComparison.Ordinal);
        Assert.True(status.EndsAt - TimeProvider.System.GetUtcNow() > TimeSpan.FromMinutes(119));
        Assert.Equal(asked, source.Pacs.Associations);
        await source.MoveAsync(run, ResyncState.Cancelled);
        Assert.Equal(ResyncState.Cancelled, (await source.Node.GetResyncAsync(run, Token))!.State);
    }

    [Fact]
    public async Task A_plan_says_what_it_takes_and_changes_nothing()
    {
        await using var source = await ResyncFixture.StartAsync(3);
        source.Pacs.Instances = [.. source.Pacs.Instances, .. ImagesOf(9)];

        var (known, _) = await source.Node.PlanResyncAsync(Days with { PerMinute = 1 }, false, "operator", Token);
        var (asked, _) = await source.Node.PlanResyncAsync(Days, true, "operator", Token);
        var (none, refusal) = await source.Node.PlanResyncAsync(
            Days with { From = Day.AddDays(-92) }, true, "operator", Token);

        Assert.Equal(3, known!.Studies);
        Assert.Equal(new ResyncDay(Day, 3, null), Assert.Single(known.Days));
        Assert.InRange(
            known.EndsAt!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(2.5), TimeSpan.FromMinutes(3));
        Assert.Equal(new ResyncDay(Day, 3, 4), Assert.Single(asked!.Days));
        Assert.Equal((null, RefusalReason.OverLimit), (none, refusal!.Reason));
        Assert.All(
            await source.Node.ListResyncAsync(cancellationToken: Token),
            run => Assert.Equal(ResyncState.Planned, run.State));
        Assert.Equal(3, source.Dmp.Submissions.Count);
    }

    [Fact]
    public async Task One_run_goes_on_at_a_time_and_states_follow_each_other()
    {
        await using var source = await ResyncFixture.StartAsync(1);
        var first = await source.PlanAsync(Later);
        var second = await source.PlanAsync(All);
        await source.MoveAsync(first, ResyncState.Running);

        Assert.Equal(RefusalReason.WrongState, await RefusedAsync(second, ResyncState.Running));
        Assert.Equal(RefusalReason.WrongState, await RefusedAsync(second, ResyncState.Paused));
        Assert.Equal(RefusalReason.UnknownTarget, await RefusedAsync(77, ResyncState.Running));
        await source.MoveAsync(first, ResyncState.Cancelled);
        Assert.Equal(RefusalReason.WrongState, await RefusedAsync(first, ResyncState.Running));
        await source.MoveAsync(second, ResyncState.Running);
        await source.Events.WhenAsync(SourceEvents.ResyncDone, 1);

        async Task<RefusalReason?> RefusedAsync(long run, ResyncState to) =>
            (await source.Node.MoveResyncAsync(run, to, "operator", Token))?.Reason;
    }
}
