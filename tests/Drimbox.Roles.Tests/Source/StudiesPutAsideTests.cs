using Drimbox.Core.Outages;
using Drimbox.Core.Reports;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Studies that are put aside after each look at them has failed.</summary>
public sealed class StudiesPutAsideTests
{
    [Fact]
    [Requirement("DB.SO.21")]
    public async Task Studies_that_are_put_aside_are_one_alert_until_each_was_looked_at_again()
    {
        await using var source = await StartAsync();
        source.Pacs.Failure = DimseStatus.OutOfResources;
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.SendAsync(ReportAction.Initial, Report("B", null, OtherStudy));
        await source.Events.WhenAsync(SourceEvents.PacsUnreachable, 2);
        // As after ten attempts that met a fault of ours.
        FlowStorePlace.Execute(
            Path.Combine(source.Folder.Path, "source"), "UPDATE outbox SET faults = 100 WHERE kind = 'study.evaluation'");
        await PutAsideAsync(source, 2);
        await source.Events.WhenAsync(SourceEvents.OutageBegan, 1);

        await source.RestartAsync();
        var expected = new Outage(Outage.PutAside, default).Text;
        Assert.Equal(expected, Assert.Single(await OfNoStudyAsync(source)).Reason);
        source.Pacs.Failure = null;
        source.Pacs.Instances = [.. Images(2), .. Images(2, study: OtherStudy)];
        await source.Node.NoticeAsync(Study, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        await PutAsideAsync(source, 1);
        Assert.Single(await OfNoStudyAsync(source));
        await source.Node.NoticeAsync(OtherStudy, "operator", Token);
        await source.Events.WhenAsync(SourceEvents.OutageEnded, 1);

        Assert.Empty(await OfNoStudyAsync(source));
        await PutAsideAsync(source, 0);
        Assert.Equal((0, 1), (source.Events.CountOf(SourceEvents.OutageBegan), source.Events.CountOf(SourceEvents.OutageEnded)));
        Assert.Single(
            await source.AuditAsync("ITI-41"), row => row.OutcomeDescription() == expected);
    }

    private static async Task<IReadOnlyList<Drimbox.Source.Studies.SourceAlert>> OfNoStudyAsync(SourceFixture source) =>
        [.. (await source.Node.ListAlertsAsync(cancellationToken: Token)).Where(alert => alert.StudyInstanceUid is null)];

    private static async Task PutAsideAsync(SourceFixture source, int expected)
    {
        while ((await source.Node.ListOutboxAsync(new OutboxFilter([OutboxState.Quarantined]), Token)).Count != expected)
            await Task.Delay(1, Token);
    }
}
