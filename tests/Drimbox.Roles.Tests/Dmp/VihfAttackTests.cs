using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Dmp;

/// <summary>Attack A20: what is no valid VIHF of a known structure gets a SOAP fault and reads nothing.</summary>
public sealed class VihfAttackTests
{
    private static readonly XNamespace Saml = XdsNames.Saml;
    private static readonly XNamespace Ds = XdsNames.Signature;

    [Fact]
    public async Task A_VIHF_of_ours_and_one_signed_elsewhere_are_taken()
    {
        await using var dmp = await DmpFixture.StartAsync();

        Assert.Null(await FaultOfAsync(dmp, dmp.Vihf.Issue(dmp.Requester)));
        Assert.Null(await FaultOfAsync(dmp, Signed(dmp, SignedAssertion.Unsigned("1750712184"))));
    }

    [Fact]
    public async Task Requests_without_exactly_one_signed_assertion_are_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var good = dmp.Vihf.Issue(dmp.Requester);
        var unsigned = XElement.Parse(good, LoadOptions.PreserveWhitespace);
        unsigned.Elements(Ds + "Signature").Remove();

        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp));
        Assert.Equal("DMPInvalidCertificate", await FaultOfAsync(dmp, Text(unsigned)));
        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp, good, dmp.Vihf.Issue(dmp.Requester)));
    }

    [Theory]
    [InlineData("1750712184", "1330000777")]
    [InlineData("279035121518989", "160012B01234567")]
    [InlineData("urn:dmp", "urn:dmq")]
    [InlineData("TLSClient", "SmartcardPKI")]
    public async Task A_changed_value_breaks_the_signature(string from, string to)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var tampered = dmp.Vihf.Issue(dmp.Requester).Replace(from, to, StringComparison.Ordinal);

        Assert.NotNull(await FaultOfAsync(dmp, tampered));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Signature_wrapping_is_refused(int variant)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var original = XElement.Parse(dmp.Vihf.Issue(dmp.Requester), LoadOptions.PreserveWhitespace);
        var evil = XElement.Parse(
            SignedAssertion.Unsigned("1750712184", "160012B01234567^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"));
        var signature = new XElement(original.Element(Ds + "Signature")!);
        var bare = new XElement(original);
        bare.Elements(Ds + "Signature").Remove();
        string[] tokens;
        switch (variant)
        {
            case 0: // The original inside of the evil one's signature object.
                signature.Add(new XElement(Ds + "Object", bare));
                evil.AddFirst(signature);
                tokens = [Text(evil)];
                break;
            case 1: // The original beside, the evil one first.
                tokens = [Text(evil), Text(original)];
                break;
            case 2: // The evil one as a child of the signed one.
                original.Add(evil);
                tokens = [Text(original)];
                break;
            case 3: // The same ID twice.
                evil.SetAttributeValue("ID", (string)original.Attribute("ID")!);
                evil.AddFirst(signature);
                tokens = [Text(evil), Text(bare)];
                break;
            case 4: // The signed one hidden in an element of another name.
                evil.AddFirst(signature);
                tokens = [Text(evil), Text(new XElement("Extension", original))];
                break;
            case 6: // The evil one inside of the original's signature object (XSW 8).
                original.Element(Ds + "Signature")!.Add(new XElement(Ds + "Object", evil));
                tokens = [Text(original)];
                break;
            case 7: // The evil one in an extension of the original's subject (XSW 7).
                original.Element(Saml + "Subject")!.Add(new XElement("Extensions", evil));
                tokens = [Text(original)];
                break;
            case 8: // The signature beside, and not inside of, what it signs.
                tokens = [Text(bare), Text(signature)];
                break;
            default: // The signature of the original over the evil one.
                evil.AddFirst(signature);
                tokens = [Text(evil)];
                break;
        }

        Assert.NotNull(await FaultOfAsync(dmp, tokens));
    }

    [Fact]
    public async Task A_good_signature_over_another_element_of_the_assertion_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var signed = XElement.Parse(Signed(dmp, "<Advice ID=\"_advice\"><Issuer/></Advice>"));
        var signature = signed.Element(Ds + "Signature")!;
        signature.Remove();
        var evil = XElement.Parse(SignedAssertion.Unsigned("1750712184"));
        evil.AddFirst(signature, signed);

        Assert.Equal("DMPInvalidCertificate", await FaultOfAsync(dmp, Text(evil)));
    }

    [Fact]
    public async Task Comments_in_the_assertion_are_refused_though_the_signature_ignores_them()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var split = dmp.Vihf.Issue(dmp.Requester)
            .Replace(">1750712184<", ">175071<!-- -->2184<", StringComparison.Ordinal);

        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp, split));
    }

    [Theory]
    [InlineData(-7 * 60, false)]
    [InlineData(-5 * 60, true)]
    [InlineData(50, true)]
    [InlineData(90, false)]
    public async Task An_assertion_lives_for_minutes_and_tolerates_a_minute_of_skew(int seconds, bool accepted)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var issued = DateTimeOffset.UtcNow.AddSeconds(seconds);

        var fault = await FaultOfAsync(dmp, Signed(dmp, SignedAssertion.Unsigned("1750712184", issued: issued)));

        Assert.Equal(accepted ? null : "MessageExpired", fault);
    }

    [Theory]
    [InlineData("NotOnOrAfter=\"2020-01-01T00:00:00Z\"", "", "MessageExpired")]
    [InlineData("NotBefore=\"2120-01-01T00:00:00Z\"", "", "MessageExpired")]
    [InlineData("NotOnOrAfter=\"2120-01-01T00:00:00Z\"", "", null)]
    [InlineData("", "urn:dmp", null)]
    [InlineData("", "urn:other", "FailedAuthentication")]
    public async Task Conditions_count_where_they_are_given(string validity, string audience, string? expected)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var restriction = audience.Length == 0 ? "" : "<saml2:AudienceRestriction><saml2:Audience>" + audience
            + "</saml2:Audience></saml2:AudienceRestriction>";
        var assertion = SignedAssertion.Unsigned(
            "1750712184", conditions: $"<saml2:Conditions {validity}>{restriction}</saml2:Conditions>");

        Assert.Equal(expected, await FaultOfAsync(dmp, Signed(dmp, assertion)));
    }

    [Fact]
    public async Task An_assertion_for_another_resource_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var assertion = SignedAssertion.Unsigned("1750712184", resourceUrn: "urn:other");

        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp, Signed(dmp, assertion)));
    }

    [Fact]
    public async Task Only_the_signing_certificate_of_the_claimed_structure_counts()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var hospital = dmp.Certificates.Issue(DmpFixture.Hospital);
        var platform = dmp.Certificates.Issue(DmpFixture.Platform);
        var claim = SignedAssertion.Unsigned("1750712184");

        Assert.Equal("DMPInvalidCertificate", await FaultOfAsync(
            dmp, SignedAssertion.Sign(claim, hospital.Authentication)));
        Assert.Equal("DMPInvalidCertificate", await FaultOfAsync(dmp, SignedAssertion.Sign(claim, platform.Signing)));
        Assert.Equal("FailedAuthentication", await FaultOfAsync(
            dmp, SignedAssertion.Sign(SignedAssertion.Unsigned("1330000777"), platform.Signing)));
    }

    [Fact]
    public async Task An_assertion_is_taken_once()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var assertion = dmp.Vihf.Issue(dmp.Requester);

        Assert.Null(await FaultOfAsync(dmp, assertion));
        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp, assertion));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SHA1_is_taken_where_the_target_says_so(bool accept)
    {
        await using var dmp = await DmpFixture.StartAsync(o => o with { AcceptSha1 = accept });
        var client = dmp.ClientWith(vihf: new VihfOptions { Hash = SignatureHash.Sha1 });

        var found = await client.RegistryStoredQueryAsync(
            StoredQuery.FindDocuments(DmpFixture.PatientId, [AvailabilityStatus.Approved]), dmp.Requester,
            DmpFixture.Token);

        Assert.Equal(accept, found.Answer.IsSuccess);
        if (!accept) Assert.Equal(DispatchOutcome.Quarantine, XdsOutcomes.Classify(found.Answer).Outcome);
    }

    [Fact]
    public async Task Another_transform_than_the_two_of_SAML_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var signing = dmp.Certificates.Issue(DmpFixture.Hospital).Signing;
        var assertion = SignedAssertion.Sign(
            SignedAssertion.Unsigned("1750712184"), signing, extra: new XmlDsigC14NTransform());

        Assert.Equal("DMPInvalidCertificate", await FaultOfAsync(dmp, assertion));
    }

    [Fact]
    public async Task A_code_of_the_public_certificate_is_no_signature()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var certificate = dmp.Certificates.Issue(DmpFixture.Hospital).Signing;

        // Who takes the method from the message may take the public key for the secret of an HMAC.
        var assertion = SignedAssertion.SignWithCode(SignedAssertion.Unsigned("1750712184"), certificate.RawData);

        Assert.Equal("DMPInvalidCertificate", await FaultOfAsync(dmp, assertion));
    }

    [Fact]
    public async Task A_certificate_that_has_expired_signs_nothing()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=SIGN", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var expired = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-3), DateTimeOffset.UtcNow.AddMinutes(-1));
        await using var dmp = await DmpFixture.StartAsync(o => o with
        {
            Structures = [new AllowedStructure(DmpFixture.Hospital, expired)],
        });

        Assert.Equal(
            "DMPInvalidCertificate",
            await FaultOfAsync(dmp, SignedAssertion.Sign(SignedAssertion.Unsigned("1750712184"), expired)));
    }

    [Theory]
    [InlineData("VIHF_Version")]
    [InlineData("Authentification_mode")]
    [InlineData("Identifiant_Structure")]
    [InlineData("Secteur_Activite")]
    [InlineData("urn:oasis:names:tc:xacml:2.0:subject:role")]
    [InlineData("urn:oasis:names:tc:xacml:2.0:resource:resource-id")]
    [InlineData("Ressource_URN")]
    public async Task Every_attribute_of_the_VIHF_is_needed_once(string name)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var without = XElement.Parse(SignedAssertion.Unsigned("1750712184"), LoadOptions.PreserveWhitespace);
        without.Descendants(Saml + "Attribute").Single(a => (string?)a.Attribute("Name") == name).Remove();
        var twice = XElement.Parse(SignedAssertion.Unsigned("1750712184"), LoadOptions.PreserveWhitespace);
        var attribute = twice.Descendants(Saml + "Attribute").Single(a => (string?)a.Attribute("Name") == name);
        attribute.AddAfterSelf(new XElement(attribute));

        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp, Signed(dmp, Text(without))));
        Assert.Equal("FailedAuthentication", await FaultOfAsync(dmp, Signed(dmp, Text(twice))));
    }

    private static string Signed(DmpFixture dmp, string assertion) =>
        SignedAssertion.Sign(assertion, dmp.Certificates.Issue(DmpFixture.Hospital).Signing);

    private static string Text(XElement element) => element.ToString(SaveOptions.DisableFormatting);

    /// <summary>The subcode of the fault that a query with these tokens gets, or null if it is answered.</summary>
    private static async Task<string?> FaultOfAsync(DmpFixture dmp, params string[] tokens)
    {
        var query = StoredQuery.FindDocuments(DmpFixture.PatientId, [AvailabilityStatus.Approved]).Write();
        var envelope = XElement.Parse(Encoding.UTF8.GetString(SoapEnvelope.WriteRequest(
            XdsAction.RegistryStoredQuery, "urn:uuid:1", dmp.Emulator.Target.Registry, null, query)));
        envelope.Element(XdsNames.Soap12 + "Header")!.Add(new XElement(XdsNames.Security + "Security",
            tokens.Select(token => XElement.Parse(token, LoadOptions.PreserveWhitespace))));
        var (status, message) = await dmp.PostAsync(
            "registry", "application/soap+xml; charset=utf-8", Encoding.UTF8.GetBytes(Text(envelope)));
        Assert.Equal(message.Fault is null ? 200 : 500, status);
        return message.Fault is null ? null : message.Fault.Subcode ?? "";
    }
}
