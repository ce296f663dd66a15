using System.Xml.Linq;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Soap;

/// <summary>A SOAP 1.2 fault. Source: SOAP 1.2 part 1, 5.4.</summary>
/// <param name="Code">Local name of the code: Sender, Receiver, MustUnderstand, VersionMismatch.</param>
/// <param name="Subcode">Local name of the first subcode (<c>DMPInvalidCertificate</c>), or null.</param>
/// <param name="Reason">Text; may hold what was sent, so it is shown, never logged.</param>
public sealed record SoapFault(string Code, string? Subcode, string Reason)
{
    public XElement Write() =>
        new(Soap12 + "Fault",
            new XElement(Soap12 + "Code",
                new XElement(Soap12 + "Value", "soap:" + Code),
                Subcode is null
                    ? null
                    : new XElement(Soap12 + "Subcode", new XElement(Soap12 + "Value", "soap:" + Subcode))),
            new XElement(Soap12 + "Reason",
                new XElement(Soap12 + "Text", new XAttribute(XNamespace.Xml + "lang", "en"), Reason)));

    /// <summary>Reads soap:Fault, or null if it has no code.</summary>
    public static SoapFault? TryRead(XElement fault)
    {
        var code = fault.Element(Soap12 + "Code");
        if ((string?)code?.Element(Soap12 + "Value") is not { } value) return null;
        var subcode = (string?)code.Element(Soap12 + "Subcode")?.Element(Soap12 + "Value");
        return new SoapFault(
            LocalName(value), subcode is null ? null : LocalName(subcode),
            (string?)fault.Element(Soap12 + "Reason")?.Element(Soap12 + "Text") ?? "");
    }

    private static string LocalName(string qualified) => qualified.Trim()[(qualified.Trim().LastIndexOf(':') + 1)..];
}
