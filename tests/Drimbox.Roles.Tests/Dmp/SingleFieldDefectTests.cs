using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Tests.Dmp;

/// <summary>A request of our own client with one field spoilt: the DMP refuses it with the code of ITI TF-3 and keeps
/// nothing. One defect a case.</summary>
public sealed class SingleFieldDefectTests
{
    private const string Metadata = "XDSRegistryMetadataError";
    private static readonly Dictionary<string, (string Code, Action<XElement> Spoil)> Defects = new()
    {
        ["no submission set"] = (Metadata, r => Set(r).Remove()),
        ["a second submission set"] = (Metadata, r => Set(r).AddAfterSelf(Renamed(Set(r)))),
        ["submission set not classified"] = (Metadata, r => Set(r).Elements(Rim + "Classification")
            .Where(c => c.Attribute("classificationNode") is not null).Remove()),
        ["a folder"] = (Metadata, r => Set(r).Elements(Rim + "Classification").Attributes("classificationNode")
            .Single().SetValue(ClassificationScheme.FolderNode)),
        ["two objects with one id"] = (Metadata, r => Entry(r).SetAttributeValue("id", SubmissionSetCodec.SymbolicId)),
        ["submissionTime absent"] = (Metadata, r => Slot(Set(r), "submissionTime").Remove()),
        ["submissionTime no time"] = (Metadata, r => Value(Set(r), "submissionTime", "20261305084500")),
        ["submissionTime with zone"] = (Metadata, r => Value(Set(r), "submissionTime", "20260105084500+0100")),
        ["contentTypeCode absent"] = (Metadata, r => Code(Set(r), ClassificationScheme.ContentTypeCode).Remove()),
        ["contentTypeCode without scheme"] = (Metadata, r =>
            Code(Set(r), ClassificationScheme.ContentTypeCode).Elements(Rim + "Slot").Remove()),
        ["submission author absent"] = (Metadata, r => Code(Set(r), ClassificationScheme.SubmissionSetAuthor).Remove()),
        ["submission author of another structure"] = (Metadata, r => Value(
            Code(Set(r), ClassificationScheme.SubmissionSetAuthor), "authorInstitution",
            "AUTRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1999999999")),
        ["submission uniqueId absent"] = (Metadata, r => Id(Set(r), IdentificationScheme.SubmissionSetUniqueId).Remove()),
        ["submission uniqueId no OID"] = (Metadata, r =>
            Id(Set(r), IdentificationScheme.SubmissionSetUniqueId).SetAttributeValue("value", "1.2.x")),
        ["submission uniqueId twice"] = (Metadata, r => Id(Set(r), IdentificationScheme.SubmissionSetUniqueId)
            .AddAfterSelf(Id(Set(r), IdentificationScheme.SubmissionSetUniqueId))),
        ["sourceId absent"] = (Metadata, r => Id(Set(r), IdentificationScheme.SubmissionSetSourceId).Remove()),
        ["submission patientId absent"] = (Metadata, r =>
            Id(Set(r), IdentificationScheme.SubmissionSetPatientId).Remove()),
        ["submission patientId no CX"] = (Metadata, r =>
            Id(Set(r), IdentificationScheme.SubmissionSetPatientId).SetAttributeValue("value", "279035121518989")),
        ["submission of another patient"] = ("XDSPatientIdDoesNotMatch", r =>
            Id(Set(r), IdentificationScheme.SubmissionSetPatientId)
                .SetAttributeValue("value", "160012B01234567^^^&1.2.250.1.213.1.4.10&ISO^NH")),
        ["document of another patient"] = ("XDSPatientIdDoesNotMatch", r =>
            Id(Entry(r), IdentificationScheme.DocumentEntryPatientId)
                .SetAttributeValue("value", "160012B01234567^^^&1.2.250.1.213.1.4.10&ISO^NH")),
        ["document patientId absent"] = (Metadata, r =>
            Id(Entry(r), IdentificationScheme.DocumentEntryPatientId).Remove()),
        ["uniqueId absent"] = (Metadata, r => Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId).Remove()),
        ["uniqueId no OID"] = (Metadata, r =>
            Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId).SetAttributeValue("value", "report-1")),
        ["uniqueId of the submission set"] = ("XDSRegistryDuplicateUniqueIdInMessage", r =>
            Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId).SetAttributeValue(
                "value", (string)Id(Set(r), IdentificationScheme.SubmissionSetUniqueId).Attribute("value")!)),
        ["mimeType absent"] = (Metadata, r => Entry(r).SetAttributeValue("mimeType", null)),
        ["objectType on-demand"] = (Metadata, r =>
            Entry(r).SetAttributeValue("objectType", "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248")),
        ["status unknown"] = (Metadata, r => Entry(r).SetAttributeValue("status", "Approved")),
        ["creationTime absent"] = (Metadata, r => Slot(Entry(r), "creationTime").Remove()),
        ["creationTime no date"] = (Metadata, r => Value(Entry(r), "creationTime", "20260231")),
        ["creationTime twice"] = (Metadata, r => Slot(Entry(r), "creationTime").Element(Rim + "ValueList")!
            .Add(new XElement(Rim + "Value", "20260105"))),
        ["serviceStartTime absent"] = (Metadata, r => Slot(Entry(r), "serviceStartTime").Remove()),
        ["serviceStopTime no time"] = (Metadata, r => Value(Entry(r), "serviceStopTime", "tomorrow")),
        ["languageCode absent"] = (Metadata, r => Slot(Entry(r), "languageCode").Remove()),
        ["legalAuthenticator absent"] = (Metadata, r => Slot(Entry(r), "legalAuthenticator").Remove()),
        ["legalAuthenticator no XCN"] = (Metadata, r => Value(Entry(r), "legalAuthenticator", "Dr MARTIN")),
        ["sourcePatientId absent"] = (Metadata, r => Slot(Entry(r), "sourcePatientId").Remove()),
        ["sourcePatientId no CX"] = (Metadata, r => Value(Entry(r), "sourcePatientId", "IPP101")),
        ["sourcePatientInfo absent"] = (Metadata, r => Slot(Entry(r), "sourcePatientInfo").Remove()),
        ["title absent"] = (Metadata, r => Entry(r).Elements(Rim + "Name").Remove()),
        ["hash of other bytes"] = ("XDSRepositoryMetadataError", r => Value(Entry(r), "hash", new string('0', 40))),
        ["hash too short"] = (Metadata, r => Value(Entry(r), "hash", "00")),
        ["size of other bytes"] = ("XDSRepositoryMetadataError", r => Value(Entry(r), "size", "1")),
        ["size no number"] = (Metadata, r => Value(Entry(r), "size", "1k")),
        ["referenceIdList of an unknown type"] = (Metadata, r => Value(
            Entry(r), "urn:ihe:iti:xds:2013:referenceIdList", "A^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:uniqueId")),
        ["author absent"] = (Metadata, r => Code(Entry(r), ClassificationScheme.DocumentEntryAuthor).Remove()),
        ["authorPerson no XCN"] = (Metadata, r => Value(
            Code(Entry(r), ClassificationScheme.DocumentEntryAuthor), "authorPerson", "MARTIN")),
        ["authorInstitution absent"] = (Metadata, r => Slot(
            Code(Entry(r), ClassificationScheme.DocumentEntryAuthor), "authorInstitution").Remove()),
        ["classCode absent"] = (Metadata, r => Code(Entry(r), ClassificationScheme.ClassCode).Remove()),
        ["classCode twice"] = (Metadata, r => Code(Entry(r), ClassificationScheme.ClassCode)
            .AddAfterSelf(Code(Entry(r), ClassificationScheme.ClassCode))),
        ["typeCode without value"] = (Metadata, r =>
            Code(Entry(r), ClassificationScheme.TypeCode).SetAttributeValue("nodeRepresentation", "")),
        ["formatCode without scheme"] = (Metadata, r =>
            Slot(Code(Entry(r), ClassificationScheme.FormatCode), "codingScheme").Remove()),
        ["practiceSettingCode without display name"] = (Metadata, r =>
            Code(Entry(r), ClassificationScheme.PracticeSettingCode).Elements(Rim + "Name").Remove()),
        ["healthcareFacilityTypeCode of another object"] = (Metadata, r =>
            Code(Entry(r), ClassificationScheme.HealthcareFacilityTypeCode)
                .SetAttributeValue("classifiedObject", "Document99")),
        ["confidentialityCode absent"] = (Metadata, r =>
            Code(Entry(r), ClassificationScheme.ConfidentialityCode).Remove()),
        ["an initial version with another lid"] = (Metadata, r =>
            Entry(r).SetAttributeValue("lid", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1")),
        ["no HasMember"] = (Metadata, r => Association(r, "association1").Remove()),
        ["HasMember without status"] = (Metadata, r => Association(r, "association1").Elements().Remove()),
        ["HasMember by reference"] = (Metadata, r => Value(Association(r, "association1"), "SubmissionSetStatus", "Reference")),
        ["association of an unknown type"] = (Metadata, r =>
            Association(r, "association3").SetAttributeValue("associationType", "urn:ihe:iti:2007:AssociationType:seals")),
        ["association to nowhere"] = (Metadata, r =>
            Association(r, "association3").SetAttributeValue("targetObject", "Document99")),
        ["association without target"] = (Metadata, r =>
            Association(r, "association3").SetAttributeValue("targetObject", null)),
        ["no signs association"] = (Metadata, r => Association(r, "association3").Remove()),
        ["a status change in ITI-41"] = (Metadata, r => Association(r, "association3")
            .SetAttributeValue("associationType", AssociationType.UpdateAvailabilityStatus)),
        ["replacement of nothing"] = ("UnresolvedReferenceException", r => Association(r, "association1").AddAfterSelf(
            new XElement(Rim + "Association", new XAttribute("id", "a9"),
                new XAttribute("associationType", AssociationType.Replace), new XAttribute("sourceObject", "Document01"),
                new XAttribute("targetObject", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1")))),
        ["a document without metadata"] = ("XDSMissingDocumentMetadata", r => r.Add(
            new XElement(Xds + "Document", new XAttribute("id", "Document02"), "QUJD"))),
        ["metadata without a document"] = ("XDSMissingDocument", r => r.Elements(Xds + "Document").First().Remove()),
        ["a document whose part is missing"] = ("XDSMissingDocument", r =>
            r.Descendants(Xop + "Include").First().SetAttributeValue("href", "cid:nowhere")),
        ["no metadata at all"] = (Metadata, r => r.Elements(Lcm + "SubmitObjectsRequest").Remove()),
    };

    public static TheoryData<string> Names => new(Defects.Keys);

    [Fact]
    public async Task The_request_without_a_defect_is_taken()
    {
        Assert.InRange(Defects.Count, 40, int.MaxValue);
        await using var dmp = await DmpFixture.StartAsync();
        Assert.Empty(await SendAsync(dmp, _ => { }));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_defect_is_refused_with_its_code(string defect)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var (code, spoil) = Defects[defect];

        var errors = await SendAsync(dmp, spoil);

        Assert.Contains(code, errors);
        Assert.Empty(await dmp.RegistryAsync());
        Assert.Empty(dmp.Emulator.Submissions);
    }

    [Fact]
    public async Task A_signature_over_other_bytes_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var one = dmp.Report("one");
        var sealedOne = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, one));
        var signature = sealedOne.Signature!;
        var sameIds = dmp.Submission(
            SubmissionKind.Publish, dmp.Report("two", uniqueId: one.Entry.UniqueId),
            uniqueId: sealedOne.Submission.SubmissionSetUniqueId);
        var otherSet = dmp.Submission(SubmissionKind.Publish, one);
        var otherDocument = dmp.Submission(
            SubmissionKind.Publish, dmp.Report("one"), uniqueId: sealedOne.Submission.SubmissionSetUniqueId);
        var later = signature.Replace("<SigningTime>2026", "<SigningTime>2027", StringComparison.Ordinal);

        foreach (var spoilt in new SealedSubmission[]
        {
            new(sameIds, signature), new(otherSet, signature), new(otherDocument, signature),
            new(sealedOne.Submission, later), new(sealedOne.Submission, "<Signature/>"),
            new(sealedOne.Submission, "no xml"),
        })
        {
            Assert.Equal(["XDSRepositoryMetadataError"], DmpFixture.Codes(await dmp.SendAsync(spoilt, null)));
        }

        Assert.True((await dmp.SendAsync(sealedOne, null)).IsSuccess);
    }

    private static XElement List(XElement request) => request.Descendants(Rim + "RegistryObjectList").Single();

    private static XElement Set(XElement request) => List(request).Elements(Rim + "RegistryPackage").First();

    private static XElement Entry(XElement request) => List(request).Elements(Rim + "ExtrinsicObject").First();

    private static XElement Association(XElement request, string id) =>
        List(request).Elements(Rim + "Association").Single(a => (string?)a.Attribute("id") == id);

    private static XElement Slot(XElement owner, string name) =>
        owner.Elements(Rim + "Slot").Single(slot => (string?)slot.Attribute("name") == name);

    private static void Value(XElement owner, string slot, string value) =>
        Slot(owner, slot).Descendants(Rim + "Value").First().Value = value;

    private static XElement Code(XElement owner, string scheme) =>
        owner.Elements(Rim + "Classification").First(c => (string?)c.Attribute("classificationScheme") == scheme);

    private static XElement Id(XElement owner, string scheme) => owner.Elements(Rim + "ExternalIdentifier")
        .First(e => (string?)e.Attribute("identificationScheme") == scheme);

    private static XElement Renamed(XElement package)
    {
        var copy = new XElement(package);
        copy.SetAttributeValue("id", "SubmissionSet02");
        return copy;
    }

    /// <summary>Sends a good request after <paramref name="spoil"/> and gives the error codes.</summary>
    private static async Task<List<string>> SendAsync(DmpFixture dmp, Action<XElement> spoil)
    {
        var document = dmp.Report();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, document));
        var signature = Encoding.UTF8.GetBytes(submission.Signature!);
        static XElement Part(string id) => new(Xds + "Document", new XAttribute("id", id),
            new XElement(Xop + "Include", new XAttribute("href", $"cid:{id}")));
        var request = new XElement(Xds + "ProvideAndRegisterDocumentSetRequest",
            SubmitObjects.ForProvideAndRegister(submission, null),
            Part("Document01"), Part(SignatureEntry.SymbolicId));
        spoil(request);

        var envelope = SoapEnvelope.WriteRequest(
            XdsAction.ProvideAndRegisterDocumentSet, "urn:uuid:1", dmp.Emulator.Target.Repository,
            dmp.Vihf.Issue(dmp.Requester), request);
        var package = new MtomPackage("b", XdsAction.ProvideAndRegisterDocumentSet, envelope,
        [
            new MtomPart("Document01", "text/xml", document.Object.Length, () => dmp.Open(document.Object)),
            new MtomPart(SignatureEntry.SymbolicId, "text/xml", signature.Length, () => new MemoryStream(signature)),
        ]);
        using var body = new MemoryStream();
        await package.WriteAsync(body, DmpFixture.Token);
        Assert.Equal(package.Length, body.Length);
        var (status, message) = await dmp.PostAsync("repository", package.ContentType, body.ToArray());
        Assert.Equal(200, status);
        return RegistryResponse.TryRead(message.Body)!.Errors.Select(error => error.Code).ToList();
    }
}
