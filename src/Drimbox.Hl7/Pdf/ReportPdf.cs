using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using static Drimbox.Hl7.Pdf.PdfObjects;

namespace Drimbox.Hl7.Pdf;

/// <summary>
/// Writes a report as PDF/A-1b (ISO 19005-1), the format that CI-SIS asks for in level 1 documents: PDF 1.4, every
/// glyph embedded, colours tied to sRGB, nothing from outside. The same report gives the same bytes (docs/adr/0013).
/// </summary>
public static class ReportPdf
{
    /// <summary>RFC 3986 2: reserved, unreserved and the percent sign.</summary>
    private static readonly SearchValues<char> UrlCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%");

    /// <returns>The file, or null with the reason in <paramref name="refusal"/>: a text too long to print, or a viewer
    /// address that is no http(s) URL (RFC 3986).</returns>
    public static byte[]? TryWrite(PrintedReport report, out Refusal? refusal)
    {
        refusal = Check(report);
        return refusal is null ? Write(report) : null;
    }

    private static Refusal? Check(PrintedReport report)
    {
        var characters = report.Sections.Sum(section => (long)section.Heading.Length + section.Text.Length)
            + report.PatientLines.Concat(report.StudyLines).Sum(line => (long)line.Length)
            + report.Viewers.Sum(viewer => (long)viewer.Label.Length)
            + report.Title.Length + report.Organization.Length + report.SignedBy.Length;
        if (characters > Limits.ReportCharactersMax)
            return new Refusal(
                RefusalReason.OverLimit, $"A report of more than {Limits.ReportCharactersMax} characters.");
        return report.Viewers.Count > Limits.ExaminationsPerRequestMax
            ? new Refusal(
                RefusalReason.OverLimit, $"More than {Limits.ExaminationsPerRequestMax} viewer addresses.")
            : report.Viewers.Select(viewer => CheckAddress(viewer.Url)).FirstOrDefault(refusal => refusal is not null);
    }

    private static Refusal? CheckAddress(string url)
    {
        if (url.Length > Limits.ViewerUrlLengthMax)
            return new Refusal(
                RefusalReason.OverLimit, $"A viewer address of more than {Limits.ViewerUrlLengthMax} characters.");
        var isAddress = Uri.TryCreate(url, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
            && url.AsSpan().IndexOfAnyExcept(UrlCharacters) < 0;
        return isAddress ? null : new Refusal(RefusalReason.DataType, "The viewer address is no http(s) URL.");
    }

    private static byte[] Write(PrintedReport report)
    {
        var font = new TrueTypeSubset(TrueTypeFont.DejaVuSans);
        var layout = new ReportLayout(font);
        var contents = layout.Set(report);

        var objects = new PdfObjects();
        var catalog = objects.Reserve();
        var pages = objects.Reserve();
        var fontNumber = WriteFont(objects, font);
        var kids = new List<int>();
        for (var i = 0; i < contents.Count; i++)
        {
            var content = objects.AddStream("", Encoding.Latin1.GetBytes(contents[i]));
            var links = layout.Links.Where(link => link.Page == i)
                .Select(link => $"{WriteLink(objects, link)} 0 R").ToList();
            var annotations = links.Count > 0 ? $" /Annots [{string.Join(' ', links)}]" : "";
            kids.Add(objects.Add(
                $"<< /Type /Page /Parent {pages} 0 R "
                + $"/MediaBox [0 0 {ReportLayout.PageWidth} {ReportLayout.PageHeight}] "
                + $"/Resources << /Font << /F1 {fontNumber} 0 R >> >> /Contents {content} 0 R{annotations} >>"));
        }

        objects.Set(
            pages,
            $"<< /Type /Pages /Count {kids.Count} /Kids [{string.Join(' ', kids.Select(kid => $"{kid} 0 R"))}] >>");
        var profile = objects.AddStream("/N 3", SrgbProfile.Bytes);
        // ISO 19005-1 6.7.2: the metadata stream has no filter.
        var metadata = objects.AddStream("/Type /Metadata /Subtype /XML", PdfMetadata.Xmp(report));
        var information = objects.Add(PdfMetadata.Information(report));
        // ISO 19005-1 6.2.2: the output intent of PDF/A.
        objects.Set(
            catalog,
            $"<< /Type /Catalog /Pages {pages} 0 R /Metadata {metadata} 0 R /Lang {TextString(report.LanguageCode)} "
            + "/OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB IEC61966-2.1) "
            + $"/Info (sRGB IEC61966-2.1) /DestOutputProfile {profile} 0 R >>] >>");
        return objects.ToFile(catalog, information);
    }

    // ISO 19005-1 6.5.3: an annotation is printed (flag 4) and not hidden.
    private static int WriteLink(PdfObjects objects, PlacedLink link) =>
        objects.Add(
            $"<< /Type /Annot /Subtype /Link /F 4 /Border [0 0 0] "
            + $"/Rect [{Number(link.Left)} {Number(link.Bottom)} {Number(link.Right)} {Number(link.Top)}] "
            + $"/A << /S /URI /URI {LiteralString(link.Url)} >> >>");

    // PDF Reference 1.4, 5.6: a composite font whose codes are CIDs, and whose CIDs are the glyphs of the subset.
    private static int WriteFont(PdfObjects objects, TrueTypeSubset subset)
    {
        var program = subset.Build();
        var file = objects.AddStream($"/Length1 {program.Length}", program);
        // ISO 19005-1 6.3.5: the CIDSet of a subset names every CID in it.
        var cids = new byte[(subset.Count + 7) / 8];
        for (var cid = 0; cid < subset.Count; cid++) cids[cid / 8] |= (byte)(0x80 >> (cid % 8));
        var cidSet = objects.AddStream("", cids);
        var name = SubsetTag(program) + "+DejaVuSans";
        var box = string.Join(' ', subset.Font.Box.Select(subset.PerMille));
        var descriptor = objects.Add(
            $"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 "
            + $"/Ascent {subset.PerMille(subset.Font.Ascent)} /Descent {subset.PerMille(subset.Font.Descent)} "
            + $"/CapHeight 729 /StemV 80 /FontFile2 {file} 0 R /CIDSet {cidSet} 0 R >>");
        var widths = string.Join(' ', Enumerable.Range(0, subset.Count).Select(subset.WidthOf));
        var descendant = objects.Add(
            $"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} "
            + "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            + $"/FontDescriptor {descriptor} 0 R /CIDToGIDMap /Identity /DW 600 /W [0 [{widths}]] >>");
        var toUnicode = objects.AddStream("", Encoding.Latin1.GetBytes(ToUnicode(subset)));
        return objects.Add(
            $"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
            + $"/DescendantFonts [{descendant} 0 R] /ToUnicode {toUnicode} 0 R >>");
    }

    // 5.5.3: six capital letters that differ between subsets.
    private static string SubsetTag(byte[] program) =>
        string.Concat(SHA256.HashData(program).Take(6).Select(b => (char)('A' + (b % 26))));

    // 5.9.2: from codes to Unicode, at most a hundred a block.
    private static string ToUnicode(TrueTypeSubset subset)
    {
        var map = new StringBuilder(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            + "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            + "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            + "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n");
        foreach (var block in subset.Characters.Chunk(100))
        {
            map.Append(CultureInfo.InvariantCulture, $"{block.Length} beginbfchar\n");
            foreach (var (cid, character) in block)
            {
                var utf16 = Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(character.ToString()));
                map.Append(CultureInfo.InvariantCulture, $"<{cid:X4}> <{utf16}>\n");
            }

            map.Append("endbfchar\n");
        }

        return map.Append("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n").ToString();
    }
}
