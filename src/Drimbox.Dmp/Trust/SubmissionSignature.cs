using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dmp.Trust;

/// <summary>A document that a signature must cover.</summary>
public sealed record SignedDocument(InstanceIdentifier UniqueId, ReadOnlyMemory<byte> Bytes);

/// <summary>Verifies the XAdES signature of a submission set: the signature, and the digest of every document in
/// its manifest. Source: facts document 3.7; XML Signature 1.1, 5.1 (a manifest's digests are ours to check).</summary>
public static class SubmissionSignature
{
    internal const string ManifestId = "IHEManifest";
    internal const string SignedPropertiesId = "S0-SignedProperties";
    internal const string UriPrefix = "urn:oid:";

    /// <summary>Null if the signature is good, else what is wrong with it.</summary>
    /// <param name="certificate">The pinned signing certificate; KeyInfo is not trusted.</param>
    public static string? Verify(
        ReadOnlyMemory<byte> signature,
        X509Certificate2 certificate,
        Uid submissionSetUniqueId,
        IEnumerable<SignedDocument> documents)
    {
        var document = HardenedXml.TryLoad(signature, Limits.SoapPartBytesMax, out _);
        if (document is null) return "The signature document is not well-formed XML.";
        var dom = Canonical.ToDom(document);
        var root = dom.DocumentElement!;
        if (root.LocalName != "Signature" || root.NamespaceURI != SignedXml.XmlDsigNamespaceUrl)
            return "The signature document is not an XML signature.";
        if (ById(dom, ManifestId) is not { } manifest || ById(dom, SignedPropertiesId) is null)
            return "IHEManifest or S0-SignedProperties is missing or there twice.";
        if (!IsSigned(dom, root, certificate))
            return "The signature value does not verify with the structure's certificate.";
        var references = manifest.ChildNodes.OfType<XmlElement>().Where(e => e.LocalName == "Reference").ToList();
        if (!references.Exists(r => r.GetAttribute("URI") == UriPrefix + submissionSetUniqueId))
            return "The manifest does not name the submission set.";
        foreach (var signed in documents)
        {
            var matching = references.FindAll(r => r.GetAttribute("URI") == UriPrefix + signed.UniqueId);
            if (matching.Count != 1) return "The manifest does not name each document once.";
            if (!DigestMatches(matching[0], signed.Bytes))
                return "A digest of the manifest does not match its document.";
        }

        return null;
    }

    /// <summary>The one element with this Id, or null.</summary>
    internal static XmlElement? ById(XmlDocument dom, string id)
    {
        var found = dom.DocumentElement!.GetElementsByTagName("*").OfType<XmlElement>()
            .Where(element => element.GetAttribute("Id") == id).Take(2).ToList();
        return found.Count == 1 ? found[0] : null;
    }

    private static bool IsSigned(XmlDocument dom, XmlElement root, X509Certificate2 certificate)
    {
        try
        {
            var signed = new SignedXml(dom);
            signed.LoadXml(root);
            if (signed.SignedInfo is not { } info
                || SignatureAlgorithms.HashOfSignature(info.SignatureMethod) is null) return false;
            var uris = info.References.Cast<Reference>().Select(reference => reference.Uri).Order().ToList();
            return uris.SequenceEqual(["#" + ManifestId, "#" + SignedPropertiesId])
                && signed.CheckSignature(certificate, verifySignatureOnly: true);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool DigestMatches(XmlElement reference, ReadOnlyMemory<byte> bytes)
    {
        var children = reference.GetElementsByTagName("*").OfType<XmlElement>().ToList();
        var transform = children.Find(e => e.LocalName == "Transform")?.GetAttribute("Algorithm");
        var hash = SignatureAlgorithms.HashOfDigest(
            children.Find(e => e.LocalName == "DigestMethod")?.GetAttribute("Algorithm"));
        var expected = children.Find(e => e.LocalName == "DigestValue")?.InnerText.Trim();
        if (hash is null || expected is null) return false;
        var digest = transform switch
        {
            null => SignatureAlgorithms.Digest(hash.Value, bytes.Span),
            SignatureAlgorithms.C14NWithComments =>
                Canonical.DigestOfDocument(HardenedXml.AsStream(bytes), hash.Value),
            _ => null,
        };
        return digest is not null && Convert.ToBase64String(digest) == expected;
    }
}
