using System.Xml;
using System.Xml.Linq;

namespace Drimbox.Core;

/// <summary>Reads as another reader does, and ends the document where its elements are nested too deeply, so that a
/// tree is built in the same pass that checks it.</summary>
/// <param name="textless">The texts within elements of this name are read as empty: a header is wanted, and the body
/// with its attachments is not kept. Null: all texts are read.</param>
internal sealed class BoundedXmlReader(XmlReader inner, XName? textless) : XmlReader
{
    // The depth of the element that is read without its texts; -1 outside of one.
    private int _textless = -1;

    /// <summary>True once the document was left because of its depth.</summary>
    public bool IsTooDeep { get; private set; }

    public override int AttributeCount => inner.AttributeCount;

    public override string BaseURI => inner.BaseURI;

    public override int Depth => inner.Depth;

    public override bool EOF => inner.EOF;

    public override bool IsEmptyElement => inner.IsEmptyElement;

    public override string LocalName => inner.LocalName;

    public override string NamespaceURI => inner.NamespaceURI;

    public override XmlNameTable NameTable => inner.NameTable;

    public override XmlNodeType NodeType => inner.NodeType;

    public override string Prefix => inner.Prefix;

    public override ReadState ReadState => inner.ReadState;

    public override string Value => _textless >= 0 && IsText(inner.NodeType) ? "" : inner.Value;

    public override bool Read()
    {
        if (!inner.Read()) return false;
        if (inner.Depth > Limits.XmlDepthMax)
        {
            IsTooDeep = true;
            throw new XmlException();
        }

        if (textless is null) return true;
        if (_textless >= 0)
        {
            if (inner.Depth == _textless) _textless = -1;
        }
        else if (inner.NodeType == XmlNodeType.Element && !inner.IsEmptyElement
            && inner.LocalName == textless.LocalName && inner.NamespaceURI == textless.NamespaceName)
        {
            _textless = inner.Depth;
        }

        return true;
    }

    public override string? GetAttribute(string name) => inner.GetAttribute(name);

    public override string? GetAttribute(string name, string? namespaceURI) => inner.GetAttribute(name, namespaceURI);

    public override string GetAttribute(int i) => inner.GetAttribute(i);

    public override string? LookupNamespace(string prefix) => inner.LookupNamespace(prefix);

    public override bool MoveToAttribute(string name) => inner.MoveToAttribute(name);

    public override bool MoveToAttribute(string name, string? ns) => inner.MoveToAttribute(name, ns);

    public override bool MoveToElement() => inner.MoveToElement();

    public override bool MoveToFirstAttribute() => inner.MoveToFirstAttribute();

    public override bool MoveToNextAttribute() => inner.MoveToNextAttribute();

    public override bool ReadAttributeValue() => inner.ReadAttributeValue();

    public override void ResolveEntity() => inner.ResolveEntity();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private static bool IsText(XmlNodeType type) =>
        type is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace;
}
