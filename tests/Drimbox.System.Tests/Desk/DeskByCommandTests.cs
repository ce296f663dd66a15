using System.Text;
using System.Xml.Linq;
using Drimbox.Teleradiology;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Pdf;

namespace Drimbox.Tests.Desk;

/// <summary>A radiologist at the command line: from the worklist to a report that other programs read.</summary>
public sealed class DeskByCommandTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_request_is_found_accepted_drafted_signed_corrected_and_withdrawn()
    {
        Peer.RequireGate();
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Path, "thorax.json"),
            """{ "Modalities": ["CT"], "Regions": ["67734004"], "Technique": "{act} : {products}", "Results": "" }""");
        var protocol = Path.Combine(_folder.Path, "protocol.pdf");
        await File.WriteAllTextAsync(protocol, "%PDF-1.4 a protocol");
        await using var desk = await PlatformDesk.StartAsync(o => o with { Templates = _folder.Path });
        await desk.PlaceAsync();

        var waiting = Assert.Single((await desk.AskAsync("worklist", "--status", "Placed")).EnumerateArray());
        Assert.Equal(desk.Order, waiting.GetProperty("order").GetString());
        Assert.Equal("Answer", waiting.GetProperty("waitsFor").GetString());
        Assert.Empty((await desk.AskAsync("worklist", "--late")).EnumerateArray());
        Assert.Empty((await desk.AskAsync("worklist", "--older-than", "1h")).EnumerateArray());
        await desk.CommandAsync(
            "accept", desk.Order, "--protocol", "Angioscanner thoracique", "--protocol", "80 ml à 4 ml/s",
            "--protocol-file", protocol);
        var answer = await desk.NextMessageAsync();
        Assert.Contains("\rORC|OK|", answer, StringComparison.Ordinal);
        Assert.Equal(3, answer.Split("PROTOCOLE_IMAGERIE").Length - 1);

        await desk.ExamineAsync();
        Assert.Contains("thorax", await desk.CommandAsync("templates"), StringComparison.Ordinal);
        var text = await desk.AskAsync("template", desk.Order);
        Assert.Equal("Scanner thoracique : V09, lot LOT-7, 80 ml.", text.GetProperty("technique").GetString());
        await desk.CommandAsync(
            "draft", desk.Order, "--template", "thorax", "--results", "Pas d'embolie.", "--conclusion", "Normal.");
        var shown = await desk.AskAsync("show", desk.Order);
        Assert.Equal("Report", shown.GetProperty("waitsFor").GetString());
        Assert.NotEqual("", shown.GetProperty("draftBy").GetString());
        Assert.Equal("Normal.", (await desk.AskAsync("read-draft", desk.Order)).GetProperty("conclusion").GetString());

        await desk.CommandAsync("sign", desk.Order);
        await desk.NextDocumentAsync("T02");
        await desk.CommandAsync("correct", desk.Order, "--conclusion", "Micronodule du lobe moyen.");
        await desk.NextDocumentAsync("T10");
        await desk.CommandAsync("withdraw", desk.Order);
        await desk.NextDocumentAsync("T04");
        var open = Assert.Single((await desk.AskAsync("worklist")).EnumerateArray());
        Assert.True(open.GetProperty("withdrawn").GetBoolean());
    }

    [Fact]
    public async Task A_request_is_refused_with_the_code_of_the_reason()
    {
        Peer.RequireGate();
        await using var desk = await PlatformDesk.StartAsync();
        await desk.PlaceAsync();

        await desk.CommandAsync(
            "refuse", desk.Order, "--reason", "Examen non justifié", "--code", "NJ", "--system", "SITE");

        Assert.Contains("|NJ^Examen non justifié^SITE|", await desk.NextMessageAsync(), StringComparison.Ordinal);
        Assert.Empty((await desk.AskAsync("worklist")).EnumerateArray());
        var all = Assert.Single((await desk.AskAsync("list", "--max", "5")).EnumerateArray());
        Assert.Equal("Refused", all.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData(ReportBody.Pdf)]
    [InlineData(ReportBody.Structured)]
    [Requirement("DB/RIS.11")]
    public async Task The_report_that_reaches_the_RIS_is_read_by_qpdf_poppler_zbar_and_preflight(ReportBody body)
    {
        Peer.RequireGate();
        await using var desk = await PlatformDesk.StartAsync(
            o => o with { Body = body });
        await desk.PlaceAsync();
        await desk.ExamineAsync();
        var results = string.Join('\n', Enumerable.Range(1, 150).Select(i => $"{i}. Œdème ≥ 3 mm"));
        await desk.CommandAsync(
            "report", desk.Order, "--results", results, "--conclusion", "Ça naît, où ? Là-bas.");

        var cda = await desk.NextDocumentAsync("T02");
        var pdf = Path.Combine(_folder.Path, "report.pdf");
        await File.WriteAllBytesAsync(pdf, PlatformDesk.PdfOf(cda), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("WARNING", await Dcmtk.SucceedAsync("qpdf", "--check", pdf), StringComparison.Ordinal);
        var text = await Dcmtk.SucceedAsync("pdftotext", "-layout", pdf, "-");
        Assert.Contains("Douleur thoracique", text, StringComparison.Ordinal);
        Assert.Contains("150. Œdème ≥ 3 mm", text, StringComparison.Ordinal);
        Assert.Contains("Ça naît, où ? Là-bas.", text, StringComparison.Ordinal);
        Assert.Matches(@"Page 4 / [4-9]", text);

        var page = Path.Combine(_folder.Path, "page");
        await Dcmtk.SucceedAsync("pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-png", "-singlefile", pdf, page);
        // What follows the address are warnings of zbar about other sorts of codes.
        var url = (await Dcmtk.SucceedAsync("zbarimg", "--quiet", "--raw", page + ".png")).Split('\n')[0];
        var document = XDocument.Parse(Encoding.UTF8.GetString(cda)).Root!
            .Elements().First(e => e.Name.LocalName == "id");
        var id = $"{(string?)document.Attribute("root")}^{(string?)document.Attribute("extension")}";
        Assert.Equal(
            $"https://drimbox.example/view?studyUID=1.2.3&accessionNumber=ACN1&idCDA={Uri.EscapeDataString(id)}", url);
        await PdfPreflight.AcceptsAsync(pdf);
    }
}
