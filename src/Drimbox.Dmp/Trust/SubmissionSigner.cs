using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Trust;

/// <summary>
/// Signs a submission set: XAdES over a manifest of its documents, with the structure's signing certificate.
/// Deterministic but for the signing time, which is the submission time. Source: facts document 3.7; IHE DSG;
/// XAdES 1.1.1.
/// </summary>
/// <param name="open">Reads a document of the object store; an XML document is digested in canonical form.</param>
public sealed class SubmissionSigner(
    IStructureCertificates certificates, SignatureHash hash, Func<StoredObject, Stream> open) : ISubmissionSealer
{
    /// <inheritdoc/>
    /// <exception cref="StructureCertificateMissingException">The structure has no certificates here.</exception>
    public SealedSubmission Seal(Submission submission)
    {
        // ITI-57 carries no document, hence no signature document.
        if (submission.Kind is not (SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append))
            return new SealedSubmission(submission, null);
        Invariant.Holds(submission.Document is not null);
        var structure = submission.Author.Institution.Id;
        var keys = certificates.Find(structure) ?? throw new StructureCertificateMissingException(structure);
        return new SealedSubmission(submission, Sign(submission, keys.Signing));
    }

    private string Sign(Submission submission, X509Certificate2 certificate)
    {
        var id = "S-" + submission.SubmissionSetUniqueId;
        var signature = new XElement(Signature + "Signature",
            new XAttribute("xmlns", Signature),
            new XAttribute("Id", id),
            new XElement(Signature + "KeyInfo",
                new XElement(Signature + "X509Data",
                    new XElement(Signature + "X509Certificate", Convert.ToBase64String(certificate.RawData)))),
            new XElement(Signature + "Object", ManifestOf(submission)),
            new XElement(Signature + "Object",
                new XElement(Signature + "SignatureProperties",
                    new XElement(Signature + "SignatureProperty",
                        new XAttribute("Id", "purposeOfSignature"),
                        new XAttribute("Target", "#" + id),
                        SignatureEntry.Purpose))),
            new XElement(Signature + "Object", QualifyingProperties(id, submission.SubmissionTime, certificate)));
        var dom = Canonical.ToDom(signature);
        var root = dom.DocumentElement!;
        var signedInfo = (XmlElement)dom.ImportNode(Canonical.ToDom(SignedInfo(dom)).DocumentElement!, deep: true);
        root.PrependChild(signedInfo);
        using var key = certificate.GetRSAPrivateKey();
        Invariant.Holds(key is not null);
        var value = dom.CreateElement("SignatureValue", Signature.NamespaceName);
        value.InnerText = Convert.ToBase64String(key.SignData(
            Canonical.OfElement(signedInfo, withComments: true),
            SignatureAlgorithms.Name(hash), RSASignaturePadding.Pkcs1));
        root.InsertAfter(value, signedInfo);
        return dom.OuterXml;
    }

    private XElement SignedInfo(XmlDocument dom)
    {
        XElement Reference(string type, string id) =>
            new(Signature + "Reference",
                new XAttribute("Type", type),
                new XAttribute("URI", "#" + id),
                new XElement(Signature + "DigestMethod",
                    new XAttribute("Algorithm", SignatureAlgorithms.DigestMethod(hash))),
                new XElement(Signature + "DigestValue", Convert.ToBase64String(
                    SignatureAlgorithms.Digest(hash, Canonical.OfElement(SubmissionSignature.ById(dom, id)!)))));

        return new XElement(Signature + "SignedInfo",
            new XAttribute("xmlns", Signature),
            new XElement(Signature + "CanonicalizationMethod",
                new XAttribute("Algorithm", SignatureAlgorithms.C14NWithComments)),
            new XElement(Signature + "SignatureMethod",
                new XAttribute("Algorithm", SignatureAlgorithms.SignatureMethod(hash))),
            Reference(SignatureAlgorithms.Manifest, SubmissionSignature.ManifestId),
            Reference(SignatureAlgorithms.SignedProperties, SubmissionSignature.SignedPropertiesId));
    }

    // The submission set is no document: its digest is the one zero byte of the DMP samples.
    private XElement ManifestOf(Submission submission) =>
        new(Signature + "Manifest",
            new XAttribute("Id", SubmissionSignature.ManifestId),
            Reference(submission.SubmissionSetUniqueId.ToString(), [0], false),
            submission.Attachments.Prepend(submission.Document!).Select(document => Reference(
                document.Entry.UniqueId.ToString(), Digest(document), IsXml(document.Entry.MimeType))));

    private XElement Reference(string uniqueId, byte[] digest, bool canonical) =>
        new(Signature + "Reference",
            new XAttribute("URI", SubmissionSignature.UriPrefix + uniqueId),
            canonical
                ? new XElement(Signature + "Transforms",
                    new XElement(Signature + "Transform",
                        new XAttribute("Algorithm", SignatureAlgorithms.C14NWithComments)))
                : null,
            new XElement(Signature + "DigestMethod",
                new XAttribute("Algorithm", SignatureAlgorithms.DigestMethod(hash))),
            new XElement(Signature + "DigestValue", Convert.ToBase64String(digest)));

    private byte[] Digest(SubmittedDocument document)
    {
        var isXml = IsXml(document.Entry.MimeType);
        if (!isXml && hash == SignatureHash.Sha1) return Convert.FromHexString(document.Entry.Hash);
        using var stream = open(document.Object);
        if (!isXml) return SHA256.HashData(stream);
        return Canonical.DigestOfDocument(stream, hash)
            ?? throw new InvalidDataException("The document to sign is not the XML that its mimeType says.");
    }

    private XElement QualifyingProperties(string id, DateTimeOffset time, X509Certificate2 certificate) =>
        new(Xades + "QualifyingProperties",
            new XAttribute("xmlns", Xades),
            new XAttribute("Target", "#" + id),
            new XElement(Xades + "SignedProperties",
                new XAttribute("Id", SubmissionSignature.SignedPropertiesId),
                new XElement(Xades + "SignedSignatureProperties",
                    new XElement(Xades + "SigningTime",
                        time.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
                    new XElement(Xades + "SigningCertificate",
                        new XElement(Xades + "Cert",
                            new XElement(Xades + "CertDigest",
                                // XAdES 1.1.1, DigestAlgAndValueType: elements of its own, with types of XML Signature.
                                new XElement(Xades + "DigestMethod",
                                    new XAttribute("Algorithm", SignatureAlgorithms.DigestMethod(hash))),
                                new XElement(Xades + "DigestValue", Convert.ToBase64String(
                                    SignatureAlgorithms.Digest(hash, certificate.RawData)))),
                            new XElement(Xades + "IssuerSerial",
                                new XElement(Signature + "X509IssuerName",
                                    new XAttribute("xmlns", Signature), certificate.IssuerName.Name),
                                new XElement(Signature + "X509SerialNumber",
                                    new XAttribute("xmlns", Signature),
                                    DecimalSerial(certificate))))),
                    new XElement(Xades + "SignaturePolicyIdentifier",
                        new XElement(Xades + "SignaturePolicyImplied"))),
                new XElement(Xades + "SignedDataObjectProperties")));

    // XML Signature 4.5.4.1: the serial number in decimal.
    private static string DecimalSerial(X509Certificate2 certificate) =>
        new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true)
            .ToString(CultureInfo.InvariantCulture);

    private static bool IsXml(string mimeType) =>
        mimeType is "text/xml" or "application/xml" || mimeType.EndsWith("+xml", StringComparison.Ordinal);
}
