using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Ris;

/// <summary>What a professional decides about one report, as the audiences of the DMP see it.</summary>
public sealed class PublicationDecisionTests
{
    [Fact]
    [Requirement("FAQ/DMP.1")]
    public async Task A_report_goes_to_the_DMP_by_itself_and_everybody_sees_it()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");

        foreach (var audience in (Audience[])[Audience.Patient, Audience.Representative, Audience.Professional])
            Assert.Equal(["A"], await ris.SeenByAsync(audience));
    }

    [Theory]
    [Requirement("DB/RIS.12")]
    [Requirement("FAQ/DMP.4")]
    [Requirement("FAQ/DMP.5")]
    [Requirement("FAQ/DMP.6")]
    [Requirement("FAQ/DMP.8")]
    [InlineData(PublicationDecision.HideFromPatient, PublicationDecision.ShowToPatient, Audience.Patient)]
    [InlineData(
        PublicationDecision.HideFromLegalRepresentatives, PublicationDecision.ShowToLegalRepresentatives,
        Audience.Representative)]
    [InlineData(
        PublicationDecision.MaskFromProfessionals, PublicationDecision.UnmaskToProfessionals, Audience.Professional)]
    public async Task What_is_hidden_is_seen_again_when_it_is_lifted(
        PublicationDecision hide, PublicationDecision lift, Audience audience)
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");
        Assert.Equal("N", (await ris.CopyAsync()).Flags["MODIF_CONF_CODE"]);

        await ris.DecideAsync("A", hide);
        await ChangedAsync(ris, 2);
        Assert.Empty(await ris.SeenByAsync(audience));
        Assert.Equal("Y", (await ris.CopyAsync()).Flags["MODIF_CONF_CODE"]);

        await ris.DecideAsync("A", lift);
        await ChangedAsync(ris, 3);
        Assert.Equal(["A"], await ris.SeenByAsync(audience));
        var decisions = (await ris.StateAsync("A")).Decisions;
        Assert.Equal([hide, lift], decisions.Select(d => d.Decision));
        Assert.All(decisions, d => Assert.Equal(("801234567897", "alice"), (d.By.Id.Extension, d.Actor)));
    }

    [Fact]
    [Requirement("FAQ/DMP.4")]
    [Requirement("FAQ/DMP.6")]
    public async Task A_correction_stays_hidden_from_the_patient_and_what_its_message_hides_is_hidden_too()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        await ris.DecideAsync("A", PublicationDecision.HideFromPatient);

        await ris.TakesAsync(PublishingRis.Mdm("B", "A", PublicationChoices.Default with
        {
            Visibility = Visibility.MaskedFromProfessionals,
        }));
        await ris.PublishedAsync("B");

        Assert.Equal(
            Visibility.InvisibleToPatient | Visibility.MaskedFromProfessionals, (await ris.StateAsync("B")).Visibility);
        Assert.Empty(await ris.SeenByAsync(Audience.Patient));
    }

    [Fact]
    [Requirement("DB/RIS.10")]
    [Requirement("FAQ/DMP.3")]
    public async Task A_report_that_is_withheld_is_taken_out_of_the_DMP_and_only_a_new_version_goes_there_again()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");
        await ris.CopyAsync();

        await ris.DecideAsync("A", PublicationDecision.Withhold);
        await ChangedAsync(ris, 2);
        Assert.Empty(await ris.SeenByAsync(Audience.Professional));
        Assert.Equal("N", (await ris.CopyAsync()).Flags["DESTDMP"]);

        var report = (await ris.Node.FindReportAsync(SourceReports.Document("A"), PublishingRis.Token))!.Value;
        var by = new Professional(InstanceIdentifier.Create(NationalAuthorities.Persons, "801234567897"), "ADAM", "");
        var again = await ris.Node.DecidePublicationAsync(
            report, PublicationDecision.Send, by, "alice", PublishingRis.Token);
        Assert.Equal(RefusalReason.WrongState, again.Refusal!.Reason);

        await ris.ReportAsync("B", "A");
        Assert.Null((await ris.StateAsync("B")).Wanted);
        await ris.DecideAsync("B", PublicationDecision.Send);
        await ris.PublishedAsync("B");
        Assert.Equal(["B"], await ris.SeenByAsync(Audience.Patient));
    }

    [Fact]
    [Requirement("FAQ/DMP.4")]
    public async Task A_report_that_is_hidden_while_it_waits_was_never_seen_by_the_patient()
    {
        await using var ris = await PublishingRis.StartAsync();
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus, Status: 503));
        await ris.ReportAsync("A");
        await ris.Log.WhenAsync(3004);

        await ris.DecideAsync("A", PublicationDecision.HideFromPatient);
        ris.Dmp.Faults.Clear();
        await ris.PublishedAsync("A");

        var first = Assert.Single(ris.Dmp.Submissions);
        Assert.Contains(SourceReports.Document("A"), first.Documents);
        Assert.Empty(await ris.SeenByAsync(Audience.Patient));
        Assert.Equal(["A"], await ris.SeenByAsync(Audience.Professional));
    }

    [Fact]
    [Requirement("FAQ/DMP.8")]
    public async Task A_decision_names_a_professional()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        var report = (await ris.Node.FindReportAsync(SourceReports.Document("A"), PublishingRis.Token))!.Value;
        var nobody = new Professional(InstanceIdentifier.Create("1.2.3", "7"), "ADAM", "HODA");

        var reply = await ris.Node.DecidePublicationAsync(
            report, PublicationDecision.Withhold, nobody, "alice", PublishingRis.Token);

        Assert.Equal(RefusalReason.RequiredFieldMissing, reply.Refusal!.Reason);
        Assert.Empty((await ris.StateAsync("A")).Decisions);
    }

    [Fact]
    [Requirement("FAQ MSSanté INS")]
    public async Task A_document_without_a_qualified_INS_is_kept_with_a_rendition_that_names_no_INS()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(Unqualified("A", null));
        await ris.TakesAsync(Unqualified("B", "A"));
        await ris.ReportAsync("C");
        await ris.PublishedAsync("C");

        var versions = (await ris.StateAsync("A")).Versions;
        Assert.Equal(versions[0].Mail!.SetId, versions[1].Mail!.SetId);
        var mail = Encoding.UTF8.GetString((await ris.Node.ReadMailDocumentAsync(versions[1], PublishingRis.Token))!);
        Assert.DoesNotContain(SourceReports.Ins.Extension!, mail, StringComparison.Ordinal);
        Assert.DoesNotContain(SourceReports.Ins.Root + "\"", mail, StringComparison.Ordinal);
        Assert.Contains(versions[0].Mail!.DocumentId.Root, mail, StringComparison.Ordinal);
        // The version itself is byte for byte what came, and only what has a qualified INS is in the DMP.
        Assert.Contains(
            SourceReports.Ins.Extension!,
            Encoding.UTF8.GetString(await ris.Node.ReadDocumentAsync(versions[1], PublishingRis.Token)),
            StringComparison.Ordinal);
        Assert.Equal(["C"], await ris.SeenByAsync(Audience.Registry));
        Assert.Null((await ris.StateAsync("C")).HeadVersion!.Mail);
    }

    private static byte[] Unqualified(string name, string? parent) => Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(PublishingRis.Mdm(name, parent)).Replace("|VALI", "|PROV", StringComparison.Ordinal));

    /// <summary>Waits until the DMP has taken so many submissions.</summary>
    private static Task<CommittedSubmission> ChangedAsync(PublishingRis ris, int count) =>
        ris.Dmp.WhenCommittedAsync(_ => ris.Dmp.Submissions.Count >= count, PublishingRis.Token)
            .WaitAsync(TimeSpan.FromMinutes(2), PublishingRis.Token);
}
