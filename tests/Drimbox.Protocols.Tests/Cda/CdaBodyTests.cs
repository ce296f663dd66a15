using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Cda;

/// <summary>What the body of a document says to a person.</summary>
public sealed class CdaBodyTests
{
    internal static byte[] Pdf(string results, params string[] patientLines) => ReportPdf.TryWrite(
        new PrintedReport(
            "CR", "Centre", patientLines, [], [new PrintedSection("Résultats", results)], "Dr ERIC", [], "fr-FR",
            DateTimeOffset.UnixEpoch),
        out _)!;

    internal static StructuredBody Structured(string results) => new(
        "Toux", [], ["Asthme"],
        [new DescribedAct(
            new Code("24627-2", ReportCodes.Loinc, "CT Chest"), new Code("CT", ReportCodes.Dcm, "Scanner"),
            new Code("67734004", ReportCodes.SnomedCt, "thorax"), null, "20240314093000+0100",
            Uid.Parse("1.2.250.1.999.2.1"))],
        "Hélice.", results, "Examen normal.");

    [Fact]
    public void The_sections_of_a_structured_body_are_read_with_their_titles()
    {
        var body = Read(CdaWriter.Write(
            CdaWriterTests.Report, Structured("Pas d'embolie.\nPas d'épanchement.")));

        var sections = body.Sections!.ToDictionary(s => s.Title, s => s.Text);
        Assert.Equal("Pas d'embolie.\nPas d'épanchement.", sections["Résultats"]);
        Assert.Equal("Examen normal.", sections["Conclusion"]);
        Assert.Contains("Acte : CT Chest", sections["Technique d'imagerie"], StringComparison.Ordinal);
        var file = Assert.Single(body.Files);
        Assert.Equal(("application/pdf", CdaWriterTests.Report.Pdf.Length), (file.MediaType, (int)file.Length));
    }

    [Fact]
    public void Lists_and_tables_are_read_line_by_line()
    {
        var body = Read(CdaSample.With(
            """<nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0xLjQ=</text></nonXMLBody>""",
            """
            <structuredBody><component><section><title>Mesures</title><text>
              <list><item>Nodule <content styleCode="Bold">A</content></item><item>Nodule B</item></list>
              <table><tbody><tr><td>taille</td><td>4 mm</td></tr><tr><td>densité</td><td>30 UH</td></tr></tbody></table>
            </text></section></component></structuredBody>
            """));

        Assert.Equal(
            new BodySection("Mesures", "Nodule A\nNodule B\ntaille 4 mm\ndensité 30 UH"),
            Assert.Single(body.Sections!));
    }

    [Fact]
    public void A_PDF_of_ours_is_read_and_one_of_another_maker_is_described()
    {
        var ours = Read(CdaWriter.Write(CdaWriterTests.Report with { Pdf = Pdf("Pas d'embolie.") }));
        Assert.Equal("Pas d'embolie.", Assert.Single(ours.Sections!, s => s.Title == "Résultats").Text);

        var others = Read(CdaSample.Bytes(CdaSample.Xml));
        Assert.Null(others.Sections);
        var file = Assert.Single(others.Files);
        Assert.Equal(8, file.Length);
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("%PDF-1.4"u8)), file.Sha256);
    }

    [Fact]
    public void A_text_longer_than_a_report_is_not_compared()
    {
        var text = $"<nonXMLBody><text>{new string('a', Limits.ReportCharactersMax + 1)}</text></nonXMLBody>";
        var body = Read(CdaSample.With(
            """<nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0xLjQ=</text></nonXMLBody>""",
            text));

        Assert.Null(body.Sections);
    }

    [Fact]
    public void What_changed_between_two_reports_of_ours_is_shown_by_words()
    {
        var before = Read(CdaWriter.Write(CdaWriterTests.Report with { Pdf = Pdf("Nodule de 4 mm.") }));
        var after = Read(CdaWriter.Write(CdaWriterTests.Report with { Pdf = Pdf("Nodule de 14 mm.") }));

        Assert.Equal(
            new TextChange("Résultats", "Nodule de", "4", "14", "mm."),
            Assert.Single(BodyChanges.Between(before, after).Text!));
    }

    [Fact]
    public void What_is_no_CDA_is_refused()
    {
        Assert.Null(CdaBody.TryRead(Encoding.UTF8.GetBytes("<x/>"), out var refusal));
        Assert.Equal(RefusalReason.DataType, refusal!.Reason);
    }

    private static DocumentBody Read(byte[] cda)
    {
        var body = CdaBody.TryRead(cda, out var refusal);
        Assert.Null(refusal);
        return body!;
    }
}
