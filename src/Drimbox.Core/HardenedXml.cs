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
    /// <param name="textless">Texts within elements of this name are read and checked, and not kept.</param>
    /// <returns>The document, or null with the reason in <paramref name="refusal"/>; the reason holds no content.</returns>
    public static XDocument? TryLoad(
        ReadOnlyMemory<byte> xml, int bytesMax, out Refusal? refusal, XName? textless = null)
    {
        refusal = null;
        if (xml.Length > bytesMax)
        {
            refusal = new Refusal(RefusalReason.OverLimit, $"XML longer than {bytesMax} bytes.");
            return null;
        }

        using var stream = AsStream(xml);
        using var reader = new BoundedXmlReader(XmlReader.Create(stream, Settings(bytesMax)), textless);
        try
        {
            return XDocument.Load(reader, LoadOptions.PreserveWhitespace);
        }
        catch (XmlException e)
        {
            refusal = reader.IsTooDeep ? TooDeep() : Malformed(e);
            return null;
        }
    }

    /// <summary>Reads a document node by node, without holding it.</summary>
    /// <param name="charactersMax">More than this many characters are refused where they begin.</param>
    /// <param name="onNode">Called at each node; may read its attributes and its value, not move on.</param>
    /// <returns>False, with the reason in <paramref name="refusal"/>, if the document is refused at some node.</returns>
    public static bool TryRead(Stream xml, int charactersMax, Action<XmlReader> onNode, out Refusal? refusal)
    {
        refusal = null;
        try
        {
            using var reader = XmlReader.Create(xml, Settings(charactersMax));
            while (reader.Read())
            {
                if (reader.Depth > Limits.XmlDepthMax)
                {
                    refusal = TooDeep();
                    return false;
                }

                onNode(reader);
            }

            return true;
        }
        catch (XmlException e)
        {
            refusal = Malformed(e);
            return false;
        }
    }

    /// <summary>The bytes as a stream that does not copy them.</summary>
    public static MemoryStream AsStream(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(bytes.ToArray(), writable: false);

    private static Refusal TooDeep() =>
        new(RefusalReason.OverLimit, $"XML elements nested deeper than {Limits.XmlDepthMax}.");

    private static Refusal Malformed(XmlException e)
    {
        // A DTD is refused where it begins, without a line.
        var where = e.LineNumber > 0 ? $" (line {e.LineNumber})" : "";
        return new Refusal(RefusalReason.DataType, $"Not well-formed XML, or XML with a DTD{where}.");
    }

    private static XmlReaderSettings Settings(int charactersMax) => new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = charactersMax,
        MaxCharactersFromEntities = 1024,
        CloseInput = false,
    };
}
