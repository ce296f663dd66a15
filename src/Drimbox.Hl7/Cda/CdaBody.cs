using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Pdf;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>
/// What the body of a CDA says to a person: the narrative of a structured body (CDA R2 4.3.5), a text, or the text of a
/// PDF that this program wrote. A PDF of another maker is not interpreted.
/// </summary>
public static class CdaBody
{
    // CDA R2 4.3.5: what begins a line of its own.
    private static readonly HashSet<string> Blocks =
        ["paragraph", "list", "item", "table", "tr", "br", "caption", "thead", "tbody", "tfoot"];

    /// <summary>Reads the body of a document.</summary>
    /// <returns>The body, or null with the reason: no CDA.</returns>
    public static DocumentBody? TryRead(ReadOnlyMemory<byte> cda, out Refusal? refusal)
    {
        if (HardenedXml.TryLoad(cda, Limits.CdaBytesMax, out refusal) is not { Root: { } root }) return null;
        if (root.Name == V3 + "ClinicalDocument") return Read(root);
        refusal = new Refusal(RefusalReason.DataType, "The XML is not a CDA R2 ClinicalDocument.", "/");
        return null;
    }

    internal static DocumentBody Read(XElement root)
    {
        var component = root.Elements(V3 + "component").FirstOrDefault();
        var files = FilesOf(component);
        var sections = component?.Element(V3 + "structuredBody") is { } structured
            ? SectionsOf(structured)
            : TextOf(component?.Element(V3 + "nonXMLBody")?.Element(V3 + "text"));
        return new DocumentBody(
            sections?.Sum(section => (long)section.Text.Length) <= Limits.ReportCharactersMax ? sections : null,
            [.. files.Select(DescriptionOf)]);
    }

    /// <summary>The narrative of each section, in the order of the document.</summary>
    internal static IReadOnlyList<BodySection> SectionsOf(XElement structuredBody) =>
    [
        .. structuredBody.Descendants(V3 + "section").Select(section => new BodySection(
            CdaReader.Text(section.Element(V3 + "title")), NarrativeOf(section.Element(V3 + "text")))),
    ];

    /// <summary>The elements of data type ED that hold a file (HL7 V3 data types, ED: representation B64).</summary>
    internal static List<XElement> FilesOf(XElement? body) =>
        body?.Descendants().Where(e => (string?)e.Attribute("representation") == "B64").ToList() ?? [];

    internal static string MediaTypeOf(XElement file) => (string?)file.Attribute("mediaType") ?? "";

    /// <summary>The bytes of a file, or null: not base64, or compressed (ED.compression).</summary>
    internal static byte[]? BytesOf(XElement file)
    {
        if (file.Attribute("compression") is not null) return null;
        // All characters of base64 are ASCII, and white space between them is skipped.
        var text = Encoding.ASCII.GetBytes(file.Value);
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Base64.DecodeFromUtf8(text, bytes, out _, out var written) == OperationStatus.Done
            ? bytes[..written]
            : null;
    }

    // What is not base64 is described as it stands.
    private static BodyFile DescriptionOf(XElement file)
    {
        var bytes = BytesOf(file) ?? Encoding.UTF8.GetBytes(file.Value);
        return new BodyFile(MediaTypeOf(file), bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private static List<BodySection>? TextOf(XElement? text)
    {
        if (text is null) return [];
        if ((string?)text.Attribute("representation") != "B64") return [new BodySection("", text.Value)];
        if (MediaTypeOf(text) != "application/pdf" || BytesOf(text) is not { } pdf) return null;
        return ReportPdfText.TryRead(pdf)?.Sections.Select(s => new BodySection(s.Heading, s.Text)).ToList();
    }

    private static string NarrativeOf(XElement? text)
    {
        var narrative = new StringBuilder();
        if (text is not null) Write(text, narrative);
        return string.Join('\n', narrative.ToString().Split('\n').Select(OnOneLine).Where(line => line.Length > 0));
    }

    private static string OnOneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    // As deep as a document may be (Limits.XmlDepthMax).
    private static void Write(XElement element, StringBuilder narrative)
    {
        foreach (var node in element.Nodes())
        {
            switch (node)
            {
                case XText text:
                    narrative.Append(text.Value.ReplaceLineEndings(" "));
                    break;
                case XElement child:
                    var isBlock = Blocks.Contains(child.Name.LocalName);
                    if (isBlock) narrative.Append('\n');
                    Write(child, narrative);
                    // A caption stands before what it names, on one line with it.
                    if (child.Name.LocalName == "caption") narrative.Append(" : ");
                    else if (isBlock) narrative.Append('\n');
                    else if (child.Name.LocalName is "td" or "th") narrative.Append(' ');
                    break;
            }
        }
    }
}
