using System.Xml.Linq;
using Drimbox.Core;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Soap;

/// <summary>A SOAP 1.2 message that was read: header values, body and the MIME parts beside it.</summary>
public sealed class SoapMessage
{
    private readonly IReadOnlyDictionary<string, ReadOnlyMemory<byte>> _parts;

    private SoapMessage(
        XElement envelope, XElement body, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> parts)
    {
        Envelope = envelope;
        Body = body;
        _parts = parts;
    }

    public XElement Envelope { get; }

    /// <summary>The one child of soap:Body.</summary>
    public XElement Body { get; }

    public string? Action => HeaderValue("Action");

    public string? MessageId => HeaderValue("MessageID");

    public string? RelatesTo => HeaderValue("RelatesTo");

    /// <summary>The fault, if the body is one.</summary>
    public SoapFault? Fault => Body.Name == Soap12 + "Fault" ? SoapFault.TryRead(Body) : null;

    /// <summary>Children of wsse:Security, over every such header.</summary>
    public IEnumerable<XElement> SecurityTokens =>
        Envelope.Elements(Soap12 + "Header").Elements(Security + "Security").Elements();

    /// <param name="root">The bytes of the SOAP part.</param>
    /// <param name="parts">The other parts by Content-ID, without brackets.</param>
    /// <returns>The message, or null with the reason.</returns>
    public static SoapMessage? TryParse(
        ReadOnlyMemory<byte> root,
        IReadOnlyDictionary<string, ReadOnlyMemory<byte>> parts,
        out Refusal? refusal)
    {
        var document = HardenedXml.TryLoad(root, Limits.SoapPartBytesMax, out refusal);
        if (document is null) return null;
        var envelope = document.Root!;
        if (envelope.Name != Soap12 + "Envelope")
        {
            refusal = new Refusal(RefusalReason.UnsupportedVersion, "The root element is not a SOAP 1.2 Envelope.");
            return null;
        }

        var bodies = envelope.Elements(Soap12 + "Body").ToList();
        if (bodies.Count != 1 || envelope.Elements(Soap12 + "Header").Count() > 1
            || bodies[0].Elements().Count() != 1)
        {
            refusal = new Refusal(
                RefusalReason.Cardinality, "A SOAP message has one Body with one child and at most one Header.");
            return null;
        }

        return new SoapMessage(envelope, bodies[0].Elements().Single(), parts);
    }

    /// <summary>The bytes of an element that holds an xop:Include or, where the sender did not optimise, base64.
    /// Source: XOP 1.0, 4.1; RFC 2392 for the cid URL.</summary>
    /// <returns>The bytes, or null with the reason.</returns>
    public ReadOnlyMemory<byte>? TryResolve(XElement element, out Refusal? refusal)
    {
        refusal = null;
        var children = element.Elements().ToList();
        if (children.Count == 0)
        {
            try
            {
                return Convert.FromBase64String(element.Value);
            }
            catch (FormatException)
            {
                refusal = new Refusal(RefusalReason.DataType, "A document is neither an xop:Include nor base64.");
                return null;
            }
        }

        var href = children.Count == 1 && children[0].Name == Xop + "Include"
            ? (string?)children[0].Attribute("href")
            : null;
        if (href is null || !href.StartsWith("cid:", StringComparison.Ordinal))
        {
            refusal = new Refusal(RefusalReason.DataType, "A document needs one xop:Include with a cid: reference.");
            return null;
        }

        if (_parts.TryGetValue(Uri.UnescapeDataString(href[4..]), out var part)) return part;
        refusal = new Refusal(RefusalReason.RequiredFieldMissing, "An xop:Include names a part that is not there.");
        return null;
    }

    private string? HeaderValue(string name) =>
        (string?)Envelope.Elements(Soap12 + "Header").Elements(Addressing + name).FirstOrDefault() is { } text
            ? text.Trim()
            : null;
}
