using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;

namespace Drimbox.Tests.Dmp;

/// <summary>Signs a SAML assertion written by hand, apart from the code under test.</summary>
internal static class SignedAssertion
{
    public static string Sign(
        string assertion, X509Certificate2 certificate,
        string signatureMethod = SignedXml.XmlDsigRSASHA256Url, string digestMethod = SignedXml.XmlDsigSHA256Url,
        Transform? extra = null)
    {
        using var key = certificate.GetRSAPrivateKey();
        return Sign(assertion, digestMethod, extra, signed =>
        {
            signed.SigningKey = key;
            signed.SignedInfo!.SignatureMethod = signatureMethod;
            signed.KeyInfo = new KeyInfo();
            signed.KeyInfo.AddClause(new KeyInfoX509Data(certificate));
            signed.ComputeSignature();
        });
    }

    /// <summary>An HMAC in the place of a signature.</summary>
    public static string SignWithCode(string assertion, byte[] secret)
    {
        using var code = new HMACSHA256(secret);
        return Sign(assertion, SignedXml.XmlDsigSHA256Url, null, signed => signed.ComputeSignature(code));
    }

    private static string Sign(string assertion, string digestMethod, Transform? extra, Action<SignedXml> compute)
    {
        var dom = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        dom.LoadXml(assertion);
        var root = dom.DocumentElement!;
        var signed = new SignedXml(dom);
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl;
        var reference = new Reference("#" + root.GetAttribute("ID")) { DigestMethod = digestMethod };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        if (extra is not null) reference.AddTransform(extra);
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        compute(signed);
        var issuer = root.ChildNodes.OfType<XmlElement>().First();
        root.InsertAfter(dom.ImportNode(signed.GetXml(), deep: true), issuer);
        return dom.OuterXml;
    }

    /// <summary>An unsigned assertion, written from the table of the facts document 3.6.</summary>
    public static string Unsigned(
        string structure, string patient = "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH",
        DateTimeOffset? issued = null, string conditions = "", string resourceUrn = "urn:dmp", string? id = null)
    {
        var time = (issued ?? DateTimeOffset.UtcNow).ToString("yyyy-MM-ddTHH:mm:ssZ");
        return $"""
            <saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="{id ?? "_" + Guid.NewGuid().ToString("D")}" IssueInstant="{time}" Version="2.0">
              <saml2:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">CN=TEST</saml2:Issuer>
              <saml2:Subject><saml2:NameID>899700000042</saml2:NameID></saml2:Subject>{conditions}
              <saml2:AuthnStatement AuthnInstant="{time}"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>
              <saml2:AttributeStatement>
                <saml2:Attribute Name="VIHF_Version"><saml2:AttributeValue xsi:type="xs:string">3.0</saml2:AttributeValue></saml2:Attribute>
                <saml2:Attribute Name="Authentification_mode"><saml2:AttributeValue xsi:type="xs:string">INDIRECTE</saml2:AttributeValue></saml2:Attribute>
                <saml2:Attribute Name="Identifiant_Structure"><saml2:AttributeValue xsi:type="xs:string">{structure}</saml2:AttributeValue></saml2:Attribute>
                <saml2:Attribute Name="Secteur_Activite"><saml2:AttributeValue xsi:type="xs:string">SA01^1.2.250.1.71.4.2.4</saml2:AttributeValue></saml2:Attribute>
                <saml2:Attribute Name="urn:oasis:names:tc:xacml:2.0:subject:role"><saml2:AttributeValue><Role xmlns="urn:hl7-org:v3" xsi:type="CE" code="10" codeSystem="1.2.250.1.71.1.2.7" displayName="Médecin"/></saml2:AttributeValue></saml2:Attribute>
                <saml2:Attribute Name="urn:oasis:names:tc:xacml:2.0:resource:resource-id"><saml2:AttributeValue xsi:type="xs:string">{patient}</saml2:AttributeValue></saml2:Attribute>
                <saml2:Attribute Name="Ressource_URN"><saml2:AttributeValue xsi:type="xs:string">{resourceUrn}</saml2:AttributeValue></saml2:Attribute>
              </saml2:AttributeStatement>
            </saml2:Assertion>
            """;
    }
}
