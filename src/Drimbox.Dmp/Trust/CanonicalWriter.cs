using System.Xml;

namespace Drimbox.Dmp.Trust;

/// <summary>
/// Canonical XML 1.0 with comments of a whole document, written while the document is read: neither it nor its
/// longest text is ever held. Source: W3C REC-xml-c14n-20010315, 2.3 (processing model) and 1.1 (what changes).
/// </summary>
/// <param name="output">Takes UTF-8 without a byte order mark.</param>
internal sealed class CanonicalWriter(TextWriter output)
{
    private const string NamespaceDeclarations = "http://www.w3.org/2000/xmlns/";
    private readonly char[] _chunk = new char[16 * 1024];
    private readonly Dictionary<string, string> _inScope = new(StringComparer.Ordinal) { [""] = "" };
    private readonly Stack<(int Depth, string Prefix, string Outer)> _hidden = new();
    private bool _rootIsClosed;

    /// <summary>Writes the node that <paramref name="reader"/> stands on.</summary>
    public void Write(XmlReader reader)
    {
        switch (reader.NodeType)
        {
            case XmlNodeType.Element:
                WriteStart(reader);
                if (reader.IsEmptyElement) WriteEnd(reader);
                break;
            case XmlNodeType.EndElement:
                WriteEnd(reader);
                break;
            case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                // 2.3: white space outside of the document element is not part of the node set.
                if (reader.Depth > 0) WriteValue(reader, "&<>\r");
                break;
            case XmlNodeType.Comment:
                BeginOutside(reader);
                output.Write("<!--");
                WriteValue(reader, "");
                output.Write("-->");
                EndOutside(reader);
                break;
            case XmlNodeType.ProcessingInstruction:
                BeginOutside(reader);
                output.Write("<?");
                output.Write(reader.Name);
                if (reader.Value.Length > 0) output.Write(' ');
                output.Write(reader.Value);
                output.Write("?>");
                EndOutside(reader);
                break;
        }
    }

    private void WriteStart(XmlReader reader)
    {
        output.Write('<');
        output.Write(reader.Name);
        var namespaces = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var attributes = new List<(string Namespace, string Local, string Name, string Value)>();
        while (reader.MoveToNextAttribute())
        {
            if (reader.NamespaceURI != NamespaceDeclarations)
                attributes.Add((reader.NamespaceURI, reader.LocalName, reader.Name, reader.Value));
            else
                namespaces[reader.Prefix.Length == 0 ? "" : reader.LocalName] = reader.Value;
        }

        reader.MoveToElement();

        // 2.3: a declaration that says what is in scope already is left away; the default namespace sorts first.
        foreach (var (prefix, uri) in namespaces)
        {
            var outer = _inScope.GetValueOrDefault(prefix);
            if (prefix == "xml" || outer == uri) continue;
            _hidden.Push((reader.Depth, prefix, outer ?? ""));
            _inScope[prefix] = uri;
            WriteAttribute(prefix.Length == 0 ? "xmlns" : "xmlns:" + prefix, uri);
        }

        attributes.Sort(static (a, b) => string.CompareOrdinal(a.Namespace, b.Namespace) is not 0 and var order
            ? order
            : string.CompareOrdinal(a.Local, b.Local));
        foreach (var attribute in attributes) WriteAttribute(attribute.Name, attribute.Value);
        output.Write('>');
    }

    // 2.3: an empty element becomes a pair of tags.
    private void WriteEnd(XmlReader reader)
    {
        output.Write("</");
        output.Write(reader.Name);
        output.Write('>');
        while (_hidden.TryPeek(out var hidden) && hidden.Depth == reader.Depth)
        {
            _hidden.Pop();
            _inScope[hidden.Prefix] = hidden.Outer;
        }

        if (reader.Depth == 0) _rootIsClosed = true;
    }

    private void WriteAttribute(string name, string value)
    {
        output.Write(' ');
        output.Write(name);
        output.Write("=\"");
        WriteEscaped(value, "&<\"\t\n\r");
        output.Write('"');
    }

    private void WriteValue(XmlReader reader, string escaped)
    {
        for (var read = reader.ReadValueChunk(_chunk, 0, _chunk.Length); read > 0;
            read = reader.ReadValueChunk(_chunk, 0, _chunk.Length))
            WriteEscaped(_chunk.AsSpan(0, read), escaped);
    }

    private void WriteEscaped(ReadOnlySpan<char> text, string escaped)
    {
        while (escaped.Length > 0 && text.IndexOfAny(escaped) is >= 0 and var at)
        {
            output.Write(text[..at]);
            output.Write(text[at] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\t' => "&#x9;",
                '\n' => "&#xA;",
                _ => "&#xD;",
            });
            text = text[(at + 1)..];
        }

        output.Write(text);
    }

    // 2.3: a comment or an instruction outside of the document element stands on a line of its own.
    private void BeginOutside(XmlReader reader)
    {
        if (reader.Depth == 0 && _rootIsClosed) output.Write('\n');
    }

    private void EndOutside(XmlReader reader)
    {
        if (reader.Depth == 0 && !_rootIsClosed) output.Write('\n');
    }
}
