using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;
using System.Xml.Linq;

namespace Drimbox.Dmp.Trust;

/// <summary>Verifies a document that carries its own XAdES-BASELINE-B signature, as the national white list does: the
/// signature covers the whole document, and the certificate in it leads to an authority of ours. Source: XML Signature 1.1,
/// 6.6.4; ETSI EN 319 132-1, 6; facts 1.7.</summary>
/// <param name="authorities">The roots, and the certificates between them and the signer.</param>
/// <param name="checkRevocation">Asks the authorities whether they took a certificate back; no answer is a refusal.</param>
public sealed class EnvelopedSignature(
    IReadOnlyList<X509Certificate2> authorities, bool checkRevocation, TimeProvider time)
{
    /// <returns>Who signed, or null.</returns>
    /// <param name="why">What is wrong, where null is returned.</param>
    public X509Certificate2? Verify(XDocument document, out string why)
    {
        var dom = Canonical.ToDom(document);
        var signatures = dom.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl)
            .OfType<XmlElement>().ToList();
        // One, and where it can only speak of the document that it is in (signature wrapping, attack A20).
        if (signatures is not [var signature] || signature.ParentNode != dom.DocumentElement)
        {
            why = "It does not carry one signature, below its first element.";
            return null;
        }

        var signed = new SignedXml(dom);
        try
        {
            signed.LoadXml(signature);
            if (!CoversDocument(signed))
            {
                why = "The signature does not cover the document with SHA-256 and exclusive canonicalization.";
                return null;
            }

            if (signed.KeyInfo.OfType<KeyInfoX509Data>().SelectMany(data => data.Certificates?.Cast<X509Certificate2>() ?? [])
                    .FirstOrDefault() is not { } certificate)
            {
                why = "The signature names no certificate.";
                return null;
            }

            if (!signed.CheckSignature(certificate, verifySignatureOnly: true))
            {
                why = "The signature is not that of the document.";
                return null;
            }

            why = ChainFault(certificate) ?? "";
            return why.Length == 0 ? certificate : null;
        }
        catch (CryptographicException)
        {
            why = "The signature cannot be read.";
            return null;
        }
    }

    private static bool CoversDocument(SignedXml signed)
    {
        if (signed.SignedInfo is not { } info || info.CanonicalizationMethod != SignedXml.XmlDsigExcC14NTransformUrl
            || SignatureAlgorithms.HashOfSignature(info.SignatureMethod) != SignatureHash.Sha256) return false;
        var references = info.References.Cast<Reference>().ToList();
        return references.Count(reference => reference.Uri is "") == 1
            && references.TrueForAll(
                reference => SignatureAlgorithms.HashOfDigest(reference.DigestMethod) == SignatureHash.Sha256)
            && TransformsOf(references.Find(reference => reference.Uri is "")!).SequenceEqual(
                [SignedXml.XmlDsigEnvelopedSignatureTransformUrl, SignedXml.XmlDsigExcC14NTransformUrl])
            && references.TrueForAll(reference => reference.Uri is "" || TransformsOf(reference).All(
                transform => transform == SignedXml.XmlDsigExcC14NTransformUrl));
    }

    private static IEnumerable<string?> TransformsOf(Reference reference) =>
        Enumerable.Range(0, reference.TransformChain.Count).Select(i => reference.TransformChain[i].Algorithm);

    private string? ChainFault(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        foreach (var authority in authorities)
        {
            if (authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData))
                policy.CustomTrustStore.Add(authority);
            else policy.ExtraStore.Add(authority);
        }

        policy.DisableCertificateDownloads = true;
        policy.RevocationMode = checkRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck;
        policy.RevocationFlag = X509RevocationFlag.ExcludeRoot;
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate)
            ? null
            : $"The certificate of the signer is not accepted: {chain.ChainStatus.FirstOrDefault().Status}.";
    }
}
