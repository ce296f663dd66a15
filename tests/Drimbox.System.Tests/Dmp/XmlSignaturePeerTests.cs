using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Dmp;

/// <summary>Our XML signatures before programs of other makers, and theirs before ours.</summary>
public sealed class XmlSignaturePeerTests : IDisposable
{
    private const string Cda =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- é -->\r\n<ClinicalDocument b='2' a=\"1\" xmlns='urn:hl7-org:v3'>"
        + "<title>Compte rendu\r\n&amp; suite</title><empty/></ClinicalDocument>\r\n";

    private static readonly Organization Hospital = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "1750712184"), "HOPITAL TEST", "FINEG");

    private static readonly Author Radiologist = new(
        new Professional(InstanceIdentifier.Create(NationalAuthorities.Persons, "899700000042"), "MARTIN", "Claire"),
        Hospital, null, null);

    private static readonly InstanceIdentifier PatientId =
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989");

    private readonly string _folder = Directory.CreateTempSubdirectory("drimbox-xmlsec").FullName;
    private readonly SelfSignedCertificates _certificates = new(TimeProvider.System);

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(SignatureHash.Sha256)]
    [InlineData(SignatureHash.Sha1)]
    public async Task Xmlsec1_verifies_our_VIHF_inside_of_the_request(SignatureHash hash)
    {
        var xmlsec1 = Peer.Require("xmlsec1");
        var issuer = new VihfIssuer(_certificates, new VihfOptions { Hash = hash }, new RandomIdSource(), TimeProvider.System);
        var certificate = await CertificateAsync();
        var envelope = SoapEnvelope.WriteRequest(
            XdsAction.RegistryStoredQuery, "urn:uuid:1", new Uri("http://127.0.0.1/registry"),
            issuer.Issue(new Requester(Radiologist, PatientId)), new XElement("body"));

        string[] arguments =
        [
            "--verify", "--pubkey-cert-pem", certificate, "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
        ];
        var good = await RunAsync(xmlsec1, [.. arguments, await FileAsync("request.xml", envelope)]);
        var tampered = Encoding.UTF8.GetString(envelope).Replace("279035121518989", "279035121518988", StringComparison.Ordinal);
        var bad = await RunAsync(xmlsec1, [.. arguments, await FileAsync("bad.xml", Encoding.UTF8.GetBytes(tampered))]);

        Assert.True(good.ExitCode == 0, good.Output);
        Assert.NotEqual(0, bad.ExitCode);
    }

    [Theory]
    [InlineData(SignatureHash.Sha256)]
    [InlineData(SignatureHash.Sha1)]
    public async Task Xmlsec1_verifies_our_XAdES_of_a_submission_set(SignatureHash hash)
    {
        var xmlsec1 = Peer.Require("xmlsec1");
        var certificate = await CertificateAsync();
        var signature = Seal(hash).Signature!;
        string[] arguments =
        [
            "--verify", "--ignore-manifests", "--pubkey-cert-pem", certificate,
            "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Manifest",
            "--id-attr:Id", "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
        ];

        var good = await RunAsync(
            xmlsec1, [.. arguments, await FileAsync("signature.xml", Encoding.UTF8.GetBytes(signature))]);
        var later = signature.Replace("SigningTime>2026", "SigningTime>2027", StringComparison.Ordinal);
        var bad = await RunAsync(xmlsec1, [.. arguments, await FileAsync("bad.xml", Encoding.UTF8.GetBytes(later))]);

        Assert.True(good.ExitCode == 0, good.Output);
        Assert.Contains("SignedInfo References (ok/all): 2/2", good.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, bad.ExitCode);
    }

    // XML Signature 1.1, 5.1: whether the documents of a manifest are those that were signed is the application's matter;
    // xmlsec1 looks at each where it is told where they are.
    [Theory]
    [InlineData(SignatureHash.Sha256)]
    [InlineData(SignatureHash.Sha1)]
    public async Task Xmlsec1_verifies_the_manifest_against_the_documents(SignatureHash hash)
    {
        var xmlsec1 = Peer.Require("xmlsec1");
        var certificate = await CertificateAsync();
        var signature = await FileAsync("signature.xml", Encoding.UTF8.GetBytes(Seal(hash).Signature!));
        var spoilt = Cda.Replace("suite", "suites", StringComparison.Ordinal);
        var (same, other) = (
            await FileAsync("cda.xml", Encoding.UTF8.GetBytes(Cda)),
            await FileAsync("other.xml", Encoding.UTF8.GetBytes(spoilt)));
        Task<(int ExitCode, string Output)> VerifyAsync(string document) => RunAsync(xmlsec1,
        [
            "--verify", "--pubkey-cert-pem", certificate,
            "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Manifest",
            "--id-attr:Id", "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
            "--url-map:urn:oid:2.25.77", document, "--url-map:urn:oid:1.2.250.1.999.1^CR-1", document, signature,
        ]);

        var good = await VerifyAsync(same);
        var bad = await VerifyAsync(other);

        // The submission set is named by the one zero byte of the DMP samples: its reference never matches a file.
        Assert.Contains("SignedInfo References (ok/all): 2/2", good.Output, StringComparison.Ordinal);
        Assert.Contains("Manifests References (ok/all): 1/2", good.Output, StringComparison.Ordinal);
        Assert.Contains("SignedInfo References (ok/all): 2/2", bad.Output, StringComparison.Ordinal);
        Assert.Contains("Manifests References (ok/all): 0/2", bad.Output, StringComparison.Ordinal);
    }

    public static TheoryData<string> Documents =>
    [
        Cda,
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><value xsi:type=\"CD\" "
            + "code='a&#9;b' displayName=\"d &quot;e&quot; &lt;f&gt;\"/><a xmlns=\"\"><b xmlns=\"urn:hl7-org:v3\"/></a></ClinicalDocument>",
        "<?xml-stylesheet href='cda.xsl'?><!-- before --><x:d xmlns:x='urn:x' xmlns:y='urn:y'><y:e y:b='2' a='1' x:c='3'/>"
            + "<![CDATA[<raw> & ]]>&#13;\r\n</x:d><!-- after -->",
        "<p:a xmlns:p='urn:1' xmlns:q='urn:1' xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='fr'><q:b/></p:a>",
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task The_digest_of_a_document_in_the_manifest_is_that_of_its_canonical_form_by_xmlstarlet(string document)
    {
        var xmlstarlet = Peer.Require("xmlstarlet");
        var signature = XElement.Parse(Seal(SignatureHash.Sha1, document).Signature!);

        var canonical = await RunAsync(
            xmlstarlet, ["c14n", "--with-comments", await FileAsync("cda.xml", Encoding.UTF8.GetBytes(document))]);

        var ds = XdsNames.Signature;
        var reference = signature.Descendants(ds + "Manifest").Elements()
            .Single(r => (string?)r.Attribute("URI") == "urn:oid:1.2.250.1.999.1^CR-1");
        Assert.Equal(
            Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(canonical.Output))),
            (string?)reference.Element(ds + "DigestValue"));
    }

    [Fact]
    public async Task An_assertion_signed_by_xmlsec1_is_taken()
    {
        var xmlsec1 = Peer.Require("xmlsec1");
        _ = await CertificateAsync();
        var now = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ");
        var template = $"""
            <e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header>
            <w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
            <Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" IssueInstant="{now}" Version="2.0">
              <Issuer>CN=TEST</Issuer>
              <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
                <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
                <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
                <Reference URI="#_a1"><Transforms>
                  <Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
                  <Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>
                  <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference>
              </SignedInfo><SignatureValue/></Signature>
              <Subject><NameID>899700000042</NameID></Subject>
              <AttributeStatement>
                <Attribute Name="VIHF_Version"><AttributeValue>3.0</AttributeValue></Attribute>
                <Attribute Name="Authentification_Mode"><AttributeValue>INDIRECTE</AttributeValue></Attribute>
                <Attribute Name="Identifiant_Structure"><AttributeValue>1750712184</AttributeValue></Attribute>
                <Attribute Name="Secteur_Activite"><AttributeValue>SA01^1.2.250.1.71.4.2.4</AttributeValue></Attribute>
                <Attribute Name="Ressource_URN"><AttributeValue>urn:dmp</AttributeValue></Attribute>
                <Attribute Name="urn:oasis:names:tc:xacml:2.0:subject:role"><AttributeValue>
                  <Role xmlns="urn:hl7-org:v3" code="10" codeSystem="1.2.250.1.71.1.2.7"/></AttributeValue></Attribute>
                <Attribute Name="urn:oasis:names:tc:xacml:2.0:resource:resource-id">
                  <AttributeValue>279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH</AttributeValue></Attribute>
              </AttributeStatement>
            </Assertion></w:Security></e:Header><e:Body><x/></e:Body></e:Envelope>
            """;
        var keys = _certificates.Find(Hospital.Id)!;
        using var rsa = keys.Signing.GetRSAPrivateKey()!;
        var key = await FileAsync("key.pem", Encoding.ASCII.GetBytes(rsa.ExportRSAPrivateKeyPem()));
        var unsigned = await FileAsync("template.xml", Encoding.UTF8.GetBytes(template));
        var output = Path.Combine(_folder, "signed.xml");

        var signed = await RunAsync(xmlsec1,
        [
            "--sign", "--privkey-pem", key, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
            "--output", output, unsigned,
        ]);
        Assert.True(signed.ExitCode == 0, signed.Output);
        var (message, _) = await SoapReader.ReadAsync(
            "application/soap+xml", new MemoryStream(await File.ReadAllBytesAsync(output)), 1_000_000,
            TestContext.Current.CancellationToken);
        var verifier = new VihfVerifier(s => s == "1750712184" ? keys.Signing : null, false, TimeProvider.System);

        var vihf = verifier.TryVerify(message!, out var fault);

        Assert.True(vihf is not null, fault?.Reason);
        Assert.Equal(PatientId, vihf.PatientId);
    }

    private SealedSubmission Seal(SignatureHash hash, string document = Cda)
    {
        _certificates.Issue(Hospital);
        var bytes = Encoding.UTF8.GetBytes(document);
        var code = new Code("c", "1.2.3", "d");
        var entry = new DocumentEntry(
            "Document01", InstanceIdentifier.Create("1.2.250.1.999.1", "CR-1"), "text/xml", code, code, code, code, code,
            [], [Radiologist], Radiologist.Person, PatientId,
            new Patient(PatientId, null, "PAT-TROIS", "DOMINIQUE", "", null, "19790328", "F", ""),
            "20260105083000", "20260105", null, "fr-FR", "CR", Convert.ToHexStringLower(SHA1.HashData(bytes)),
            bytes.Length, Visibility.Normal, []);

        // As the outbox does: only the deciders make a submission, and here it comes back from its stored form.
        var stored = JsonSerializer.Serialize(new
        {
            Kind = SubmissionKind.Publish,
            SubmissionSetUniqueId = "2.25.77",
            SubmissionTime = "2026-01-05T08:45:00Z",
            SourceId = "1.2.250.1.999.9",
            Author = Radiologist,
            ContentType = code,
            PatientId,
            Document = new SubmittedDocument(entry, new StoredObject("", bytes.Length)),
        });
        var submission = JsonSerializer.Deserialize<Submission>(stored)!;
        return new SubmissionSigner(_certificates, hash, _ => new MemoryStream(bytes)).Seal(submission);
    }

    private Task<string> CertificateAsync() => FileAsync(
        "certificate.pem", Encoding.ASCII.GetBytes(_certificates.Issue(Hospital).Signing.ExportCertificatePem()));

    private async Task<string> FileAsync(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllBytesAsync(path, content, TestContext.Current.CancellationToken);
        return path;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, string[] arguments)
    {
        var (exitCode, output, error) = await PeerProgram.RunAsync(
            program, arguments, TestContext.Current.CancellationToken);
        return (exitCode, output + error);
    }
}
