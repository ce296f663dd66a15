using System.Text;
using System.Xml;
using System.Xml.Linq;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Soap;

/// <summary>Writes SOAP 1.2 envelopes with WS-Addressing headers. Source: ITI TF-2 appendix V.3.</summary>
public static class SoapEnvelope
{
    /// <summary>A request: Action, MessageID, To, ReplyTo anonymous, and the VIHF in wsse:Security.</summary>
    /// <param name="assertion">The signed assertion as text: it goes in unchanged, or its signature breaks.</param>
    public static byte[] WriteRequest(string action, string messageId, Uri to, string? assertion, XElement body)
    {
        var header = new XElement(Soap12 + "Header",
            new XElement(Addressing + "Action", new XAttribute(Soap12 + "mustUnderstand", "true"), action),
            new XElement(Addressing + "MessageID", messageId),
            new XElement(Addressing + "To", to.ToString()),
            new XElement(Addressing + "ReplyTo",
                new XElement(Addressing + "Address", "http://www.w3.org/2005/08/addressing/anonymous")));
        return Write(header, assertion, body);
    }

    public static byte[] WriteResponse(string action, string messageId, string? relatesTo, XElement body)
    {
        var header = new XElement(Soap12 + "Header",
            new XElement(Addressing + "Action", action),
            new XElement(Addressing + "MessageID", messageId),
            relatesTo is null ? null : new XElement(Addressing + "RelatesTo", relatesTo));
        return Write(header, null, body);
    }

    private static byte[] Write(XElement header, string? assertion, XElement body)
    {
        if (assertion is not null)
        {
            // Whitespace is significant to the signature's digest.
            header.Add(new XElement(Security + "Security",
                new XAttribute(XNamespace.Xmlns + "wsse", Security),
                new XAttribute(Soap12 + "mustUnderstand", "true"),
                XElement.Parse(assertion, LoadOptions.PreserveWhitespace)));
        }

        var envelope = new XElement(Soap12 + "Envelope",
            new XAttribute(XNamespace.Xmlns + "soap", Soap12),
            new XAttribute(XNamespace.Xmlns + "wsa", Addressing),
            header,
            new XElement(Soap12 + "Body", body));
        using var buffer = new MemoryStream();
        var settings = new XmlWriterSettings
        {
            Encoding = new UTF8Encoding(false),
            Indent = false,
            CloseOutput = false,
        };
        using (var writer = XmlWriter.Create(buffer, settings)) envelope.Save(writer);
        return buffer.ToArray();
    }
}
