using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Trust;

/// <summary>
/// Verifies a VIHF and reads it. The element whose signature is verified is the element that is read (signature
/// wrapping, attack A20); keys come from our own list, never from KeyInfo; one assertion a message.
/// </summary>
/// <param name="signingCertificateOf">The pinned signing certificate of a structure, or null if it is not
/// known.</param>
/// <param name="acceptSha1">True where senders still sign with SHA-1.</param>
public sealed class VihfVerifier(
    Func<string, X509Certificate2?> signingCertificateOf, bool acceptSha1, TimeProvider time)
{
    /// <summary>The VIHF of <paramref name="message"/>, or null with the fault to answer.</summary>
    public Vihf? TryVerify(SoapMessage message, out SoapFault? fault)
    {
        var anywhere = message.Envelope.Descendants(Saml + "Assertion").ToList();
        var token = message.SecurityTokens.Where(element => element.Name == Saml + "Assertion").ToList();
        if (anywhere.Count != 1 || token.Count != 1)
            return Deny("A message carries exactly one assertion, in wsse:Security.", out fault);
        var assertion = token[0];

        // A comment can split a text node, so that what is signed and what is read differ.
        if (assertion.DescendantNodes().Any(node => node is XComment or XProcessingInstruction))
            return Deny("The assertion holds comments or processing instructions.", out fault);
        var id = (string?)assertion.Attribute("ID") ?? "";
        if (id.Length == 0 || message.Envelope.DescendantsAndSelf().Attributes()
                .Count(a => a.Name.LocalName is "ID" or "Id" or "id" && a.Value == id) != 1)
            return Deny("The ID of the assertion is missing or used twice.", out fault);
        var structure = TextOf(assertion, Vihf.StructureAttribute);
        if (structure is null) return Deny("Identifiant_Structure is missing or repeated.", out fault);
        if (signingCertificateOf(structure) is not { } certificate)
            return Deny("Structure introuvable ou inactive.", out fault);
        if (!IsSignedBy(assertion, id, certificate))
            return Deny("Not a valid signature certificate.", out fault, "DMPInvalidCertificate");
        if (certificate.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)
            return Deny("The signature certificate has expired.", out fault, "DMPInvalidCertificate");
        if (!IsFresh(assertion, out var issueInstant))
            return Deny("The assertion is not valid at this time.", out fault, "MessageExpired");
        if (!HasRightAudience(assertion)) return Deny("The assertion is meant for another audience.", out fault);
        if (TextOf(assertion, Vihf.VersionAttribute) is not ("3.0" or "4.0"))
            return Deny("VIHF_Version is not supported.", out fault);
        if (TextOf(assertion, Vihf.ModeAttribute) is not ("DIRECTE" or "INDIRECTE" or "INDIRECTE_RENFORCEE"))
            return Deny("Authentification_Mode is not known.", out fault);
        if (TextOf(assertion, Vihf.SectorAttribute) is not { Length: > 0 })
            return Deny("Secteur_Activite is missing.", out fault);
        if (!HasRole(assertion)) return Deny("Aucune spécialité dans le vihf.", out fault);
        var subject = (string?)assertion.Element(Saml + "Subject")?.Element(Saml + "NameID");
        if (string.IsNullOrWhiteSpace(subject)) return Deny("NameID is missing.", out fault);
        if (TextOf(assertion, Vihf.ResourceIdAttribute) is not { } resource
            || HealthText.TryParseCx(resource) is not { } patientId)
            return Deny("resource-id is missing or no CX.", out fault);
        fault = null;
        return new Vihf(id, issueInstant, structure, subject, patientId);
    }

    private bool IsSignedBy(XElement assertion, string id, X509Certificate2 certificate)
    {
        var dom = Canonical.ToDom(assertion);
        var signatures = dom.DocumentElement!.ChildNodes.OfType<XmlElement>()
            .Where(e => e.LocalName == "Signature" && e.NamespaceURI == SignedXml.XmlDsigNamespaceUrl).ToList();
        if (signatures.Count != 1) return false;
        var signed = new SignedXml(dom);
        try
        {
            signed.LoadXml(signatures[0]);
            if (signed.SignedInfo is not { References.Count: 1 } info) return false;
            var reference = (Reference)info.References[0]!;
            var transforms = Enumerable.Range(0, reference.TransformChain.Count)
                .Select(i => reference.TransformChain[i].Algorithm);
            return info.CanonicalizationMethod == SignedXml.XmlDsigExcC14NTransformUrl
                && IsAccepted(SignatureAlgorithms.HashOfSignature(info.SignatureMethod))
                && IsAccepted(SignatureAlgorithms.HashOfDigest(reference.DigestMethod))
                && reference.Uri == "#" + id
                && transforms.SequenceEqual(
                    [SignedXml.XmlDsigEnvelopedSignatureTransformUrl, SignedXml.XmlDsigExcC14NTransformUrl])
                && signed.CheckSignature(certificate, verifySignatureOnly: true);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private bool IsAccepted(SignatureHash? hash) =>
        hash == SignatureHash.Sha256 || (hash == SignatureHash.Sha1 && acceptSha1);

    private bool IsFresh(XElement assertion, out DateTimeOffset issueInstant)
    {
        var now = time.GetUtcNow();
        if (!TryTime(assertion.Attribute("IssueInstant"), out issueInstant)) return false;
        if (issueInstant > now + Limits.ClockSkewMax) return false;
        if (issueInstant < now - Limits.VihfLifetime - Limits.ClockSkewMax) return false;
        foreach (var conditions in assertion.Elements(Saml + "Conditions"))
        {
            if (conditions.Attribute("NotBefore") is { } from
                && (!TryTime(from, out var notBefore) || notBefore > now + Limits.ClockSkewMax)) return false;
            if (conditions.Attribute("NotOnOrAfter") is { } until
                && (!TryTime(until, out var notOnOrAfter) || notOnOrAfter <= now - Limits.ClockSkewMax)) return false;
        }

        return true;
    }

    // The CI-SIS leaves AudienceRestriction away and names the audience in Ressource_URN; if both are there, both
    // count.
    private static bool HasRightAudience(XElement assertion)
    {
        var restricted = assertion.Elements(Saml + "Conditions").Elements(Saml + "AudienceRestriction")
            .All(r => r.Elements(Saml + "Audience").Any(audience => audience.Value.Trim() == Vihf.ResourceUrn));
        return restricted && TextOf(assertion, Vihf.ResourceUrnAttribute) == Vihf.ResourceUrn;
    }

    private static bool HasRole(XElement assertion) =>
        AttributeOf(assertion, Vihf.RoleAttribute) is { } role
        && role.Elements(Saml + "AttributeValue").Elements(Hl7V3 + "Role")
            .Any(r => (string?)r.Attribute("code") is { Length: > 0 });

    private static string? TextOf(XElement assertion, string name)
    {
        var values = AttributeOf(assertion, name)?.Elements(Saml + "AttributeValue").ToList();
        return values is [var value] ? value.Value.Trim() : null;
    }

    private static XElement? AttributeOf(XElement assertion, string name)
    {
        var found = assertion.Elements(Saml + "AttributeStatement").Elements(Saml + "Attribute")
            .Where(a => string.Equals((string?)a.Attribute("Name"), name, StringComparison.OrdinalIgnoreCase))
            .ToList();
        return found.Count == 1 ? found[0] : null;
    }

    private static bool TryTime(XAttribute? attribute, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(
            attribute?.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    // WSS SOAP message security 12: FailedAuthentication, unless a better name is known.
    private static Vihf? Deny(string reason, out SoapFault? fault, string subcode = "FailedAuthentication")
    {
        fault = new SoapFault("Sender", subcode, reason);
        return null;
    }
}
