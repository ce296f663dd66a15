using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Trust;

/// <summary>What a VIHF says beside the author and the patient.</summary>
public sealed record VihfOptions
{
    /// <summary>LPS_ID; left away while empty, which is the default.</summary>
    public string SoftwareId { get; init; } = "";

    /// <summary>LPS_Nom.</summary>
    [Required]
    public string SoftwareName { get; init; } = "Drimbox";

    /// <summary>LPS_Version.</summary>
    [Required]
    public string SoftwareVersion { get; init; } = "0.1";

    /// <summary>LPS_ID_HOMOLOGATION_DMP: given by the CNDA at homologation; empty on a test platform.</summary>
    public string HomologationId { get; init; } = "";

    /// <summary>Profession and specialty of an author whose document states none, in the form of authorSpecialty
    /// (JDV_J01). Default: doctor, diagnostic radiology: an imaging report is validated by a radiologist.</summary>
    public Code DefaultSpecialty { get; init; } =
        new("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)");

    /// <summary>Hash of the assertion's signature. Default SHA-256; the samples of the DMP use SHA-1.</summary>
    public SignatureHash Hash { get; init; }
}

/// <summary>For whom and about whom a transaction is made.</summary>
/// <param name="Author">Its institution is the structure that authenticates; its person the VIHF's subject.</param>
/// <param name="PatientId">The INS.</param>
public sealed record Requester(Author Author, InstanceIdentifier PatientId);

/// <summary>
/// Issues the VIHF: the SAML 2 assertion of the French health sector, signed with the structure's cachet, indirect
/// authentication. One for each attempt. Source: facts document 3.6; CI-SIS mapping "VIHF pour le DMP".
/// </summary>
public sealed class VihfIssuer(
    IStructureCertificates certificates, VihfOptions options, IIdSource ids, TimeProvider time)
{
    private const string ProfessionSystem = "1.2.250.1.71.1.2.7";
    private const string SpecialtySystem = "1.2.250.1.71.4.2.5";

    private static readonly XNamespace Xsi = "http://www.w3.org/2001/XMLSchema-instance";
    private static readonly XNamespace Xs = "http://www.w3.org/2001/XMLSchema";

    /// <summary>A fresh assertion, as the text that goes into wsse:Security.</summary>
    /// <exception cref="StructureCertificateMissingException">The structure has no certificates here.</exception>
    public string Issue(Requester requester)
    {
        var structure = requester.Author.Institution;
        var keys = certificates.Find(structure.Id) ?? throw new StructureCertificateMissingException(structure.Id);
        var now = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var person = requester.Author.Person;
        var assertion = new XElement(Saml + "Assertion",
            new XAttribute(XNamespace.Xmlns + "saml2", Saml),
            new XAttribute(XNamespace.Xmlns + "xsi", Xsi),
            new XAttribute(XNamespace.Xmlns + "xs", Xs),
            new XAttribute("ID", "_" + ids.NewUuid()),
            new XAttribute("IssueInstant", now),
            new XAttribute("Version", "2.0"),
            new XElement(Saml + "Issuer",
                new XAttribute("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"),
                keys.Signing.SubjectName.Name),
            new XElement(Saml + "Subject", new XElement(Saml + "NameID", person.Id.Extension)),
            new XElement(Saml + "AuthnStatement",
                new XAttribute("AuthnInstant", now),
                new XElement(Saml + "AuthnContext",
                    new XElement(Saml + "AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient"))),
            new XElement(Saml + "AttributeStatement",
                Text(Vihf.VersionAttribute, "3.0"),
                Text(Vihf.ModeAttribute, "INDIRECTE"),
                Text(Vihf.StructureAttribute, structure.Id.Extension ?? structure.Id.Root),
                Text(Vihf.SectorAttribute, $"{keys.Sector.Value}^{keys.Sector.System}"),
                Text(Vihf.ResourceIdAttribute, HealthText.FormatCx(requester.PatientId, "NH")),
                Text(Vihf.ResourceUrnAttribute, Vihf.ResourceUrn),
                Text("urn:oasis:names:tc:xspa:1.0:subject:subject-id", $"{person.GivenName} {person.FamilyName}"),
                Coded(Vihf.RoleAttribute, "Role", RolesOf(requester.Author.Specialty ?? options.DefaultSpecialty)),
                Coded(
                    "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse", "PurposeOfUse",
                    [new Code("normal", "1.2.250.1.213.1.1.4.248", "Accès normal")]),
                options.SoftwareId.Length == 0 ? null : Text("LPS_ID", options.SoftwareId),
                Text("LPS_Nom", options.SoftwareName),
                Text("LPS_Version", options.SoftwareVersion),
                Text("LPS_ID_HOMOLOGATION_DMP", options.HomologationId)));
        return Sign(assertion, keys.Signing, options.Hash);
    }

    // authorSpecialty of the CI-SIS is profession and specialty in one code: G15_10/SM26. The VIHF wants them apart:
    // the profession, and for doctors and pharmacists the specialty.
    private static IReadOnlyList<Code> RolesOf(Code specialty)
    {
        if (!specialty.Value.StartsWith("G15_", StringComparison.Ordinal)) return [specialty];
        var parts = specialty.Value["G15_".Length..].Split('/', 2);
        var profession = new Code(parts[0], ProfessionSystem, parts[0] == "10" ? "Médecin" : specialty.Display);
        return parts.Length == 1
            ? [profession]
            : [profession, new Code(parts[1], SpecialtySystem, specialty.Display)];
    }

    private static XElement Text(string name, string value) =>
        new(Saml + "Attribute", new XAttribute("Name", name),
            new XElement(Saml + "AttributeValue", new XAttribute(Xsi + "type", "xs:string"), value));

    private static XElement Coded(string name, string element, IEnumerable<Code> codes) =>
        new(Saml + "Attribute", new XAttribute("Name", name),
            codes.Select(code => new XElement(Saml + "AttributeValue",
                new XElement(Hl7V3 + element,
                    new XAttribute("xmlns", Hl7V3),
                    new XAttribute(Xsi + "type", "CE"),
                    new XAttribute("code", code.Value),
                    new XAttribute("codeSystem", code.System),
                    new XAttribute("displayName", code.Display)))));

    /// <summary>Enveloped signature, exclusive canonicalisation; it stands right after Issuer (SAML core
    /// 5.4).</summary>
    private static string Sign(XElement assertion, X509Certificate2 certificate, SignatureHash hash)
    {
        var dom = Canonical.ToDom(assertion);
        using var key = certificate.GetRSAPrivateKey();
        Invariant.Holds(key is not null);
        var signed = new SignedXml(dom) { SigningKey = key };
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl;
        signed.SignedInfo.SignatureMethod = SignatureAlgorithms.SignatureMethod(hash);
        var reference = new Reference("#" + (string)assertion.Attribute("ID")!)
        {
            DigestMethod = SignatureAlgorithms.DigestMethod(hash),
        };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        signed.KeyInfo = new KeyInfo();
        signed.KeyInfo.AddClause(new KeyInfoX509Data(certificate));
        signed.ComputeSignature();
        var issuer = dom.DocumentElement!.FirstChild!;
        dom.DocumentElement.InsertAfter(dom.ImportNode(signed.GetXml(), deep: true), issuer);
        return dom.OuterXml;
    }
}
