using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Teleradiology.Reports;
using Drimbox.Teleradiology.Worklist;

namespace Drimbox.Tests.Teleradiology;

/// <summary>From the request to the withdrawal of its report, over real sockets.</summary>
public sealed class ReportFlowTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_is_accepted_with_a_protocol()
    {
        await using var platform = await Platform.StartAsync();

        Assert.Equal(AckCode.AA, (await platform.SendAsync(Samples.Request("1"), "1")).Code);
        Assert.Null(await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner sans injection", "alice", Cancellation));

        var response = await NextResponseAsync(platform);
        Assert.True(response.Accepted);
        Assert.Equal(Samples.Order("1"), response.PlacerOrderNumber);
        Assert.Equal("801234564895", response.DecidedBy.Id.Extension);
        Assert.Equal("300017986", response.Platform.Id.Extension);
        Assert.Equal([new ImagingProtocol.PlainText("Scanner sans injection")], response.Protocols);
    }

    [Fact]
    public async Task A_request_is_refused_with_a_reason()
    {
        await using var platform = await Platform.StartAsync();

        await platform.SendAsync(Samples.Request("1"), "1");
        Assert.Null(await platform.Node.RefuseAsync(Samples.Order("1"), "Examen non justifié", "alice", Cancellation));

        var response = await NextResponseAsync(platform);
        Assert.False(response.Accepted);
        Assert.Equal("Examen non justifié", response.Reason!.Display);
        Assert.Equal(RequestStatus.Refused, await platform.StatusAsync("1"));
        // What comes after a refusal is refused in its turn.
        Assert.Equal(AckCode.AE, (await platform.SendAsync(Samples.Examination("1"), "2")).Code);
    }

    [Fact]
    [Requirement("DB/RIS.08")]
    public async Task The_first_report_reaches_the_RIS_as_a_document_that_says_all_of_the_examination()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");

        var reply = await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        Assert.Null(reply.Refusal);
        var (report, cda) = await NextReportAsync(platform, "T02");
        Assert.Equal(ReportAction.Initial, report.Action);
        Assert.Equal(reply.Document!.DocumentId, report.DocumentId);
        Assert.Equal(Samples.Patient.Identity, report.Patient);
        Assert.Equal(["VALI"], report.IdentityReliability);
        Assert.Equal(Samples.Structure, report.SenderOrganization);
        Assert.Equal(PublicationChoices.Default, report.Choices);

        var header = report.Cda!;
        Assert.Equal("1.2.250.1.999.7", header.DocumentId.Root);
        Assert.InRange(header.DocumentId.Extension!.Length, 1, 16);
        Assert.Equal((1, reply.Document.SetId, null), (header.VersionNumber, header.SetId!.Value, header.Replaces));
        // The RIS answers for the report: the document is signed for its structure.
        Assert.Equal(Samples.Structure.Id, header.LegalAuthenticatorOrganization!.Id);
        Assert.Equal(Samples.Structure.Id, header.AuthorOrganization!.Id);
        Assert.Equal(Samples.Structure.Id, header.Custodian!.Id);
        Assert.Equal("ERIC", header.LegalAuthenticator!.FamilyName);
        Assert.Equal("G15_10/SM44", header.AuthorSpecialty!.Value);
        Assert.Equal("SA08", header.HealthcareFacilityType!.Value);
        var order = Assert.Single(header.Orders);
        Assert.Equal(Samples.Order("1"), order.PlacerOrderNumber);
        Assert.Equal(Samples.Examination("1").AccessionNumber, order.AccessionNumber);
        var study = Assert.Single(header.ServiceEvents);
        Assert.Equal(Samples.Study("1"), study.StudyInstanceUid);
        Assert.Equal(("24725-4", ReportCodes.Loinc), (study.Code!.Value, study.Code.System));
        Assert.Equal(("CT", ReportCodes.Dcm), (study.Modalities[0].Value, study.Modalities[0].System));
        Assert.Equal(("774007", ReportCodes.SnomedCt), (study.Regions[0].Value, study.Regions[0].System));
        Assert.Equal("20261102100000+0100", study.Start);
        Assert.Equal("AMBULATOIRE", study.PracticeSetting!.Value);
        Assert.Equal(Samples.Structure.Id, study.Performer!.Id);

        // The document leads to the images: the partial address of flux 4, completed with its own id.
        var pdf = Encoding.Latin1.GetString(PdfOf(cda));
        Assert.StartsWith("%PDF-1.4", pdf, StringComparison.Ordinal);
        var id = Uri.EscapeDataString(header.DocumentId.ToString());
        Assert.Contains($"&accessionNumber=ACN1&idCDA={id}", pdf.Replace("\\", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)] // one message with an ORDER group for each study
    [InlineData(false)] // a message for each
    [Requirement("DB/RIS.08")]
    [Requirement("DB/RIS.11")]
    public async Task A_report_names_every_study_of_its_order(bool together)
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        var thorax = Samples.Examination("1", study: "2") with
        {
            Act = new Code("24627-2", "LN", "Scanner du thorax"),
            Region = new AnatomicRegion(new Code("51185008", "SCT", "thorax"), null),
        };
        byte[][] messages = [Written(Samples.Examination("1"), "2"), Written(thorax, "3")];
        if (together) messages = [[.. messages[0], .. messages[1].AsSpan(messages[1].AsSpan().IndexOf("ORC|"u8))]];
        foreach (var message in messages) Assert.Equal(AckCode.AA, (await platform.SendAsync(message)).Code);

        var reply = await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        Assert.Null(reply.Refusal);
        var (report, cda) = await NextReportAsync(platform, "T02");
        Assert.Equal(Samples.Order("1"), report.PlacerOrderNumber);
        Assert.Equal(["ACN1", "ACN2"], report.Cda!.Orders.Select(o => o.AccessionNumber!.Value.Extension));
        Assert.All(report.Cda.Orders, o => Assert.Equal(Samples.Order("1"), o.PlacerOrderNumber));
        Assert.Equal(
            [(Samples.Study("1"), "24725-4", "774007"), (Samples.Study("2"), "24627-2", "51185008")],
            report.Cda.ServiceEvents.Select(e => (e.StudyInstanceUid!.Value, e.Code!.Value, e.Regions[0].Value)));
        Assert.Equal($"{ReportCodes.ImagingReport.Display} : Scanner de la tête, Scanner du thorax", report.Cda.Title);
        var pdf = Encoding.Latin1.GetString(PdfOf(cda));
        foreach (var study in (string[])["1", "2"])
        {
            Assert.Contains(
                $"/URI (https://viewer.test/IHEInvokeImageDisplay?requestType=STUDY&studyUID={Samples.Study(study)}"
                + $"&accessionNumber=ACN{study}&idCDA={Uri.EscapeDataString(reply.Document!.DocumentId.ToString())})",
                pdf, StringComparison.Ordinal);
        }

        static byte[] Written(PostExamination examination, string controlId) =>
            TeleradiologyWriter.Write(examination, Samples.Envelope(controlId));
    }

    [Fact]
    [Requirement("DB/RIS.08")]
    public async Task A_study_that_comes_after_the_report_is_named_by_its_correction()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        var order = Samples.Order("1");
        await platform.Node.WriteReportAsync(order, Samples.Text, "alice", Cancellation);
        var first = (await NextReportAsync(platform, "T02")).Message.Cda!;
        Assert.Empty(await platform.Node.ListWorklistAsync(new WorklistFilter(), Cancellation));

        Assert.Equal(AckCode.AA, (await platform.SendAsync(Samples.Examination("1", study: "2"), "3")).Code);

        var waiting = Assert.Single(await platform.Node.ListWorklistAsync(new WorklistFilter(), Cancellation));
        Assert.Equal((order, DeskTask.Report), (waiting.Order, waiting.WaitsFor));
        Assert.Null((await platform.Node.CorrectReportAsync(order, Samples.Text, "alice", Cancellation)).Refusal);
        var second = (await NextReportAsync(platform, "T10")).Message.Cda!;
        Assert.Equal([Samples.Study("1")], first.StudyInstanceUids);
        Assert.Equal([Samples.Study("1"), Samples.Study("2")], second.StudyInstanceUids);
        Assert.Empty(await platform.Node.ListWorklistAsync(new WorklistFilter(), Cancellation));
    }

    [Theory]
    [Requirement("DB/RIS.11")]
    [InlineData("https://viewer.test/view?study=1&idCDA=", "/URI (https://viewer.test/view?study=1&idCDA={0})")]
    [InlineData("https://viewer.test", "/URI (https://viewer.test/?idCDA={0})")]
    [InlineData("https://viewer.test/une vue?a=é", "/URI (https://viewer.test/une%20vue?a=%C3%A9&idCDA={0})")]
    [InlineData("no address", "")]
    [InlineData(null, "")] // too long to print
    public async Task The_address_of_the_images_is_completed_where_it_can_be(string? partial, string expected)
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        var url = partial ?? "https://viewer.test/" + new string('a', Limits.ViewerUrlLengthMax);
        Assert.Equal(
            AckCode.AA, (await platform.SendAsync(Samples.Examination("1") with { PartialViewerUrl = url }, "2")).Code);

        var reply = await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        Assert.Null(reply.Refusal);
        var pdf = Encoding.Latin1.GetString(PdfOf((await NextReportAsync(platform, "T02")).Cda));
        var id = Uri.EscapeDataString(reply.Document!.DocumentId.ToString());
        if (expected.Length == 0) Assert.DoesNotContain("/URI (", pdf, StringComparison.Ordinal);
        else Assert.Contains(string.Format(null, expected, id), pdf, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_correction_replaces_the_report_and_a_withdrawal_names_the_newest()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        var order = Samples.Order("1");
        var first = (await platform.Node.WriteReportAsync(order, Samples.Text, "alice", Cancellation)).Document!;
        await NextReportAsync(platform, "T02");

        var second = (await platform.Node.CorrectReportAsync(
            order, Samples.Text with { Conclusion = "Lésion de 3 mm." }, "alice", Cancellation)).Document!;
        var (correction, correctedCda) = await NextReportAsync(platform, "T10");
        Assert.Equal((ReportAction.Replace, second.DocumentId), (correction.Action, correction.DocumentId));
        Assert.Equal(first.DocumentId, correction.Parent);
        Assert.False(correction.RelatedAndParentDisagree);
        Assert.Equal(first.DocumentId, correction.Cda!.Replaces);
        Assert.Equal((first.SetId, 2), (correction.Cda.SetId!.Value, correction.Cda.VersionNumber!.Value));
        Assert.NotEqual(first.DocumentId, second.DocumentId);

        Assert.Null((await platform.Node.WithdrawReportAsync(order, "bob", Cancellation)).Refusal);
        var (withdrawal, withdrawnCda) = await NextReportAsync(platform, "T04");
        Assert.Equal((ReportAction.Delete, second.DocumentId), (withdrawal.Action, withdrawal.DocumentId));
        Assert.Equal(correctedCda.ToArray(), withdrawnCda.ToArray());

        // Once is enough, and only a document that replaces the withdrawn one may follow.
        var again = await platform.Node.WithdrawReportAsync(order, "bob", Cancellation);
        Assert.Equal(RefusalReason.WrongState, again.Refusal!.Reason);
        var anew = await platform.Node.WriteReportAsync(order, Samples.Text, "alice", Cancellation);
        Assert.Equal(RefusalReason.WrongState, anew.Refusal!.Reason);
        Assert.Null((await platform.Node.CorrectReportAsync(order, Samples.Text, "alice", Cancellation)).Refusal);
        var (third, _) = await NextReportAsync(platform, "T10");
        Assert.Equal((second.DocumentId, 3), (third.Parent!.Value, third.Cda!.VersionNumber!.Value));
        Assert.DoesNotContain("PAT-TROIS", platform.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_can_only_be_signed_when_there_is_something_to_sign()
    {
        await using var platform = await Platform.StartAsync();
        var order = Samples.Order("1");

        Assert.Equal(RefusalReason.UnknownTarget, (await platform.Node.AcceptAsync(order, "x", "a", Cancellation))!.Reason);
        await platform.SendAsync(Samples.Request("1"), "1");
        Assert.Equal(RefusalReason.RequiredFieldMissing, (await platform.Node.AcceptAsync(order, " ", "a", Cancellation))!.Reason);
        Assert.Equal(RefusalReason.RequiredFieldMissing, (await platform.Node.RefuseAsync(order, "", "a", Cancellation))!.Reason);
        Assert.Equal(RefusalReason.WrongState, await WriteAsync(Samples.Text));

        await platform.SendAsync(Samples.Examination("1"), "2");
        Assert.Equal(RefusalReason.RequiredFieldMissing, await WriteAsync(Samples.Text with { Results = "", Conclusion = " " }));
        Assert.Equal(RefusalReason.OverLimit, await WriteAsync(
            Samples.Text with { Results = new string('a', Limits.ReportCharactersMax + 1) }));
        Assert.Equal(RefusalReason.UnknownTarget,
            (await platform.Node.CorrectReportAsync(order, Samples.Text, "a", Cancellation)).Refusal!.Reason);
        Assert.Equal(RefusalReason.UnknownTarget,
            (await platform.Node.WithdrawReportAsync(order, "a", Cancellation)).Refusal!.Reason);
        Assert.True(platform.Ris!.IsQuiet);

        async Task<RefusalReason> WriteAsync(ReportText text) =>
            (await platform.Node.WriteReportAsync(order, text, "a", Cancellation)).Refusal!.Reason;
    }

    [Fact]
    public async Task A_patient_without_an_INS_gets_no_report()
    {
        await using var platform = await Platform.StartAsync();
        var anonymous = Samples.Patient with { Identity = Samples.Patient.Identity with { Ins = null } };
        await platform.SendAsync(Samples.Request("1") with { Patient = anonymous }, "1");
        await platform.SendAsync(Samples.Examination("1") with { Patient = anonymous }, "2");

        var reply = await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        Assert.Equal(RefusalReason.InsAbsent, reply.Refusal!.Reason);
    }

    [Fact]
    public async Task Of_two_first_reports_at_once_one_is_sent()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");

        var replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation)));

        Assert.Single(replies, r => r.Refusal is null);
        await NextReportAsync(platform, "T02");
        var state = await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation);
        Assert.Single(state.Documents);
    }

    private static async Task<RequestResponse> NextResponseAsync(Platform platform)
    {
        var reading = MessageValidator.Read(await platform.Ris!.NextAsync(), [TeleradiologyProfiles.Flux3])!;
        Assert.Null(reading.Refusal);
        var responses = TeleradiologyReader.TryReadResponses(reading, out var refusal);
        Assert.Null(refusal);
        return Assert.Single(responses!);
    }

    private static async Task<ReceivedReport> NextReportAsync(Platform platform, string trigger)
    {
        var reading = MessageValidator.Read(await platform.Ris!.NextAsync(), [CdaProfiles.Mdm21])!;
        Assert.Null(reading.Refusal);
        Assert.Equal(trigger, reading.Message.Header[9].Component(2).Code);
        var report = ReportMessageReader.TryRead(reading.Message, out var refusal);
        Assert.Null(refusal);
        return report!;
    }

    private static byte[] PdfOf(ReadOnlyMemory<byte> cda)
    {
        XNamespace hl7 = "urn:hl7-org:v3";
        var document = XDocument.Parse(Encoding.UTF8.GetString(cda.Span));
        return Convert.FromBase64String(document.Descendants(hl7 + "nonXMLBody").Single().Element(hl7 + "text")!.Value);
    }
}
