using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>DocumentEntry and rim:ExtrinsicObject. Source: ITI TF-3 4.2.3.2, 4.2.5.1, 4.2.5.2. The order of slots
/// and classifications is free; their number and content are not.</summary>
public static class DocumentEntryCodec
{
    private const string ReferenceIdListSlot = "urn:ihe:iti:xds:2013:referenceIdList";

    /// <summary>The entry of a submission, under its symbolic id.</summary>
    public static XElement Write(DocumentEntry entry)
    {
        var owner = entry.SymbolicId;
        var classifications = 0;
        var local = entry.SourcePatient.LocalId;

        // ITI TF-3 4.2.3.2.22: the local identifier; the INS where the site has none (CI-SIS mapping).
        var sourcePatientId = local is not null && HealthText.IsOid(local.IssuerOid)
            ? HealthText.FormatCx(local.Value, local.IssuerOid, "PI")
            : HealthText.FormatPatientId(entry.PatientId);
        var element = new XElement(Rim + "ExtrinsicObject",
            new XAttribute("id", owner),
            new XAttribute("mimeType", entry.MimeType),
            new XAttribute("objectType", ObjectType.StableDocument),
            new XAttribute("status", XdsStatus.Approved),
            EbRim.Slot("creationTime", entry.CreationTime),
            EbRim.Slot("hash", entry.Hash),
            EbRim.Slot("languageCode", entry.LanguageCode),
            entry.LegalAuthenticator is { } validator
                ? EbRim.Slot("legalAuthenticator", HealthText.FormatXcn(validator))
                : null,
            entry.ServiceStartTime is { } start ? EbRim.Slot("serviceStartTime", start) : null,
            entry.ServiceStopTime is { } stop ? EbRim.Slot("serviceStopTime", stop) : null,
            EbRim.Slot("size", entry.Size.ToString(CultureInfo.InvariantCulture)),
            EbRim.Slot("sourcePatientId", sourcePatientId),
            entry.SourcePatient.BirthName.Length > 0
                ? EbRim.Slot("sourcePatientInfo", HealthText.FormatSourcePatientInfo(entry.SourcePatient))
                : null,
            entry.ReferenceIds.Count > 0
                ? EbRim.Slot(ReferenceIdListSlot, entry.ReferenceIds.Select(HealthText.FormatReferenceId))
                : null,
            EbRim.Name(entry.Title),
            entry.Authors.Select(a =>
                AuthorCodec.Write(ClassificationScheme.DocumentEntryAuthor, owner, ++classifications, a)));

        void AddCode(string scheme, Code code) =>
            element.Add(EbRim.CodeClassification(scheme, owner, ++classifications, code));

        AddCode(ClassificationScheme.ClassCode, entry.ClassCode);
        AddCode(ClassificationScheme.TypeCode, entry.TypeCode);
        AddCode(ClassificationScheme.FormatCode, entry.FormatCode);
        AddCode(ClassificationScheme.HealthcareFacilityTypeCode, entry.HealthcareFacilityType);
        AddCode(ClassificationScheme.PracticeSettingCode, entry.PracticeSetting);
        foreach (var code in ConfidentialityCodes.Format(entry.Visibility))
            AddCode(ClassificationScheme.ConfidentialityCode, code);
        foreach (var code in entry.EventCodes) AddCode(ClassificationScheme.EventCodeList, code);

        element.Add(
            EbRim.ExternalIdentifier(
                IdentificationScheme.DocumentEntryPatientId, owner, 1,
                HealthText.FormatPatientId(entry.PatientId), "XDSDocumentEntry.patientId"),
            EbRim.ExternalIdentifier(
                IdentificationScheme.DocumentEntryUniqueId, owner, 2,
                entry.UniqueId.ToString(), "XDSDocumentEntry.uniqueId"));
        return element;
    }

    /// <summary>Reads an entry; what is wrong with it is added to <paramref name="problems"/> (empty when called), by
    /// attribute and without values.</summary>
    /// <param name="stored">True for an entry that a registry returns: hash and size must be there.</param>
    /// <returns>The entry, or null if there was a problem.</returns>
    public static RegistryEntry? TryRead(XElement element, bool stored, ICollection<string> problems)
    {
        var read = new MetadataReader(element, problems);
        var id = read.Attribute("id");
        var mimeType = read.Attribute("mimeType");
        if (read.Attribute("objectType") != ObjectType.StableDocument)
            problems.Add("objectType is not that of a stable document");
        var status = AvailabilityStatus.Approved;
        if (element.Attribute("status") is { } statusAttribute)
        {
            if (XdsStatus.TryParse(statusAttribute.Value) is { } known) status = known;
            else problems.Add("status is not known");
        }

        var patientId = read.Identifier(
            IdentificationScheme.DocumentEntryPatientId, "patientId", HealthText.TryParseCx);
        var uniqueId = read.Identifier(IdentificationScheme.DocumentEntryUniqueId, "uniqueId", ParseUniqueId);
        var sourcePatientId = read.Slot("sourcePatientId", required: true);
        if (sourcePatientId is not null && HealthText.TryParseCxParts(sourcePatientId) is null)
            problems.Add("sourcePatientId is not a CX");
        var codes = read.Codes(ClassificationScheme.ConfidentialityCode, "confidentialityCode", 1);
        var referenceIds = EbRim.SlotValues(element, ReferenceIdListSlot)
            .Select(HealthText.TryParseReferenceId).ToList();
        if (referenceIds.Contains(null)) problems.Add("referenceIdList holds a value of an unknown form or type");
        var legal = read.Slot("legalAuthenticator", required: false);
        var legalAuthenticator = legal is null ? null : HealthText.TryParseXcn(legal);
        if (legal is not null && legalAuthenticator is null) problems.Add("legalAuthenticator is not an XCN");

        var entry = new DocumentEntry(
            id ?? "",
            uniqueId ?? default,
            mimeType ?? "",
            read.Code(ClassificationScheme.ClassCode, "classCode"),
            read.Code(ClassificationScheme.TypeCode, "typeCode"),
            read.Code(ClassificationScheme.FormatCode, "formatCode"),
            read.Code(ClassificationScheme.HealthcareFacilityTypeCode, "healthcareFacilityTypeCode"),
            read.Code(ClassificationScheme.PracticeSettingCode, "practiceSettingCode"),
            read.Codes(ClassificationScheme.EventCodeList, "eventCodeList", 0),
            AuthorCodec.ReadAll(element, ClassificationScheme.DocumentEntryAuthor, problems),
            legalAuthenticator,
            patientId ?? default,
            HealthText.ParseSourcePatient(
                patientId ?? default, sourcePatientId, EbRim.SlotValues(element, "sourcePatientInfo")),
            read.Time("creationTime", required: true) ?? "",
            read.Time("serviceStartTime", required: false),
            read.Time("serviceStopTime", required: false),
            read.Slot("languageCode", required: true) ?? "",
            EbRim.LocalizedValue(element, "Name") ?? "",
            read.Hash(required: stored),
            read.Size(required: stored),
            ConfidentialityCodes.ToVisibility(codes),
            referenceIds.OfType<ReferenceId>().ToList());
        return problems.Count > 0
            ? null
            : new RegistryEntry(
                id!, (string?)element.Attribute("lid") ?? id!, read.Version(), status,
                EbRim.SlotValue(element, "repositoryUniqueId"), codes, entry);
    }

    // ITI TF-3 4.2.3.2.26: an OID, or OID^extension; 256 characters in all.
    private static InstanceIdentifier? ParseUniqueId(string text) =>
        InstanceIdentifier.TryParse(text, null, out var id) && HealthText.IsOid(id.Root) ? id : null;
}
