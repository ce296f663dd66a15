using System.Globalization;
using System.Security;
using System.Text;

namespace Drimbox.Hl7.Pdf;

/// <summary>The two places where a PDF/A file says what it is, which must agree (ISO 19005-1 6.7.3): the document
/// information dictionary and the XMP packet.</summary>
internal static class PdfMetadata
{
    private const string Producer = "Drimbox";
    private const int LengthMax = 1_000;

    public static string Information(PrintedReport report)
    {
        var date = PdfDate(report.CreatedAt);
        return $"<< /Title {PdfObjects.TextString(OneLine(report.Title))} "
            + $"/Author {PdfObjects.TextString(OneLine(report.SignedBy))} /Creator ({Producer}) /Producer ({Producer}) "
            + $"/CreationDate {date} /ModDate {date} >>";
    }

    public static byte[] Xmp(PrintedReport report)
    {
        var date = report.CreatedAt.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes(
            $"""
             <?xpacket begin="{'\uFEFF'}" id="W5M0MpCehiHzreSzNTczkc9d"?>
             <x:xmpmeta xmlns:x="adobe:ns:meta/">
             <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
             <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
             <pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
             </rdf:Description>
             <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
             <dc:format>application/pdf</dc:format>
             <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{Escape(report.Title)}</rdf:li></rdf:Alt></dc:title>
             <dc:creator><rdf:Seq><rdf:li>{Escape(report.SignedBy)}</rdf:li></rdf:Seq></dc:creator>
             </rdf:Description>
             <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
             <pdf:Producer>{Producer}</pdf:Producer>
             </rdf:Description>
             <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
             <xmp:CreatorTool>{Producer}</xmp:CreatorTool>
             <xmp:CreateDate>{date}</xmp:CreateDate><xmp:ModifyDate>{date}</xmp:ModifyDate>
             </rdf:Description>
             </rdf:RDF>
             </x:xmpmeta>
             <?xpacket end="r"?>
             """);
    }

    // 3.8.2: (D:YYYYMMDDHHmmSSOHH'mm').
    private static string PdfDate(DateTimeOffset instant)
    {
        var sign = instant.Offset < TimeSpan.Zero ? '-' : '+';
        var offset = instant.Offset.Duration();
        return string.Create(
            CultureInfo.InvariantCulture, $"(D:{instant:yyyyMMddHHmmss}{sign}{offset:hh}'{offset:mm}')");
    }

    private static string Escape(string text) => SecurityElement.Escape(OneLine(text));

    /// <summary>A line that fits a PDF string (65,535 bytes, Appendix C) with room; the page has all of it.</summary>
    private static string OneLine(string text)
    {
        var line = PrintableText.Clean(text).Replace('\n', ' ').Trim();
        if (line.Length <= LengthMax) return line;
        return line[..(char.IsHighSurrogate(line[LengthMax - 1]) ? LengthMax - 1 : LengthMax)];
    }
}
