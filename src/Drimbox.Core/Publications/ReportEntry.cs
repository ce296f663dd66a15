using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Publications;

/// <summary>What a deployment says for documents that are silent, and where published guides disagree. Everything is
/// null by default: then a silent document is refused.</summary>
/// <param name="HealthcareFacilityType">For a document without healthCareFacility/code (JDV_J61).</param>
/// <param name="PracticeSetting">For a document without standardIndustryClassCode (JDV_J62).</param>
/// <param name="LanguageCode">For a document without languageCode.</param>
/// <param name="TimeZone">The zone of timestamps without an offset.</param>
/// <param name="ModalityScheme">The coding scheme of modalities in eventCodeList; null keeps the document's own (facts
/// document 2.2: samples and value set disagree).</param>
/// <param name="RegionScheme">The same for anatomical regions.</param>
public sealed record ReportEntryDefaults(
    Code? HealthcareFacilityType = null,
    Code? PracticeSetting = null,
    string? LanguageCode = null,
    TimeZoneInfo? TimeZone = null,
    string? ModalityScheme = null,
    string? RegionScheme = null);

/// <summary>The DocumentEntry of a report, from the header of its CDA. Source: CDA volet, page "mapping", table
/// "Fiche"; DB/RIS.09 for the reference ids. A required value that the document lacks is a refusal that names its
/// path, never an invented value.</summary>
public static class ReportEntry
{
    /// <param name="symbolicId">The id inside the submission.</param>
    /// <param name="hash">Lower-case hexadecimal SHA-1 of the document.</param>
    /// <param name="size">Bytes of the document.</param>
    /// <param name="visibility">From the message or the RIS user; the document itself must say N.</param>
    /// <returns>The entry, or null with the reason in <paramref name="refusal"/>.</returns>
    public static DocumentEntry? TryFrom(
        CdaHeader header,
        string symbolicId,
        string hash,
        long size,
        Visibility visibility,
        ReportEntryDefaults defaults,
        out Refusal? refusal)
    {
        refusal = Check(header, defaults);
        if (refusal is not null) return null;

        var firstStart = header.ServiceEvents.First(e => IsThere(e.Start));
        var creationTime = Utc(header.EffectiveTime, defaults, "effectiveTime/@value", ref refusal);
        var start = Utc(firstStart.Start, defaults, Event + "effectiveTime/low/@value", ref refusal);
        var stop = IsThere(firstStart.Stop)
            ? Utc(firstStart.Stop, defaults, Event + "effectiveTime/high/@value", ref refusal)
            : null;
        if (refusal is not null) return null;

        return new DocumentEntry(
            symbolicId,
            header.DocumentId,
            "text/xml",
            ReportCodes.ReportClass,
            ReportCodes.ImagingReport,
            Format(header)!,
            header.HealthcareFacilityType ?? defaults.HealthcareFacilityType!,
            PracticeSetting(header) ?? defaults.PracticeSetting!,
            EventCodes(header, defaults),
            [new Author(
                header.Author!,
                header.AuthorOrganization ?? header.ResponsibleOrganization!,
                header.AuthorRole,
                header.AuthorSpecialty)],
            header.LegalAuthenticator,
            header.Patient.Ins!.Value,
            header.Patient,
            creationTime!,
            start,
            stop,
            IsThere(header.LanguageCode) ? header.LanguageCode : defaults.LanguageCode!,
            header.Title,
            hash,
            size,
            visibility,
            ReferenceIds(header));
    }

    private const string Document = "ClinicalDocument/";
    private const string Event = "documentationOf/serviceEvent/";

    private static Refusal? Check(CdaHeader header, ReportEntryDefaults defaults)
    {
        // ASS_X04 gives the class of each type; only the type of an imaging report is published here.
        if (header.Type.Value != ReportCodes.ImagingReport.Value || header.Type.System != ReportCodes.Loinc)
            return No(RefusalReason.TableValue, "The document is not an imaging report (18748-4).", "code");
        // The other masks come with the message; a CDA that is itself restricted cannot be published as normal.
        if (header.Confidentiality.Value != ReportCodes.Normal.Value)
            return No(RefusalReason.TableValue, "The document's own confidentiality is not N.", "confidentialityCode");
        if (Format(header) is null)
            return No(RefusalReason.TableValue, "The body is neither structured nor a PDF.",
                "component/nonXMLBody/text/@mediaType");
        if (header.Patient.Ins is null)
            return No(RefusalReason.InsAbsent, "The document carries no INS.", "recordTarget/patientRole/id");
        if (header.Author is null) return Missing("author/assignedAuthor");
        if ((header.AuthorOrganization ?? header.ResponsibleOrganization) is null)
            return Missing("author/assignedAuthor/representedOrganization");
        if (header.LegalAuthenticator is null) return Missing("legalAuthenticator/assignedEntity");
        if (!IsThere(header.Title)) return Missing("title");
        if (!IsThere(header.EffectiveTime)) return Missing("effectiveTime/@value");
        if (!IsThere(header.LanguageCode) && !IsThere(defaults.LanguageCode)) return Missing("languageCode/@code");
        if ((header.HealthcareFacilityType ?? defaults.HealthcareFacilityType) is null)
            return Missing("componentOf/encompassingEncounter/location/healthCareFacility/code");
        if ((PracticeSetting(header) ?? defaults.PracticeSetting) is null)
            return Missing(Event + "performer/assignedEntity/representedOrganization/standardIndustryClassCode");
        return header.ServiceEvents.Any(e => IsThere(e.Start)) ? null : Missing(Event + "effectiveTime/low/@value");
    }

    /// <summary>JDV_J60: the format of XDS-SD for a PDF body, that of the structured imaging report else.</summary>
    private static Code? Format(CdaHeader header) => header switch
    {
        { IsLevel3: true } => new Code(
            "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", ReportCodes.IheFormats,
            "Compte-rendu d'imagerie médicale"),
        { BodyMediaType: "application/pdf" } => new Code(
            "urn:ihe:iti:xds-sd:pdf:2008", ReportCodes.IheFormats, "Document à corps non structuré en Pdf/A-1"),
        _ => null,
    };

    private static Code? PracticeSetting(CdaHeader header) =>
        header.ServiceEvents.Select(e => e.PracticeSetting).FirstOrDefault(code => code is not null);

    private static List<Code> EventCodes(CdaHeader header, ReportEntryDefaults defaults)
    {
        var codes = header.ServiceEvents.SelectMany(e => e.Modalities).Select(c => In(c, defaults.ModalityScheme))
            .Concat(header.ServiceEvents.SelectMany(e => e.Regions).Select(c => In(c, defaults.RegionScheme)))
            .Concat(header.ServiceEvents.SelectMany(e => e.Acts));
        return codes.DistinctBy(code => (code.System, code.Value)).ToList();

        static Code In(Code code, string? scheme) => scheme is null ? code : code with { System = scheme };
    }

    private static List<ReferenceId> ReferenceIds(CdaHeader header)
    {
        var accessions = header.Orders.Where(o => o.AccessionNumber is not null)
            .Select(o => new ReferenceId(ReferenceIdType.Accession, o.AccessionNumber!.Value));
        var orders = header.Orders.Where(o => !o.PlacerOrderNumber.IsEmpty)
            .Select(o => new ReferenceId(ReferenceIdType.Order, o.PlacerOrderNumber));
        var studies = header.StudyInstanceUids
            .Select(uid => new ReferenceId(
                ReferenceIdType.StudyInstanceUid, InstanceIdentifier.Create(uid.ToString(), null)));
        return accessions.Concat(orders).Concat(studies).Distinct().ToList();
    }

    private static string? Utc(string? text, ReportEntryDefaults defaults, string path, ref Refusal? refusal)
    {
        if (!Timestamp.TryParse(text, out var timestamp))
        {
            refusal ??= No(RefusalReason.DataType, "Not an HL7 timestamp.", path);
            return null;
        }

        var utc = timestamp.ToUtc(defaults.TimeZone);
        if (utc is null)
            refusal ??= No(RefusalReason.DataType, "A time without offset from UTC, and no zone is configured.", path);
        return utc;
    }

    private static bool IsThere(string? text) => !string.IsNullOrEmpty(text);

    private static Refusal Missing(string path) =>
        No(RefusalReason.RequiredFieldMissing, "The XDS metadata need a value that the document does not have.", path);

    private static Refusal No(RefusalReason reason, string detail, string path) => new(reason, detail, Document + path);
}
