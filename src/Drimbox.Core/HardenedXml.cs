using System.Xml;
using System.Xml.Linq;

namespace Drimbox.Core;

/// <summary>
/// The one way to read XML that a peer sent (attack A18): no DTD, no entity, no resolver, no XInclude (a resolver
/// would be needed), a bounded number of characters and of nested elements.
/// </summary>
public static class HardenedXml
{
    /// <summary>Reads a document.</summary>
    /// <param name="xml">The bytes of the document; the encoding is that of its declaration or byte order mark.</param>
    /// <param name="bytesMax">More than this many bytes are refused before reading.</param>
    /// <returns>The document, or null with the reason in <paramref name="refusal"/>; the reason holds no content.</returns>
    public static XDocument? TryLoad(ReadOnlyMemory<byte> xml, int bytesMax, out Refusal? refusal)
    {
        refusal = null;
        if (xml.Length > bytesMax)
        {
            refusal = new Refusal(RefusalReason.OverLimit, $"XML longer than {bytesMax} bytes.");
            return null;
        }

        try
        {
            using var stream = AsStream(xml);
            using var depthGuard = XmlReader.Create(stream, Settings(bytesMax));
            while (depthGuard.Read())
            {
                if (depthGuard.Depth <= Limits.XmlDepthMax) continue;
                refusal = new Refusal(
                    RefusalReason.OverLimit, $"XML elements nested deeper than {Limits.XmlDepthMax}.");
                return null;
            }

            using var again = AsStream(xml);
            using var reader = XmlReader.Create(again, Settings(bytesMax));
            return XDocument.Load(reader, LoadOptions.PreserveWhitespace);
        }
        catch (XmlException e)
        {
            refusal = new Refusal(
                RefusalReason.DataType, $"Not well-formed XML, or XML with a DTD (line {e.LineNumber}).");
            return null;
        }
    }

    private static XmlReaderSettings Settings(int charactersMax) => new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = charactersMax,
        MaxCharactersFromEntities = 1024,
        CloseInput = false,
    };

    private static MemoryStream AsStream(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(bytes.ToArray(), writable: false);
}
