using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Pdf;

/// <summary>The text of our own PDF files, read from their bytes.</summary>
public sealed class ReportPdfTextTests
{
    private static readonly PrintedReport Report = new(
        "Scanner thoracique",
        "Centre d'imagerie",
        ["PAT-TROIS Dominique", "INS : 279035121518989"],
        ["Examen du 14/03/2024"],
        [
            new PrintedSection("Résultats", "Œdème, ganglion sous-carinaire de 9 mm.\nPas d'épanchement."),
            new PrintedSection("Conclusion", "Examen à contrôler."),
        ],
        "Dr Anne SIGNATAIRE",
        [new ViewerLink("https://drimbox.example.fr/viewer?study=1.2.3", "")],
        "fr-FR",
        new DateTimeOffset(2024, 3, 14, 10, 15, 0, TimeSpan.Zero));

    [Fact]
    public void The_sections_are_those_that_were_written()
    {
        var text = Read(Write(Report))!;

        Assert.Equal(
            [
                (
                    "",
                    "Centre d'imagerie Scanner thoracique PAT-TROIS Dominique INS : 279035121518989 "
                    + "Examen du 14/03/2024"
                ),
                ("Résultats", "Œdème, ganglion sous-carinaire de 9 mm. Pas d'épanchement."),
                ("Conclusion", "Examen à contrôler."),
                ("", "Dr Anne SIGNATAIRE"),
            ],
            text.Sections.Select(s => (s.Heading, s.Text.Replace('\n', ' '))));
        Assert.Contains("study=1.2.3", text.Everything, StringComparison.Ordinal);
        Assert.Contains("Page 1 / 1", text.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_come_back_from_several_pages_whatever_the_lines_were_broken_into()
    {
        var long1 = string.Join(' ', Enumerable.Range(0, 3_000).Select(i => $"mot{i} arrière-plan"));
        var text = Read(Write(Report with { Sections = [new PrintedSection("Résultats", long1)] }))!;

        var section = Assert.Single(text.Sections, s => s.Heading == "Résultats");
        Assert.Equal(long1.Split(' '), section.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Page 2 / ", text.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_altered_by_one_bit_or_appended_to_is_not_ours()
    {
        var pdf = Write(Report);
        Assert.Null(Read([.. pdf, .. "\n"u8]));
        var random = new Random(Seed.Get());
        for (var round = 0; round < 200; round++)
        {
            var altered = pdf.ToArray();
            altered[random.Next(pdf.Length)] ^= (byte)(1 << random.Next(8));
            // Behind the hash stand the table of the objects and the hash: only the table may say what it likes.
            if (Read(altered) is { } text) Assert.Equal(Read(pdf)!.Everything, text.Everything);
        }
    }

    [Fact]
    public void What_a_sealed_file_says_may_be_anything()
    {
        var pdf = Write(Report);
        var random = new Random(Seed.Get());
        var read = 0;
        for (var round = 0; round < 500; round++)
        {
            var altered = pdf.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                // Objects, not the glyphs: there is nothing to misread in those.
                var at = random.Next(2) == 0 ? random.Next(2_000) : altered.Length - 1 - random.Next(6_000);
                altered[at] = (byte)random.Next(256);
            }

            if (Read(Seal(altered)) is { } text) read += text.Sections.Count > 0 && text.Everything.Length > 0 ? 1 : 0;
        }

        Assert.InRange(read, 1, 499);
    }

    [Fact]
    public void Pages_that_show_one_content_again_and_again_are_not_read()
    {
        var text = Encoding.Latin1.GetString(Write(Report));
        var kids = text.IndexOf("/Kids [", StringComparison.Ordinal) + "/Kids [".Length;
        var kid = text[kids..text.IndexOf(']', kids)];

        Assert.NotNull(Read(Seal(Encoding.Latin1.GetBytes(text))));
        Assert.Null(Read(Seal(Encoding.Latin1.GetBytes(
            text.Insert(kids, string.Concat(Enumerable.Repeat(kid + " ", 4_000)))))));
        Assert.Null(Read(Seal(Encoding.Latin1.GetBytes(
            text.Insert(kids, string.Concat(Enumerable.Repeat("999 0 R ", 10)))))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("%PDF-1.4")]
    [InlineData("%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 2\n")]
    public void A_PDF_of_another_maker_is_not_read(string pdf) => Assert.Null(Read(Encoding.Latin1.GetBytes(pdf)));

    // The identifier and the place of the table as the writer makes them of what stands before.
    private static byte[] Seal(byte[] pdf)
    {
        var text = Encoding.Latin1.GetString(pdf);
        var table = text.LastIndexOf("xref\n0 ", StringComparison.Ordinal);
        if (table < 0) return pdf;
        var id = Convert.ToHexString(
            System.Security.Cryptography.SHA256.HashData(pdf.AsSpan(0, table)).AsSpan(0, 16));
        return
        [
            .. pdf[..table],
            .. Encoding.Latin1.GetBytes(
                $"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /ID [<{id}> <{id}>] >>\n"
                + $"startxref\n{table}\n%%EOF\n"),
        ];
    }

    private static ReportPdfText? Read(byte[] pdf) => ReportPdfText.TryRead(pdf);

    private static byte[] Write(PrintedReport report)
    {
        var pdf = ReportPdf.TryWrite(report, out Refusal? refusal);
        Assert.Null(refusal);
        return pdf!;
    }
}
