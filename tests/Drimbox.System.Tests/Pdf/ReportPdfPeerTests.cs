using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Pdf;

/// <summary>What programs of other makers say of our PDF/A-1b files: qpdf, poppler, zbar, PDFBox Preflight.</summary>
public sealed class ReportPdfPeerTests : IDisposable
{
    private const string ViewerUrl =
        "https://drimbox.example.fr/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.250.1.999.2.1&(x)=%20'";

    private readonly string _folder = Directory.CreateTempSubdirectory("drimbox-pdf-").FullName;

    private static PrintedReport Report { get; } = new(
        "Scanner thoracique sans et avec injection",
        "Centre d'imagerie de l'Étoile",
        ["PAT-TROIS Dominique, née le 28/03/1979, INS 279035121518989", "IPP101 – 51215"],
        ["Examen du 14/03/2024 09:30, CT", "Demande DEM-1, accession ACC-1"],
        [
            new PrintedSection("Indication", "Toux fébrile ; suspicion de pneumopathie (cœur, œdème, ß, ŷ, €, µ, ≥ 3 mm²)."),
            new PrintedSection("Technique", "Hélice après injection.\nPDL : 312 mGy·cm."),
            new PrintedSection("Rien", " \n "),
            new PrintedSection("Résultats", string.Join('\n', Enumerable.Range(1, 90).Select(
                i => $"{i}. Pas d'épanchement pleural ni péricardique, perméabilité des axes proximaux conservée, "
                    + "parenchyme sans foyer systématisé constitué à l'étage considéré."))),
            new PrintedSection("Conclusion", "Examen sans particularité. Ça naît, où ? Là-bas — « voilà » FIN-DU-TEXTE"),
        ],
        "Dr Anne SIGNATAIRE",
        [new ViewerLink(ViewerUrl, "")],
        "fr-FR",
        new DateTimeOffset(2024, 3, 14, 10, 15, 0, TimeSpan.FromHours(1)));

    private string Pdf { get; }

    public ReportPdfPeerTests()
    {
        Pdf = Path.Combine(_folder, "report.pdf");
        File.WriteAllBytes(Pdf, ReportPdf.TryWrite(Report, out _)!);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Qpdf_finds_no_error_or_warning()
    {
        var (status, output, error) = await RunAsync("qpdf", "--check", Pdf);
        Assert.True(status == 0, error);
        Assert.DoesNotContain("WARNING", output + error, StringComparison.Ordinal);
        Assert.Contains("PDF Version: 1.4", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Poppler_reads_the_text_back_with_its_accents()
    {
        var (status, text, _) = await RunAsync("pdftotext", "-layout", Pdf, "-");
        Assert.Equal(0, status);
        string[] expected =
        [
            "Centre d'imagerie de l'Étoile", "Scanner thoracique sans et avec injection", "PAT-TROIS Dominique, née le",
            "(cœur, œdème, ß, ŷ, €, µ, ≥ 3 mm²)", "PDL : 312 mGy·cm.", "90. Pas d'épanchement", "Résultats",
            "Ça naît, où ? Là-bas — « voilà » FIN-DU-TEXTE", "Dr Anne SIGNATAIRE", "Page 1 / 4", "Page 4 / 4",
        ];
        Assert.All(expected, line => Assert.Contains(line, text, StringComparison.Ordinal));
        Assert.DoesNotContain("Rien", text, StringComparison.Ordinal);
        // The patient is named on every page.
        Assert.Equal(1 + 4, text.Split("PAT-TROIS").Length - 1);
    }

    [Fact]
    public async Task Poppler_finds_every_font_embedded_as_a_subset()
    {
        var (_, fonts, _) = await RunAsync("pdffonts", Pdf);
        var font = Assert.Single(fonts.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2));
        Assert.Matches(@"^[A-Z]{6}\+DejaVuSans +CID TrueType +Identity-H +yes yes yes", font);
    }

    [Fact]
    public async Task Poppler_finds_the_metadata()
    {
        var (_, output, _) = await RunAsync("pdfinfo", "-isodates", Pdf);
        Assert.Contains("Scanner thoracique sans et avec injection", output, StringComparison.Ordinal);
        Assert.Contains("Dr Anne SIGNATAIRE", output, StringComparison.Ordinal);
        Assert.Contains("2024-03-14T10:15:00+01", output, StringComparison.Ordinal);
        Assert.Contains("(A4)", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 100)] // dots per inch: a bad photocopy
    [InlineData(512, 200)] // the longest address, on a common scanner
    [Requirement("DB/RIS.11")]
    public async Task Zbar_reads_the_exact_address_from_the_printed_page(int length, int resolution)
    {
        Peer.Require("zbarimg");
        var url = ViewerUrl.PadRight(length, '7');
        var page = Path.Combine(_folder, "page");
        var drawn = await RunAsync(
            "pdftoppm", "-r", $"{resolution}", "-f", "1", "-l", "1", "-png", "-singlefile",
            Write(Report with { Viewers = [new(url, "")] }), page);
        Assert.Equal(0, drawn.Status);
        var (status, output, _) = await RunAsync("zbarimg", "--quiet", "--raw", page + ".png");
        Assert.Equal((0, url), (status, output.TrimEnd('\n')));
    }

    [Fact]
    [Requirement("DB/RIS.11")]
    public async Task Zbar_reads_an_address_for_each_study()
    {
        Peer.Require("zbarimg");
        var urls = Enumerable.Range(1, 6).Select(i => $"{ViewerUrl}&study={i}").ToList();
        var pdf = Write(Report with
        {
            Viewers = [.. urls.Select(url => new ViewerLink(url, "Scanner du thorax, de l'abdomen et du bassin"))],
        });
        var page = Path.Combine(_folder, "page");
        Assert.Equal(0, (await RunAsync(
            "pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-png", "-singlefile", pdf, page)).Status);
        var (status, output, _) = await RunAsync("zbarimg", "--quiet", "--raw", page + ".png");
        Assert.Equal(0, status);
        Assert.Equal(urls, output.TrimEnd('\n').Split('\n').Order(StringComparer.Ordinal));
        await PdfPreflight.AcceptsAsync(pdf);
    }

    [Fact]
    [Requirement("DB/RIS.11")]
    public async Task Qpdf_shows_the_link_to_the_same_address()
    {
        var (_, json, _) = await RunAsync("qpdf", "--json", "--json-key=qpdf", Pdf);
        Assert.Contains($"\"/URI\": \"u:{ViewerUrl}\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_word_stays_between_the_margins()
    {
        var (_, boxes, _) = await RunAsync("pdftotext", "-bbox", Write(Odd), "-");
        var words = Regex.Matches(boxes, """<word xMin="([0-9.]+)" yMin="([0-9.]+)" xMax="([0-9.]+)" yMax="([0-9.]+)">""");
        Assert.InRange(words.Count, 100, 10_000);
        Assert.All(words, word =>
        {
            Assert.InRange(Number(word, 1), 55, 540);
            Assert.InRange(Number(word, 3), 55, 540);
            Assert.InRange(Number(word, 2), 30, 842 - 30);
            Assert.InRange(Number(word, 4), 30, 842 - 30);
        });

        static double Number(Match match, int group) =>
            double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Preflight_accepts_the_file_as_pdf_a_1b() => await PdfPreflight.AcceptsAsync(Pdf);

    [Fact]
    public async Task Preflight_accepts_a_file_of_odd_texts_as_pdf_a_1b() => await PdfPreflight.AcceptsAsync(Write(Odd));

    /// <summary>Words wider than a line, characters without glyph, composite glyphs of many scripts, every line full.</summary>
    private static PrintedReport Odd { get; } = Report with
    {
        Title = new string('W', 300) + "\u0001 <&> \ud800",
        PatientLines = [new string('P', 300)],
        Viewers = [new("https://x.fr/".PadRight(512, 'q'), "")],
        Sections =
        [
            new PrintedSection("Tout", string.Concat(Enumerable.Range(0x21, 0x500).Select(c => (char)c))),
            new PrintedSection("Large", string.Join(' ', Enumerable.Range(1, 120).Select(i => new string('m', i)))),
            new PrintedSection("Vide", "\u3105 \ud83e\udd84 \ufffe e\u0301"),
        ],
    };

    private string Write(PrintedReport report)
    {
        var path = Path.Combine(_folder, "other.pdf");
        File.WriteAllBytes(path, ReportPdf.TryWrite(report, out _)!);
        return path;
    }

    private static async Task<(int Status, string Output, string Error)> RunAsync(
        string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Peer.Require(program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}
