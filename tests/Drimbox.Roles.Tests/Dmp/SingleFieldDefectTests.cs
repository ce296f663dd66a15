using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using static Drimbox.Dmp.Registry.XdsNames;
using static Drimbox.Tests.Dmp.SpoiltRequest;

namespace Drimbox.Tests.Dmp;

/// <summary>A request of our own client with one field spoilt: the DMP refuses it with the code of ITI TF-3 table
/// 4.2.4.1-2, a codeContext that names the object and the attribute, and nothing else; and it keeps nothing. One defect a
/// case.</summary>
public sealed class SingleFieldDefectTests
{
    private const string Metadata = "XDSRegistryMetadataError | ";
    private const string OneSet = Metadata + "A request holds exactly one SubmissionSet and no Folder";
    private const string OtherPatient = "160012B01234567^^^&1.2.250.1.213.1.4.10&ISO^NH";
    private const string SomeUuid = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";

    /// <summary>{set} and {document} stand for the unique ids.</summary>
    private static readonly Dictionary<string, (string Error, Action<XElement> Spoil)> Defects = new()
    {
        // ITI TF-3 4.2.1: the objects of a submission.
        ["no submission set"] = (OneSet, r => Set(r).Remove()),
        ["a second submission set"] = (OneSet, r => Set(r).AddAfterSelf(Renamed(Set(r)))),
        ["submission set not classified"] = (OneSet, r => Set(r).Elements(Rim + "Classification")
            .Where(c => c.Attribute("classificationNode") is not null).Remove()),
        ["a folder"] = (OneSet, r => Set(r).Elements(Rim + "Classification").Attributes("classificationNode")
            .Single().SetValue(ClassificationScheme.FolderNode)),
        ["two objects with one id"] = (Metadata + "Two objects have the same id",
            r => Entry(r).SetAttributeValue("id", SubmissionSetCodec.SymbolicId)),
        ["no metadata at all"] = (Metadata + "RegistryObjectList is absent",
            r => r.Elements(Lcm + "SubmitObjectsRequest").Remove()),

        // 4.2.3.3: the submission set.
        ["submissionTime absent"] = (Metadata + "submissionTime is absent", r => Slot(Set(r), "submissionTime").Remove()),
        ["submissionTime no time"] = (Metadata + "submissionTime is not a DTM",
            r => Value(Set(r), "submissionTime", "20261305084500")),
        ["submissionTime with zone"] = (Metadata + "submissionTime is not a DTM",
            r => Value(Set(r), "submissionTime", "20260105084500+0100")),
        ["contentTypeCode absent"] = (Metadata + "contentTypeCode is absent",
            r => Code(Set(r), ClassificationScheme.ContentTypeCode).Remove()),
        ["contentTypeCode without scheme"] = (Metadata + "contentTypeCode has no codingScheme",
            r => Code(Set(r), ClassificationScheme.ContentTypeCode).Elements(Rim + "Slot").Remove()),
        ["submission author absent"] = (Metadata + "author is absent",
            r => Code(Set(r), ClassificationScheme.SubmissionSetAuthor).Remove()),
        ["submission author of another structure"] = (
            Metadata + "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF", r => Value(
                Code(Set(r), ClassificationScheme.SubmissionSetAuthor), "authorInstitution",
                "AUTRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1999999999")),
        ["submission uniqueId absent"] = (Metadata + "SubmissionSet.uniqueId is there 0 times",
            r => Id(Set(r), IdentificationScheme.SubmissionSetUniqueId).Remove()),
        ["submission uniqueId no OID"] = (Metadata + "SubmissionSet.uniqueId is not of its data type",
            r => Id(Set(r), IdentificationScheme.SubmissionSetUniqueId).SetAttributeValue("value", "1.2.x")),
        ["submission uniqueId twice"] = (Metadata + "SubmissionSet.uniqueId is there 2 times",
            r => Id(Set(r), IdentificationScheme.SubmissionSetUniqueId)
                .AddAfterSelf(Id(Set(r), IdentificationScheme.SubmissionSetUniqueId))),
        ["sourceId absent"] = (Metadata + "SubmissionSet.sourceId is there 0 times",
            r => Id(Set(r), IdentificationScheme.SubmissionSetSourceId).Remove()),
        ["submission patientId absent"] = (Metadata + "SubmissionSet.patientId is there 0 times",
            r => Id(Set(r), IdentificationScheme.SubmissionSetPatientId).Remove()),
        ["submission patientId no CX"] = (Metadata + "SubmissionSet.patientId is not of its data type",
            r => Id(Set(r), IdentificationScheme.SubmissionSetPatientId).SetAttributeValue("value", "279035121518989")),

        // ITI TF-2 3.42.4.1.3.3.2: all objects have the same patient.
        ["submission of another patient"] = (
            "XDSPatientIdDoesNotMatch | Document01: patientId; XDSPatientIdDoesNotMatch | Signature01: patientId",
            r => Id(Set(r), IdentificationScheme.SubmissionSetPatientId).SetAttributeValue("value", OtherPatient)),
        ["document of another patient"] = ("XDSPatientIdDoesNotMatch | Document01: patientId",
            r => Id(Entry(r), IdentificationScheme.DocumentEntryPatientId).SetAttributeValue("value", OtherPatient)),

        // ITI TF-3 4.2.3.2: the document.
        ["document patientId absent"] = (Metadata + "Document01: patientId is there 0 times",
            r => Id(Entry(r), IdentificationScheme.DocumentEntryPatientId).Remove()),
        ["uniqueId absent"] = (Metadata + "Document01: uniqueId is there 0 times",
            r => Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId).Remove()),
        ["uniqueId no OID"] = (Metadata + "Document01: uniqueId is not of its data type",
            r => Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId).SetAttributeValue("value", "report-1")),
        ["uniqueId of the submission set"] = ("XDSRegistryDuplicateUniqueIdInMessage | uniqueId {set}",
            r => Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId).SetAttributeValue(
                "value", (string)Id(Set(r), IdentificationScheme.SubmissionSetUniqueId).Attribute("value")!)),
        ["mimeType absent"] = (Metadata + "Document01: mimeType is absent",
            r => Entry(r).SetAttributeValue("mimeType", null)),
        ["mimeType of something else"] = ("InvalidDocumentContent | {document}",
            r => Entry(r).SetAttributeValue("mimeType", "application/pdf")),
        ["objectType on-demand"] = (Metadata + "Document01: objectType is not that of a stable document",
            r => Entry(r).SetAttributeValue("objectType", "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248")),
        ["status unknown"] = (Metadata + "Document01: status is not known",
            r => Entry(r).SetAttributeValue("status", "Approved")),
        ["creationTime absent"] = (Metadata + "Document01: creationTime is absent",
            r => Slot(Entry(r), "creationTime").Remove()),
        ["creationTime no date"] = (Metadata + "Document01: creationTime is not a DTM",
            r => Value(Entry(r), "creationTime", "20260231")),
        ["creationTime twice"] = (Metadata + "Document01: creationTime has more than one value",
            r => Slot(Entry(r), "creationTime").Element(Rim + "ValueList")!.Add(new XElement(Rim + "Value", "20260105"))),
        ["serviceStartTime absent"] = (Metadata + "Document01: serviceStartTime is absent",
            r => Slot(Entry(r), "serviceStartTime").Remove()),
        ["serviceStopTime no time"] = (Metadata + "Document01: serviceStopTime is not a DTM",
            r => Value(Entry(r), "serviceStopTime", "tomorrow")),
        ["serviceStopTime before serviceStartTime"] = (
            Metadata + "Document01: serviceStartTime is after serviceStopTime",
            r => Value(Entry(r), "serviceStopTime", "20260104")),
        ["languageCode absent"] = (Metadata + "Document01: languageCode is absent",
            r => Slot(Entry(r), "languageCode").Remove()),
        ["languageCode of 257 characters"] = (Metadata + "Document01: languageCode is longer than 256 characters",
            r => Value(Entry(r), "languageCode", new string('f', 257))),
        ["legalAuthenticator absent"] = (Metadata + "Document01: legalAuthenticator is absent",
            r => Slot(Entry(r), "legalAuthenticator").Remove()),
        ["legalAuthenticator no XCN"] = (Metadata + "Document01: legalAuthenticator is not an XCN",
            r => Value(Entry(r), "legalAuthenticator", "Dr MARTIN")),
        ["sourcePatientId absent"] = (Metadata + "Document01: sourcePatientId is absent",
            r => Slot(Entry(r), "sourcePatientId").Remove()),
        ["sourcePatientId no CX"] = (Metadata + "Document01: sourcePatientId is not a CX",
            r => Value(Entry(r), "sourcePatientId", "IPP101")),
        ["sourcePatientInfo absent"] = (Metadata + "Document01: sourcePatientInfo has no PID-5",
            r => Slot(Entry(r), "sourcePatientInfo").Remove()),
        ["title absent"] = (Metadata + "Document01: title is absent", r => Entry(r).Elements(Rim + "Name").Remove()),
        ["hash of other bytes"] = ("XDSRepositoryMetadataError | Document01: hash",
            r => Value(Entry(r), "hash", new string('0', 40))),
        ["hash too short"] = (Metadata + "Document01: hash is not a SHA-1 in hexadecimal",
            r => Value(Entry(r), "hash", "00")),
        ["size of other bytes"] = ("XDSRepositoryMetadataError | Document01: size", r => Value(Entry(r), "size", "1")),
        ["size no number"] = (Metadata + "Document01: size is not a number", r => Value(Entry(r), "size", "1k")),
        ["referenceIdList of an unknown type"] = (
            Metadata + "Document01: referenceIdList holds a value of an unknown form or type", r => Value(
                Entry(r), "urn:ihe:iti:xds:2013:referenceIdList", "A^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:uniqueId")),
        ["author absent"] = (Metadata + "Document01: author is absent",
            r => Code(Entry(r), ClassificationScheme.DocumentEntryAuthor).Remove()),
        ["authorPerson no XCN"] = (
            Metadata + "Document01: authorPerson is absent or no XCN; " + Metadata + "Document01: author is absent",
            r => Value(Code(Entry(r), ClassificationScheme.DocumentEntryAuthor), "authorPerson", "MARTIN")),
        ["authorInstitution absent"] = (Metadata + "Document01: authorInstitution is absent",
            r => Slot(Code(Entry(r), ClassificationScheme.DocumentEntryAuthor), "authorInstitution").Remove()),
        ["classCode absent"] = (Metadata + "Document01: classCode is absent",
            r => Code(Entry(r), ClassificationScheme.ClassCode).Remove()),
        ["classCode twice"] = (Metadata + "Document01: classCode is there 2 times",
            r => Code(Entry(r), ClassificationScheme.ClassCode)
                .AddAfterSelf(Code(Entry(r), ClassificationScheme.ClassCode))),
        ["typeCode without value"] = (Metadata + "Document01: typeCode has no nodeRepresentation",
            r => Code(Entry(r), ClassificationScheme.TypeCode).SetAttributeValue("nodeRepresentation", "")),
        ["formatCode without scheme"] = (Metadata + "Document01: formatCode has no codingScheme",
            r => Slot(Code(Entry(r), ClassificationScheme.FormatCode), "codingScheme").Remove()),
        ["practiceSettingCode without display name"] = (Metadata + "Document01: practiceSettingCode has no display name",
            r => Code(Entry(r), ClassificationScheme.PracticeSettingCode).Elements(Rim + "Name").Remove()),
        ["healthcareFacilityTypeCode of another object"] = (
            Metadata + "Document01: healthcareFacilityTypeCode classifies another object",
            r => Code(Entry(r), ClassificationScheme.HealthcareFacilityTypeCode)
                .SetAttributeValue("classifiedObject", "Document99")),
        ["confidentialityCode absent"] = (Metadata + "Document01: confidentialityCode is absent",
            r => Code(Entry(r), ClassificationScheme.ConfidentialityCode).Remove()),
        ["an initial version with another lid"] = (Metadata + "Document01: an initial version has no lid of its own",
            r => Entry(r).SetAttributeValue("lid", SomeUuid)),

        // 4.2.2: associations; ITI TF-2 3.42.4.1.3.5.
        ["no HasMember"] = (Metadata + "Document01: no HasMember from the SubmissionSet",
            r => Association(r, "association1").Remove()),
        ["HasMember without status"] = (Metadata + "association1: SubmissionSetStatus",
            r => Association(r, "association1").Elements().Remove()),
        ["HasMember by reference"] = (Metadata + "association1: SubmissionSetStatus",
            r => Value(Association(r, "association1"), "SubmissionSetStatus", "Reference")),
        ["association of an unknown type"] = (Metadata + "association3: associationType is not known",
            r => Association(r, "association3")
                .SetAttributeValue("associationType", "urn:ihe:iti:2007:AssociationType:seals")),
        ["association to nowhere"] = (Metadata + "association3: targetObject is neither here nor a UUID",
            r => Association(r, "association3").SetAttributeValue("targetObject", "Document99")),
        ["association without target"] = (Metadata + "targetObject is absent",
            r => Association(r, "association3").SetAttributeValue("targetObject", null)),
        ["no signs association"] = (Metadata + "No signs association from the signature",
            r => Association(r, "association3").Remove()),
        ["signs from the document itself"] = (Metadata + "No signs association from the signature",
            r => Association(r, "association3").SetAttributeValue("sourceObject", "Document01")),
        ["a status change in ITI-41"] = (Metadata + "a9: belongs to ITI-57",
            r => List(r).Add(NewAssociation(
                AssociationType.UpdateAvailabilityStatus, SubmissionSetCodec.SymbolicId, SomeUuid))),
        ["replacement of nothing"] = ("UnresolvedReferenceException | a9: targetObject",
            r => List(r).Add(NewAssociation(AssociationType.Replace, "Document01", SomeUuid))),
        ["replacement of a document of the same request"] = ("UnresolvedReferenceException | a9: targetObject",
            r => List(r).Add(NewAssociation(AssociationType.Replace, "Document01", SignatureEntry.SymbolicId))),
        ["addendum to nothing"] = ("UnresolvedReferenceException | a9: targetObject",
            r => List(r).Add(NewAssociation(AssociationType.Append, "Document01", SomeUuid))),
        ["addendum of another request"] = ("UnresolvedReferenceException | a9: sourceObject",
            r => List(r).Add(NewAssociation(AssociationType.Append, SomeUuid, "Document01"))),

        // ITI TF-2 3.41.4.1.2: each document has its metadata and each entry its document.
        ["a document without metadata"] = ("XDSMissingDocumentMetadata | Document02",
            r => r.Add(new XElement(Xds + "Document", new XAttribute("id", "Document02"), "QUJD"))),
        ["a document twice"] = ("XDSRepositoryError | Document01: two documents with this id",
            r => r.Add(r.Elements(Xds + "Document").First())),
        ["metadata without a document"] = ("XDSMissingDocument | Document01",
            r => r.Elements(Xds + "Document").First().Remove()),
        ["a document whose part is missing"] = ("XDSMissingDocument | Document01: no content",
            r => r.Descendants(Xop + "Include").First().SetAttributeValue("href", "cid:nowhere")),
    };

    public static TheoryData<string> Names => new(Defects.Keys);

    [Fact]
    public async Task The_request_without_a_defect_is_taken()
    {
        Assert.InRange(Defects.Count, 70, int.MaxValue);
        await using var dmp = await DmpFixture.StartAsync();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));

        Assert.Empty(await ProvideAsync(dmp, submission, null, _ => { }));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_defect_is_refused_with_its_code_and_its_place(string defect)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var (error, spoil) = Defects[defect];
        var document = dmp.Report();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, document));

        var errors = await ProvideAsync(dmp, submission, null, spoil);

        var expected = error
            .Replace("{set}", submission.Submission.SubmissionSetUniqueId.ToString(), StringComparison.Ordinal)
            .Replace("{document}", document.Entry.UniqueId.ToString(), StringComparison.Ordinal);
        Assert.Equal(expected, string.Join("; ", errors));
        Assert.Empty(await dmp.RegistryAsync());
        Assert.Empty(dmp.Emulator.Submissions);
    }

    private static XElement Renamed(XElement package)
    {
        var copy = new XElement(package);
        copy.SetAttributeValue("id", "SubmissionSet02");
        return copy;
    }
}
