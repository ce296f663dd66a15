using System.Text;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Dmp;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Ris;
using Drimbox.Ris.Reports;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Ris.Reports;

/// <summary>What a user of the RIS writes: its kind decides about the publication from the beginning, and what it says
/// otherwise is shown.</summary>
public sealed class AmendmentTests
{
    private static readonly RisTemplateOptions Forensic = new()
    {
        Name = "medico-legal", Title = "Certificat", Publication = [PublicationDecision.Withhold],
    };

    private static readonly RisTemplateOptions Announced = new()
    {
        Name = "annonce", Publication = [PublicationDecision.HideFromPatient],
    };

    [Fact]
    [Requirement("FAQ/DMP.7")]
    public async Task A_document_of_a_kind_that_is_not_sent_takes_the_report_out_of_the_DMP()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");
        Assert.Equal("Y", (await ris.CopyAsync()).Flags["DESTDMP"]);

        await AmendAsync(ris, new AmendmentText("Certificat initial.", Template: "medico-legal"));

        Assert.Equal("N", (await ris.CopyAsync()).Flags["DESTDMP"]);
        await SubmittedAsync(ris, 2);
        Assert.Empty(await ris.SeenByAsync(Audience.Professional));
        var head = (await ris.StateAsync("A")).HeadVersion!;
        Assert.Equal(("Certificat", ReportOrigin.Ris, false), (head.Header.Title, head.Origin, head.Choices.ToDmp));
    }

    [Fact]
    [Requirement("FAQ/DMP.7")]
    public async Task A_kind_that_the_patient_does_not_see_yet_is_seen_once_a_professional_has_announced_it()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");

        await AmendAsync(ris, new AmendmentText("Lésion suspecte.", Template: "annonce"));
        await SubmittedAsync(ris, 2);
        Assert.Empty(await ris.SeenByAsync(Audience.Patient));
        Assert.Single(await ris.SeenByAsync(Audience.Professional));

        await ris.DecideAsync("A", PublicationDecision.ShowToPatient);
        await SubmittedAsync(ris, 3);
        Assert.Single(await ris.SeenByAsync(Audience.Patient));
    }

    [Fact]
    [Requirement("DB/RIS.11")]
    public async Task A_document_that_the_RIS_writes_leads_to_the_images_and_one_that_it_received_is_left_as_it_is()
    {
        await using var ris = await PublishingRis.StartAsync(options => options with { ViewerHost = "viewer.test" });
        var received = SourceReports.Report("A");
        await ris.ReportAsync("A");
        await AmendAsync(ris, new AmendmentText("Nodule de 4 mm."));

        var versions = (await ris.StateAsync("A")).Versions;
        Assert.Equal(
            CdaWriter.Write(received), await ris.Node.ReadDocumentAsync(versions[0], PublishingRis.Token));
        var own = await ris.Node.ReadDocumentAsync(versions[1], PublishingRis.Token);
        var pdf = Encoding.Latin1.GetString(CdaPrint.TryWrite(own, versions[1].Header, DateTimeOffset.UnixEpoch, out _)!);
        Assert.Contains(
            $"/URI (https://viewer.test/IHEInvokeImageDisplay?requestType=STUDY&studyUID={SourceReports.Study}"
            + $"&accessionNumber=ACN101&idCDA={Uri.EscapeDataString(versions[1].DocumentId.ToString())})",
            pdf, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kind_that_there_is_not_is_refused_and_writes_nothing()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        var report = (await ris.Node.FindReportAsync(SourceReports.Document("A"), PublishingRis.Token))!.Value;

        var reply = await ris.Node.AmendReportAsync(
            report, new AmendmentText("Normal.", Template: "absent"), "alice", PublishingRis.Token);

        Assert.Equal(RefusalReason.UnknownTarget, reply.Refusal!.Reason);
        Assert.Single((await ris.StateAsync("A")).Versions);
    }

    [Fact]
    public async Task What_a_version_says_otherwise_is_shown_in_its_header_and_in_its_text()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        await AmendAsync(ris, new AmendmentText("Nodule de 4 mm.", Title: "CR de scanner, relu"));
        await AmendAsync(ris, new AmendmentText("Nodule de 14 mm."));
        var state = await ris.StateAsync("A");

        Assert.Null(await ris.Node.ChangesOfAsync(state, state.Versions[0], PublishingRis.Token));
        var first = (await ris.Node.ChangesOfAsync(state, state.Versions[1], PublishingRis.Token))!;
        Assert.Contains(new VersionChange("title", "CR de scanner", "CR de scanner, relu"), first.Header);
        Assert.Contains(new TextChange("Conclusion", "", "Examen normal.", "Nodule de 4 mm.", ""), first.Body.Text!);
        var second = (await ris.Node.ChangesOfAsync(state, state.Versions[2], PublishingRis.Token))!;
        Assert.Equal(
            [new TextChange("Conclusion", "Nodule de", "4", "14", "mm.")], second.Body.Text);
        Assert.NotEqual(second.Body.Before, second.Body.After);
    }

    [Fact]
    [Requirement("FAQ MSSanté INS")]
    public async Task A_PDF_that_may_print_an_INS_that_is_not_qualified_does_not_go_to_MSSante()
    {
        await using var ris = await StartAsync();
        var foreign = SourceReports.Report("A") with { Pdf = "%PDF-1.7 of another maker"u8.ToArray() };
        var message = Encoding.UTF8.GetString(SourceReports.Mdm("M-A", ReportAction.Initial, foreign));
        await ris.TakesAsync(
            Encoding.UTF8.GetBytes(message.Replace("|VALI", "|PROV", StringComparison.Ordinal)));

        var version = Assert.Single((await ris.StateAsync("A")).Versions);
        Assert.Null(version.Mail);
        Assert.Null(await ris.Node.ReadMailDocumentAsync(version, PublishingRis.Token));
        await ris.Log.WhenAsync(3009);
    }

    private static Task<PublishingRis> StartAsync() =>
        PublishingRis.StartAsync(options => options with { Templates = [Forensic, Announced] });

    private static async Task AmendAsync(PublishingRis ris, AmendmentText text)
    {
        var report = (await ris.Node.FindReportAsync(SourceReports.Document("A"), PublishingRis.Token))!.Value;
        var reply = await ris.Node.AmendReportAsync(report, text, "alice", PublishingRis.Token);
        Assert.Null(reply.Refusal);
    }

    private static Task<CommittedSubmission> SubmittedAsync(PublishingRis ris, int count) =>
        ris.Dmp.WhenCommittedAsync(_ => ris.Dmp.Submissions.Count >= count, PublishingRis.Token)
            .WaitAsync(TimeSpan.FromMinutes(2), PublishingRis.Token);
}
