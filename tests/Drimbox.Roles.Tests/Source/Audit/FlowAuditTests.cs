using Drimbox.Core.Audit;
using Drimbox.Core.Reports;
using Drimbox.Dicom.Dimse;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>What the trail keeps on the way from a report to its manifest in the DMP.</summary>
public sealed class FlowAuditTests
{
    private const string Radiologist = "801234564895";

    [Fact]
    [Requirement("DB.SO.43")]
    [Requirement("DB.SO.44")]
    [Requirement("DB.CS.06")]
    public async Task A_report_the_question_to_the_PACS_and_the_publication_are_told_of()
    {
        await using var source = await StartAsync();

        await source.PublishAsync();

        Assert.Equal(
            ["110100 110120 0", "110107 RAD-128 0", "110112  0", "110106 ITI-41 0"], await source.AuditTextAsync());
        var received = Assert.Single(await source.AuditAsync("RAD-128"));
        var published = Assert.Single(await source.AuditAsync("ITI-41"));
        foreach (var row in (AuditRow[])[received, published])
        {
            Assert.Equal([Radiologist], row.ValuesOf(AuditKeyKind.User));
            Assert.Equal([Study.ToString()], row.ValuesOf(AuditKeyKind.Study));
            Assert.Contains(Ins.Extension!, row.ValuesOf(AuditKeyKind.Patient));
        }

        Assert.Equal(["1.2.250.1.999.7^A"], received.ValuesOf(AuditKeyKind.Document));
        Assert.Contains("UserID=\"RIS|SITE\"", received.Record.Message, StringComparison.Ordinal);
        var manifest = await source.ApprovedAsync();
        Assert.Contains(manifest.UniqueId.ToString(), published.ValuesOf(AuditKeyKind.Document));
        Assert.Contains(
            $"UserID=\"{source.Dmp.Target.Repository}\"", published.Record.Message, StringComparison.Ordinal);
        // The names of the patient are not needed to find him.
        Assert.DoesNotContain(
            "DOMINIQUE", received.Record.Message + published.Record.Message, StringComparison.Ordinal);
        Assert.Equal(
            [Study.ToString()], Assert.Single(await source.AuditAsync("110112")).ValuesOf(AuditKeyKind.Study));
    }

    [Fact]
    [Requirement("DB.SO.43")]
    public async Task Each_message_about_a_report_is_told_of_once_as_what_it_is()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        var initial = Mdm("M1", ReportAction.Initial, Report("A"));
        await source.SendAsync(initial);
        await source.SendAsync(initial);
        await source.SendAsync(Mdm("M2", ReportAction.Replace, Report("B", "A")));
        await source.SendAsync(Mdm("M3", ReportAction.Delete, Report("B", "A")));
        // A message that cannot be taken is there with its reason.
        var text = System.Text.Encoding.UTF8.GetString(Mdm("M5", ReportAction.Initial, Report("C")));
        var refused = await source.SendAsync(System.Text.Encoding.UTF8.GetBytes(
            text.Replace("|2.6|", "|2.2|", StringComparison.Ordinal)));
        Assert.Equal(AckCode.AE, refused.Code);

        var rows = await source.AuditAsync("CARD-7");

        Assert.Equal(
            ["C 0", "U 0", "D 0", "C 8"],
            rows.Select(row => (string?)row.Xml().Element("EventIdentification")!.Attribute("EventActionCode")
                + $" {(int)row.Record.Outcome}"));
        Assert.NotEmpty(rows[^1].OutcomeDescription()!);
    }

    [Fact]
    [Requirement("DB.SO.43")]
    [Requirement("DB.CS.06")]
    public async Task Each_notice_of_the_PACS_is_told_of_once_with_its_studies()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        await source.SendAsync(ReportAction.Initial, Report("A"));
        var notice = Omi("N1", Study, OtherStudy);
        await source.SendAsync(notice);
        await source.SendAsync(notice);
        var unreadable = System.Text.Encoding.UTF8.GetString(Omi("N2", Study))
            .Replace(Study.ToString(), "no-uid", StringComparison.Ordinal);
        Assert.Equal(AckCode.AE, (await source.SendAsync(System.Text.Encoding.UTF8.GetBytes(unreadable))).Code);
        var many = Enumerable.Range(1, Core.Limits.StudiesPerMessageMax + 1)
            .Select(i => Core.Identity.Uid.Parse($"1.2.250.1.999.9.60.{i}"));
        Assert.Equal(AckCode.AE, (await source.SendAsync(Omi("N3", [.. many]))).Code);

        var rows = await source.AuditAsync("RAD-13");

        Assert.Equal(
            [("110111", AuditOutcome.Success), ("110111", AuditOutcome.SeriousFailure), ("110111", AuditOutcome.SeriousFailure)],
            rows.Select(row => (row.Record.Event, row.Record.Outcome)));
        Assert.Equal([Study.ToString(), OtherStudy.ToString()], rows[0].ValuesOf(AuditKeyKind.Study).Order());
        Assert.Contains("IPP101", rows[0].ValuesOf(AuditKeyKind.Patient));
        Assert.All(rows.Skip(1), row => Assert.Empty(row.ValuesOf(AuditKeyKind.Study)));
        Assert.All(rows.Skip(1), row => Assert.NotEmpty(row.OutcomeDescription()!));
    }

    [Fact]
    [Requirement("DB.SO.45")]
    public async Task Each_attempt_at_a_publication_is_told_of_with_what_the_DMP_said()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Dmp.Faults.Add(new FaultRule(
            FaultKind.Reset, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Nth: 1));

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);

        // The answer was lost: the registry is asked, and has it.
        Assert.Equal(["110106 ITI-41 4", "110112 ITI-18 0"], (await source.AuditTextAsync()).TakeLast(2));
        Assert.NotEmpty((await source.AuditAsync("ITI-41"))[0].OutcomeDescription()!);
        var asked = Assert.Single(await source.AuditAsync("ITI-18"));
        var query = Convert.FromBase64String(asked.Xml().Descendants("ParticipantObjectQuery").Single().Value);
        Assert.Contains("AdhocQueryRequest", System.Text.Encoding.UTF8.GetString(query), StringComparison.Ordinal);
        Assert.Equal(
            [(await source.ApprovedAsync()).UniqueId.ToString()], asked.ValuesOf(AuditKeyKind.Document));
    }

    [Fact]
    [Requirement("DB.SO.45")]
    public async Task A_publication_that_is_refused_for_good_and_its_withdrawal_are_told_of()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        source.Dmp.Faults.Add(new FaultRule(
            FaultKind.RegistryError, XdsAction.ProvideAndRegisterDocumentSet, Nth: 1,
            ErrorCode: "XDSRegistryMetadataError"));
        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionRefused, 1);
        var refused = Assert.Single(await source.AuditAsync("ITI-41"));
        Assert.Equal(
            (AuditOutcome.SeriousFailure, "XDSRegistryMetadataError"),
            (refused.Record.Outcome, refused.OutcomeDescription()));

        Assert.Null(await source.Node.RetryPublicationAsync(Study, "operator", Token));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        await source.SendAsync(ReportAction.Delete, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        var withdrawn = Assert.Single(await source.AuditAsync("ITI-57"));
        Assert.Equal(("110106", AuditOutcome.Success), (withdrawn.Record.Event, withdrawn.Record.Outcome));
    }

    [Fact]
    [Requirement("DB.SO.45")]
    public async Task A_manifest_that_is_withheld_is_told_of_with_the_rule()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2, patientId: "IPP-OF-SOMEBODY-ELSE");

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.Withheld, 1);
        // The stop waits for the work that is begun.
        await source.Node.StopAsync(Token);

        var withheld = Assert.Single(await source.AuditAsync("ITI-41"));
        Assert.Equal(
            (AuditOutcome.SeriousFailure, "DB.SO.16: PatientMismatch"),
            (withheld.Record.Outcome, withheld.OutcomeDescription()));
    }

    [Fact]
    public async Task A_PACS_that_cannot_be_asked_is_told_of()
    {
        await using var source = await StartAsync();
        source.Pacs.Failure = DimseStatus.OutOfResources;

        await source.SendAsync(ReportAction.Initial, Report("A"));
        await source.Events.WhenAsync(SourceEvents.PacsUnreachable, 1);
        await source.Node.StopAsync(Token);

        var asked = (await source.AuditAsync("110112"))[0];
        Assert.Equal(AuditOutcome.MinorFailure, asked.Record.Outcome);
        Assert.StartsWith("C-FIND was answered", asked.OutcomeDescription(), StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task A_report_whose_record_cannot_be_written_is_not_taken()
    {
        await using var source = await StartAsync();
        source.BreakAudit();

        var ack = await source.SendAsync(ReportAction.Initial, Report("A"));

        Assert.Equal(AckCode.AR, ack.Code);
        Assert.Null(await source.Node.GetStudyAsync(Study, Token));
        Assert.Empty(await source.Node.ListInboxAsync(new InboxFilter(), Token));
    }

    [Fact]
    [Requirement("DB.CS.06")]
    public async Task The_start_and_the_stop_are_told_of_and_the_chain_goes_on_over_a_restart()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await source.RestartAsync();

        Assert.Equal(
            ["110100 110120 0", "110100 110121 0", "110100 110120 0"],
            (await source.AuditTextAsync()).Where(text => text.StartsWith("110100", StringComparison.Ordinal)));
        var verdict = await source.Node.Audit.VerifyAsync(null, "auditor", Token);
        Assert.True(verdict.Holds, verdict.Why);
    }

    [Fact]
    [Requirement("DB.CS.10")]
    public async Task Each_look_at_the_trail_is_told_of_by_who_looked()
    {
        await using var source = await StartAsync();
        var desk = source.Node.Audit;

        await desk.SearchAsync(new AuditFilter(Patient: Ins.Extension), "account:lben", Token);
        await desk.FindAsync(1, "account:lben", Token);
        await desk.VerifyAsync(null, "root", Token);
        await desk.BeginExportAsync("root", Token);

        var looks = await desk.SearchAsync(new AuditFilter(Event: "110101"), "root", Token);
        Assert.Equal(
            [
                "root /api/source/audit/search", "root /api/source/audit/export", "root /api/source/audit/verify",
                "account:lben /api/source/audit/1", "account:lben /api/source/audit/search",
            ],
            looks.Select(row => $"{row.ValuesOf(AuditKeyKind.User)[0]} "
                + (string?)row.Xml().Element("ParticipantObjectIdentification")!.Attribute("ParticipantObjectID")));
        Assert.DoesNotContain(looks, row => row.Record.Message.Contains(Ins.Extension!, StringComparison.Ordinal));

        source.BreakAudit();
        await Assert.ThrowsAsync<StorageFaultException>(
            () => desk.SearchAsync(new AuditFilter(), "root", Token));
    }

    [Fact]
    public async Task Nothing_of_a_patient_is_in_the_log_of_the_process()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await source.SendAsync(ReportAction.Delete, Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        await source.Node.StopAsync(Token);

        var log = string.Join('\n', source.Events.Texts);
        Assert.Contains("Audit trail: record", log, StringComparison.Ordinal);
        foreach (var secret in (string[])[Ins.Extension!, "PAT-TROIS", "DOMINIQUE", "IPP101", "19790328"])
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
    }
}
