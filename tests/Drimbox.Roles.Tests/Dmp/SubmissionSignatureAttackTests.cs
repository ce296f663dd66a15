using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;

namespace Drimbox.Tests.Dmp;

/// <summary>Attack A20 on the signature of a submission set: what does not sign these documents for this submission set with
/// the key of this structure is refused, by name, and nothing is kept. One defect a case.</summary>
public sealed class SubmissionSignatureAttackTests
{
    private const string BadValue = "The signature value does not verify with the structure's certificate.";
    private const string BadIds = "IHEManifest or S0-SignedProperties is missing or there twice.";
    private const string BadDigest = "A digest of the manifest does not match its document.";
    private const string BadNames = "The manifest does not name each document once.";
    private static readonly XNamespace Ds = XdsNames.Signature;

    private static readonly Dictionary<string, (string Problem, Action<XElement> Spoil)> Defects = new()
    {
        ["another root"] = ("The signature document is not an XML signature.", s => s.Name = Ds + "Manifest"),
        ["no signature value"] = (BadValue, s => s.Element(Ds + "SignatureValue")!.Remove()),
        ["a signature value of other bytes"] = (BadValue,
            s => s.Element(Ds + "SignatureValue")!.Value = Convert.ToBase64String(new byte[256])),
        ["no manifest"] = (BadIds, s => Manifest(s).Parent!.Remove()),
        ["a second manifest"] = (BadIds, s => s.Add(new XElement(Ds + "Object", Evil(s)))),
        ["the signed manifest under another id"] = (BadValue, s =>
        {
            var evil = Evil(s);
            Manifest(s).SetAttributeValue("Id", "Elsewhere");
            s.Add(new XElement(Ds + "Object", evil));
        }),
        ["the signed manifest inside of another one"] = (BadValue, s =>
        {
            var (signed, evil) = (Manifest(s), Evil(s));
            signed.SetAttributeValue("Id", "Elsewhere");
            signed.ReplaceWith(evil);
            evil.Add(signed);
        }),
        ["a digest of the manifest"] = (BadValue, s => Manifest(s).Descendants(Ds + "DigestValue").Last().Value = "AA=="),
        ["a document that is not signed"] = (BadValue, s => Manifest(s).Elements().Last().Remove()),
        ["no reference to the manifest"] = (BadValue, s => SignedInfo(s).Elements(Ds + "Reference").First().Remove()),
        ["a reference to the whole document"] = (BadValue,
            s => SignedInfo(s).Elements(Ds + "Reference").First().SetAttributeValue("URI", "")),
        ["a reference to an address"] = (BadValue,
            s => SignedInfo(s).Elements(Ds + "Reference").First().SetAttributeValue("URI", "http://127.0.0.1:1/x")),
        ["a stylesheet as transform"] = (BadValue, s => SignedInfo(s).Elements(Ds + "Reference").First().AddFirst(
            new XElement(Ds + "Transforms", new XElement(Ds + "Transform",
                new XAttribute("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"))))),
        ["a code in the place of a signature"] = (BadValue, s => SignedInfo(s).Element(Ds + "SignatureMethod")!
            .SetAttributeValue("Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1")),
        ["a hash that is broken"] = (BadValue, s => SignedInfo(s).Element(Ds + "SignatureMethod")!
            .SetAttributeValue("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5")),
        ["another signing time"] = (BadValue, s => s.Descendants(XdsNames.Xades + "SigningTime").Single().Value =
            "2027-01-05T08:45:00.000Z"),
    };

    public static TheoryData<string> Names => new(Defects.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_signature_with_a_defect_is_refused_by_name(string defect)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var (problem, spoil) = Defects[defect];
        var good = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));
        var signature = XElement.Parse(good.Signature!, LoadOptions.PreserveWhitespace);
        spoil(signature);

        await RefusedAsync(dmp, good.Submission, signature.ToString(SaveOptions.DisableFormatting), problem);

        Assert.True((await dmp.SendAsync(good, null)).IsSuccess);
    }

    [Fact]
    public async Task A_signature_of_other_documents_or_of_another_submission_set_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var one = dmp.Report("one");
        var good = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, one));
        var set = good.Submission.SubmissionSetUniqueId;
        var sameId = dmp.Submission(
            SubmissionKind.Publish, dmp.Report("two", uniqueId: one.Entry.UniqueId), uniqueId: set);
        var otherDocument = dmp.Submission(SubmissionKind.Publish, dmp.Report("one"), uniqueId: set);
        var otherSet = dmp.Submission(SubmissionKind.Publish, one);

        await RefusedAsync(dmp, sameId, good.Signature!, BadDigest);
        await RefusedAsync(dmp, otherDocument, good.Signature!, BadNames);
        await RefusedAsync(dmp, otherSet, good.Signature!, "The manifest does not name the submission set.");

        Assert.True((await dmp.SendAsync(good, null)).IsSuccess);
    }

    [Fact]
    public async Task Only_the_signing_certificate_of_the_structure_counts_whatever_KeyInfo_says()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var submission = dmp.Submission(SubmissionKind.Publish, dmp.Report());
        var hospital = dmp.Certificates.Issue(DmpFixture.Hospital);
        foreach (var foreign in new[] { hospital.Authentication, dmp.Certificates.Issue(DmpFixture.Platform).Signing })
        {
            var signer = new SubmissionSigner(new Borrowed(hospital with { Signing = foreign }), SignatureHash.Sha256, dmp.Open);
            await RefusedAsync(dmp, submission, signer.Seal(submission).Signature!, BadValue);
        }
    }

    [Fact]
    public async Task A_signature_that_is_no_acceptable_XML_is_InvalidDocumentContent()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var good = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));
        var uniqueId = SignatureEntry.UniqueIdOf(good.Submission);

        foreach (var text in new[] { "no xml", "<!DOCTYPE s [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + good.Signature })
        {
            Assert.Equal(
                [$"InvalidDocumentContent | {uniqueId}"],
                await SpoiltRequest.ProvideAsync(dmp, new SealedSubmission(good.Submission, text), null, _ => { }));
        }
    }

    private static async Task RefusedAsync(DmpFixture dmp, Submission submission, string signature, string problem)
    {
        var errors = await SpoiltRequest.ProvideAsync(dmp, new SealedSubmission(submission, signature), null, _ => { });
        Assert.Equal(["XDSRepositoryMetadataError | " + problem], errors);
        Assert.Empty(await dmp.RegistryAsync());
    }

    private static XElement SignedInfo(XElement signature) => signature.Element(Ds + "SignedInfo")!;

    private static XElement Manifest(XElement signature) =>
        signature.Descendants(Ds + "Manifest").Single(m => (string?)m.Attribute("Id") == "IHEManifest");

    /// <summary>A manifest with the same id over something else.</summary>
    private static XElement Evil(XElement signature)
    {
        var evil = new XElement(Manifest(signature));
        evil.Descendants(Ds + "DigestValue").Last().Value = Convert.ToBase64String(new byte[20]);
        return evil;
    }

    private sealed class Borrowed(StructureCertificates keys) : IStructureCertificates
    {
        public StructureCertificates? Find(InstanceIdentifier organizationId) => keys;
    }
}
