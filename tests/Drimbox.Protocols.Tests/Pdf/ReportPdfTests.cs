using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Pdf;

public sealed partial class ReportPdfTests
{
    private static PrintedReport Report { get; } = new(
        "IRM du genou <droit> & gauche",
        "Centre d'imagerie",
        ["PAT-TROIS Dominique"],
        ["Examen du 14/03/2024"],
        [new PrintedSection("Résultats", "Ménisques d'aspect normal.")],
        "Dr Anne SIGNATAIRE",
        [new ViewerLink("https://drimbox.example.fr/viewer?study=1.2.3", "")],
        "fr-FR",
        new DateTimeOffset(2024, 3, 14, 10, 15, 0, TimeSpan.FromHours(-3.5)));

    private static byte[] Write(PrintedReport report)
    {
        var pdf = ReportPdf.TryWrite(report, out var refusal);
        Assert.Null(refusal);
        return pdf!;
    }

    private static string Text(byte[] pdf) => Encoding.Latin1.GetString(pdf);

    [Fact]
    public void The_same_report_gives_the_same_bytes_and_another_one_another_identifier()
    {
        var pdf = Write(Report);
        Assert.Equal(pdf, Write(Report with { Title = new string(Report.Title) }));
        var other = Write(Report with { Title = "IRM du genou" });
        Assert.NotEqual(Identifier().Match(Text(pdf)).Value, Identifier().Match(Text(other)).Value);
    }

    [Fact]
    public void The_cross_reference_table_points_at_every_object()
    {
        var pdf = Text(Write(Report));
        var table = int.Parse(StartXref().Match(pdf).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.StartsWith("xref\n0 ", pdf[table..], StringComparison.Ordinal);
        var entries = XrefEntry().Matches(pdf[table..]);
        Assert.InRange(entries.Count, 10, 100);
        for (var i = 0; i < entries.Count; i++)
        {
            var offset = int.Parse(entries[i].Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.StartsWith($"{i + 1} 0 obj\n", pdf[offset..(offset + 12)], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_pdf_a_forbids_is_not_there()
    {
        var pdf = Text(Write(Report));
        Assert.All(
            ["/Encrypt", "/Filter", "/ObjStm", "/XRef", "/JavaScript", "/Launch", "/SMask", "/AA ", "/OpenAction"],
            word => Assert.DoesNotContain(word, pdf, StringComparison.Ordinal));
        Assert.Contains("<pdfaid:part>1</pdfaid:part>", pdf, StringComparison.Ordinal);
        Assert.Contains("<pdfaid:conformance>B</pdfaid:conformance>", pdf, StringComparison.Ordinal);
    }

    [Fact]
    public void The_metadata_say_the_same_in_both_places()
    {
        var pdf = Text(Write(Report));
        Assert.Contains("IRM du genou &lt;droit&gt; &amp; gauche", pdf, StringComparison.Ordinal);
        Assert.Contains(
            "/Title <FEFF" + Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(Report.Title)) + ">", pdf,
            StringComparison.Ordinal);
        Assert.Contains("/CreationDate (D:20240314101500-03'30')", pdf, StringComparison.Ordinal);
        Assert.Contains("<xmp:CreateDate>2024-03-14T10:15:00-03:30</xmp:CreateDate>", pdf, StringComparison.Ordinal);
    }

    [Fact]
    public void The_colour_profile_maps_white_to_white()
    {
        var pdf = Write(Report);
        var at = Text(pdf).IndexOf("mntrRGB XYZ ", StringComparison.Ordinal) - 12;
        var profile = pdf.AsSpan(at, BinaryPrimitives.ReadInt32BigEndian(pdf.AsSpan(at)));
        Assert.Equal("acsp", Encoding.ASCII.GetString(profile[36..40]));
        var tags = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < BinaryPrimitives.ReadInt32BigEndian(profile[128..]); i++)
        {
            var entry = profile[(132 + (12 * i))..];
            tags[Encoding.ASCII.GetString(entry[..4])] = BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
        }

        for (var axis = 0; axis < 3; axis++)
        {
            var sum = 0.0;
            foreach (var primary in new[] { "rXYZ", "gXYZ", "bXYZ" }) sum += Axis(profile, tags[primary], axis);
            Assert.Equal(Axis(profile, tags["wtpt"], axis), sum, 0.001);
        }

        // The curve: black is dark, white is full, and the middle grey 188 is half of the light (IEC 61966-2-1).
        var curve = profile[tags["gTRC"]..];
        var points = BinaryPrimitives.ReadInt32BigEndian(curve[8..]);
        Assert.Equal(0, Point(curve, 0));
        Assert.Equal(65535, Point(curve, points - 1));
        Assert.Equal(0.5, Point(curve, (int)Math.Round(188 / 255.0 * (points - 1))) / 65535.0, 0.01);

        static double Axis(ReadOnlySpan<byte> profile, int tag, int axis) =>
            BinaryPrimitives.ReadInt32BigEndian(profile[(tag + 8 + (4 * axis))..]) / 65536.0;

        static int Point(ReadOnlySpan<byte> curve, int i) =>
            BinaryPrimitives.ReadUInt16BigEndian(curve[(12 + (2 * i))..]);
    }

    [Fact]
    public void Only_the_used_glyphs_are_embedded()
    {
        var pdf = Write(Report);
        Assert.InRange(pdf.Length, 20_000, 100_000);
        var scripts = string.Concat(Enumerable.Range(0x21, 0x500).Select(c => (char)c));
        var many = Report with { Sections = [new PrintedSection("Tout", scripts)] };
        Assert.InRange(Write(many).Length, pdf.Length + 20_000, 400_000);
    }

    [Fact]
    public void The_set_of_cids_names_every_glyph_of_the_subset()
    {
        var pdf = Write(Report);
        var text = Text(pdf);
        var glyphs = Widths().Match(text).Groups[1].Value.Split(' ').Length;
        var number = CidSet().Match(text).Groups[1].Value;
        var start = text.IndexOf($"\n{number} 0 obj\n", StringComparison.Ordinal);
        start = text.IndexOf("stream\n", start, StringComparison.Ordinal) + 7;
        var set = pdf.AsSpan(start, (glyphs + 7) / 8).ToArray();
        Assert.Equal(glyphs, set.Sum(b => System.Numerics.BitOperations.PopCount(b)));
        Assert.Equal(0xFF, set[0]);
        Assert.StartsWith("\nendstream", text[(start + set.Length)..], StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_report_runs_over_pages_and_stays_small()
    {
        var text = string.Join('\n', Enumerable.Range(0, 600).Select(i => $"Ligne {i}"));
        var pdf = Write(Report with { Sections = [new PrintedSection("Résultats", text)] });
        Assert.Contains("/Type /Pages /Count 12 ", Text(pdf), StringComparison.Ordinal);
        Assert.InRange(pdf.Length, 0, 400_000);
    }

    [Fact]
    public void Without_a_viewer_there_is_no_link() =>
        Assert.DoesNotContain("/Annot", Text(Write(Report with { Viewers = [] })), StringComparison.Ordinal);

    [Fact]
    public void Each_of_several_viewers_is_linked_on_the_page_that_shows_it()
    {
        var pdf = Text(Write(Report with { Viewers = Studies(Limits.ExaminationsPerRequestMax) }));

        for (var i = 1; i <= Limits.ExaminationsPerRequestMax; i++)
            Assert.Single(Regex.Matches(pdf, $@"/URI \(https://x\.fr/\?study={i}\)"));
        // More rows than a page has place for: two pages have links, and both are read back as ours.
        Assert.Equal(2, Regex.Count(pdf, "/Annots "));
        var text = ReportPdfText.TryRead(Encoding.Latin1.GetBytes(pdf))!;
        Assert.Contains("Scanner 32", text.Everything, StringComparison.Ordinal);
        Assert.Contains("https://x.fr/?study=32", text.Everything, StringComparison.Ordinal);
        // A label is no text of the report.
        Assert.Equal("Ménisques d'aspect normal.", text.Sections.Single(s => s.Heading == "Résultats").Text);

        Assert.Null(ReportPdf.TryWrite(
            Report with { Viewers = Studies(Limits.ExaminationsPerRequestMax + 1) }, out var refusal));
        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);

        static List<ViewerLink> Studies(int count) => Enumerable.Range(1, count)
            .Select(i => new ViewerLink($"https://x.fr/?study={i}", $"Scanner {i}")).ToList();
    }

    [Fact]
    public void An_address_with_parentheses_is_escaped() =>
        Assert.Contains(
            "/URI (https://x.fr/a\\(b\\))",
            Text(Write(Report with { Viewers = [new("https://x.fr/a(b)", "")] })),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("x.fr/study")]
    [InlineData("javascript:alert(1)")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://x.fr/a b")]
    [InlineData("https://x.fr/é")]
    [InlineData("https://x.fr/a\\b")]
    [InlineData("https://x.fr/a\nb")]
    [InlineData("")]
    public void An_address_that_is_no_web_address_is_refused(string url)
    {
        Assert.Null(ReportPdf.TryWrite(Report with { Viewers = [new(url, "")] }, out var refusal));
        Assert.Equal(RefusalReason.DataType, refusal!.Reason);
    }

    [Fact]
    public void The_longest_address_is_drawn_and_a_longer_one_refused()
    {
        var url = "https://x.fr/".PadRight(Limits.ViewerUrlLengthMax, 'a');
        Assert.NotNull(ReportPdf.TryWrite(Report with { Viewers = [new(url, "")] }, out _));
        Assert.Null(ReportPdf.TryWrite(Report with { Viewers = [new(url + "a", "")] }, out var refusal));
        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
    }

    [Fact]
    public void A_text_at_the_limit_is_printed_and_a_longer_one_refused()
    {
        var empty = new PrintedReport("", "", [], [], [], "", [], "fr-FR", Report.CreatedAt);
        var longest = new string('m', Limits.ReportCharactersMax);
        Assert.NotNull(ReportPdf.TryWrite(empty with { Sections = [new PrintedSection("", longest)] }, out _));
        Assert.Null(ReportPdf.TryWrite(empty with { Sections = [new PrintedSection("x", longest)] }, out var refusal));
        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
    }

    [Fact]
    public void Characters_that_cannot_be_shown_do_not_stop_the_report()
    {
        var text = "a\u0000b\u001Bc\tㄅ\ud83e\udd84 \ud800 \uFFFE e\u0301 \u202E";
        var section = new PrintedSection(text, text);
        var pdf = Write(Report with { Title = text, SignedBy = text, PatientLines = [text], Sections = [section] });
        var packet = Encoding.UTF8.GetString(pdf).Split("?>\n<x:xmpmeta")[1].Split("\n<?xpacket end")[0];
        Assert.Contains("ab", XDocument.Parse("<x:xmpmeta" + packet).Root!.Value, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"/ID \[<[0-9A-F]{32}>")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"/W \[0 \[([0-9 ]+)\]\]")]
    private static partial Regex Widths();

    [GeneratedRegex(@"/CIDSet (\d+) 0 R")]
    private static partial Regex CidSet();

    [GeneratedRegex(@"startxref\n(\d+)\n%%EOF\n$")]
    private static partial Regex StartXref();

    [GeneratedRegex(@"(\d{10}) 00000 n \n")]
    private static partial Regex XrefEntry();
}
