using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>A DMP that fails, and a source that dies: in the end there is exactly one manifest.</summary>
public sealed class ManifestDeliveryTests
{
    [Fact]
    public async Task A_DMP_that_was_down_gets_the_manifest_when_it_is_back()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        var bringBack = await source.TakeDmpDownAsync();

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionDelayed, 1);
        await bringBack();
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        await source.ApprovedAsync();
        Assert.Single(source.Dmp.Submissions);
    }

    [Theory]
    [InlineData(FaultMoment.BeforeCommit)]
    [InlineData(FaultMoment.AfterCommit)]
    public async Task A_source_that_dies_with_a_submission_on_its_way_leaves_one_manifest_after_its_restart(
        FaultMoment moment)
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Dmp.Faults.Add(new FaultRule(
            FaultKind.NoAnswer, XdsAction.ProvideAndRegisterDocumentSet, moment, Nth: 1));
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Dmp.WhenReceivedAsync(XdsAction.ProvideAndRegisterDocumentSet, 1, Token);
        if (moment == FaultMoment.AfterCommit) await source.Dmp.WhenCommittedAsync(_ => true, Token);

        await source.CrashAndRestartAsync();
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        await source.ApprovedAsync();
        Assert.Single(await source.ManifestsAsync());
        Assert.Single(source.Dmp.Submissions);
        Assert.Empty(await PendingAsync(source));
    }

    [Fact]
    public async Task An_answer_that_was_lost_is_asked_for_before_anything_is_sent_again()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Dmp.Faults.Add(new FaultRule(
            FaultKind.Reset, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Nth: 1));

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Single(source.Dmp.Submissions);
        await source.ApprovedAsync();
    }

    [Fact]
    [Requirement("DB.SO.21")]
    public async Task A_manifest_that_the_DMP_refuses_is_an_alert_until_a_person_has_it_sent_again()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        await source.Dmp.ClosePatientAsync(Ins, Token);

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionRefused, 1);

        var alert = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token));
        Assert.Equal("DB.SO.21", alert.Rule);
        await source.Dmp.OpenPatientAsync(Ins, Token);
        Assert.Null(await source.Node.RetryPublicationAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        await source.ApprovedAsync();
        Assert.Empty(await source.Node.ListAlertsAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task A_refused_manifest_that_was_registered_all_the_same_is_not_published_twice()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Dmp.Faults.Add(new FaultRule(
            FaultKind.RegistryError, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Nth: 1,
            ErrorCode: "XDSRegistryMetadataError"));
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionRefused, 1);

        Assert.Null(await source.Node.RetryPublicationAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        Assert.Single(source.Dmp.Submissions);
        Assert.Single(await source.ManifestsAsync());
    }

    [Fact]
    public async Task A_study_of_which_nothing_waits_cannot_be_retried()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();

        Assert.Equal(
            Core.RefusalReason.WrongState, (await source.Node.RetryPublicationAsync(Study, "operator", Token))?.Reason);
        Assert.Equal(
            Core.RefusalReason.UnknownTarget,
            (await source.Node.RetryPublicationAsync(OtherStudy, "operator", Token))?.Reason);
        Assert.Equal(
            Core.RefusalReason.UnknownTarget, (await source.Node.NoticeAsync(OtherStudy, "operator", Token))?.Reason);
    }

    private static Task<IReadOnlyList<OutboxEntry>> PendingAsync(SourceFixture source) =>
        source.Node.ListOutboxAsync(new OutboxFilter([OutboxState.Pending, OutboxState.Quarantined]), Token);
}
