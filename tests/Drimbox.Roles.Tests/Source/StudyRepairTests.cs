using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>From an incoherence to the manifest: what the administrator is told, and what mends it.</summary>
[Requirement("DB.SO.21")]
public sealed class StudyRepairTests
{
    [Fact]
    [Requirement("DB.SO.17")]
    public async Task An_incoherent_study_is_listed_with_both_values_and_a_fix_and_published_after_it()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2, accession: "ACN999");
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var repair = Assert.Single(await source.Node.ListRepairsAsync(cancellationToken: Token));
        Assert.Equal(
            (Study, "DB.SO.17", "ACN101 (1.2.250.1.925.1)", "ACN999"),
            (repair.StudyInstanceUid, repair.Rule, repair.Expected, repair.Found));
        Assert.Equal(
            "Correct the accession number in the PACS from ACN999 to ACN101 (1.2.250.1.925.1), or have the report sent "
            + $"again with ACN999; then 'drimbox studies reevaluate {Study}'.",
            repair.Fix);

        source.Pacs.Instances = Images(2);
        var look = await source.Node.ReevaluateAsync(Study, Token);

        Assert.Equal(SubmissionKind.Publish, look?.Decided);
        Assert.Empty(await source.Node.ListRepairsAsync(cancellationToken: Token));
        await source.Events.WhenAsync(SourceEvents.WithheldOver, 1);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        await source.ApprovedAsync();
        Assert.Null(await source.Node.ReevaluateAsync(OtherStudy, Token));
    }

    [Fact]
    public async Task An_alert_is_told_once_whatever_is_received_and_also_over_a_restart()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2, accession: "ACN999");
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);
        await source.SendAsync(ReportAction.Replace, Report("B", "A"));
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 2);
        Assert.Equal(1, source.Events.CountOf(SourceEvents.Withheld));
        var since = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token)).Since;

        await source.RestartAsync();
        Assert.Equal(AckCode.AA, (await source.SendAsync(Omi("P1", Study))).Code);
        await source.Events.WhenAsync(SourceEvents.PacsAsked, 1);
        Assert.Equal(since, Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token)).Since);

        source.Pacs.Instances = Images(2);
        await source.Node.ReevaluateAsync(Study, Token);
        Assert.Equal(
            (0, 1), (source.Events.CountOf(SourceEvents.Withheld), source.Events.CountOf(SourceEvents.WithheldOver)));
        // The log names neither patient nor order.
        Assert.DoesNotContain(source.Events.Texts, text => text.Contains("ACN", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_list_of_alerts_names_no_identifier_and_that_of_repairs_does()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2, "IPP999");
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);

        var alert = Assert.Single(await source.Node.ListAlertsAsync(cancellationToken: Token)).ToString();
        var repair = Assert.Single(await source.Node.ListRepairsAsync(cancellationToken: Token));
        Assert.DoesNotContain("IPP", alert, StringComparison.Ordinal);
        Assert.Contains("IPP999", repair.Fix, StringComparison.Ordinal);
    }
}
