using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Drimbox.Core;

namespace Drimbox.Dmp.Trust;

/// <summary>Canonical XML 1.0 of a document or of one of its elements.</summary>
internal static class Canonical
{
    // Characters: a document is mostly one long text, and each piece of it is one call of the hash.
    private const int HashedAtOnce = 16 * 1024;

    /// <summary>The digest of a whole document in canonical form, comments included (the transform of the DMP's
    /// signature manifest), or null if the bytes are no acceptable XML. The document is read once and never
    /// held.</summary>
    public static byte[]? DigestOfDocument(Stream xml, SignatureHash hash)
    {
        using var digest = SignatureAlgorithms.Create(hash);
        using (var hashed = new CryptoStream(Stream.Null, digest, CryptoStreamMode.Write))
        using (var text = new StreamWriter(hashed, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), HashedAtOnce))
        {
            var canonical = new CanonicalWriter(text);
            if (!HardenedXml.TryRead(xml, Limits.CdaBytesMax, canonical.Write, out _)) return null;
        }

        return digest.Hash;
    }

    /// <summary>One element as a same-document reference sees it: in its namespace context, without comments
    /// (XML Signature 4.4.3.3).</summary>
    public static byte[] OfElement(XmlElement element, bool withComments = false)
    {
        var alone = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        var copy = (XmlElement)alone.ImportNode(element, deep: true);
        alone.AppendChild(copy);

        // Inclusive canonicalisation writes the namespaces in scope, also those declared further out.
        for (var outer = element.ParentNode as XmlElement; outer is not null; outer = outer.ParentNode as XmlElement)
        {
            foreach (XmlAttribute attribute in outer.Attributes)
            {
                if (attribute.NamespaceURI == "http://www.w3.org/2000/xmlns/" && !copy.HasAttribute(attribute.Name))
                    copy.SetAttribute(attribute.LocalName, attribute.NamespaceURI, attribute.Value);
            }
        }

        return Transform(alone, withComments ? new XmlDsigC14NWithCommentsTransform() : new XmlDsigC14NTransform());
    }

    public static XmlDocument ToDom(XNode node)
    {
        var dom = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        using var reader = node.CreateReader();
        dom.Load(reader);
        return dom;
    }

    private static byte[] Transform(XmlDocument document, Transform transform)
    {
        transform.LoadInput(document);
        using var output = (MemoryStream)transform.GetOutput(typeof(Stream));
        return output.ToArray();
    }
}
