using Drimbox.Core.Identity;
using Drimbox.Core.Mail;

namespace Drimbox.Core.Reports;

/// <summary>inFulfillmentOf/order with its accession number.</summary>
/// <param name="PlacerOrderNumber">order/id; empty (<see cref="InstanceIdentifier.IsEmpty"/>) where a document gives
/// an accession number alone.</param>
/// <param name="AccessionNumber">order/ps3-20:accessionNumber, or null.</param>
public sealed record ImagingOrder(InstanceIdentifier PlacerOrderNumber, InstanceIdentifier? AccessionNumber);

/// <summary>documentationOf/serviceEvent.</summary>
/// <param name="StudyInstanceUid">serviceEvent/id/@root where it is a study (level 1 documents mark it by
/// extension="studyInstanceUID", others leave the extension away).</param>
/// <param name="Code">serviceEvent/code.</param>
/// <param name="Modalities">The codes among serviceEvent/code and its translations that are DICOM modalities.</param>
/// <param name="Regions">Those in SNOMED CT.</param>
/// <param name="Acts">Those in CCAM.</param>
/// <param name="Start">effectiveTime/low, as written.</param>
/// <param name="Stop">effectiveTime/high, as written.</param>
/// <param name="PracticeSetting">performer/…/standardIndustryClassCode.</param>
public sealed record ImagingServiceEvent(
    Uid? StudyInstanceUid,
    Code? Code,
    IReadOnlyList<Code> Modalities,
    IReadOnlyList<Code> Regions,
    IReadOnlyList<Code> Acts,
    string? Start,
    string? Stop,
    Organization? Performer,
    Code? PracticeSetting);

/// <summary>What the header of a CDA R2 report says. Source: CI-SIS "Structuration minimale" and IMG-CR-IMG as
/// digested in the facts document 2.3.</summary>
/// <param name="DocumentId">ClinicalDocument/id.</param>
/// <param name="SetId">ClinicalDocument/setId; many real documents have none.</param>
/// <param name="VersionNumber">ClinicalDocument/versionNumber: the author's count, not our register.</param>
/// <param name="Replaces">relatedDocument[@typeCode='RPLC']/parentDocument/id.</param>
/// <param name="EffectiveTime">As written (TS).</param>
/// <param name="Confidentiality">The first confidentialityCode.</param>
/// <param name="Patient">recordTarget.</param>
/// <param name="PatientIds">Every recordTarget/patientRole/id.</param>
/// <param name="IsLevel3">True for a structuredBody.</param>
public sealed record CdaHeader(
    InstanceIdentifier DocumentId,
    InstanceIdentifier? SetId,
    int? VersionNumber,
    InstanceIdentifier? Replaces,
    Code Type,
    string Title,
    string EffectiveTime,
    Code Confidentiality,
    string LanguageCode,
    Patient Patient,
    IReadOnlyList<InstanceIdentifier> PatientIds,
    Professional? Author,
    Organization? AuthorOrganization,
    Professional? LegalAuthenticator,
    Organization? LegalAuthenticatorOrganization,
    Organization? Custodian,
    IReadOnlyList<ImagingOrder> Orders,
    IReadOnlyList<ImagingServiceEvent> ServiceEvents,
    Code? HealthcareFacilityType,
    bool IsLevel3)
{
    /// <summary>author/functionCode/@displayName, or null.</summary>
    public string? AuthorRole { get; init; }

    /// <summary>assignedAuthor/code, profession and specialty, or null.</summary>
    public Code? AuthorSpecialty { get; init; }

    /// <summary>The treating physician and the referring professional, as far as participant names them.</summary>
    public IReadOnlyList<Correspondent> Correspondents { get; init; } = [];

    /// <summary>nonXMLBody/text/@mediaType, or null for a structured body.</summary>
    public string? BodyMediaType { get; init; }

    /// <summary>The organisation that answers for the document: certificates, VIHF and the comparison with PRT-8 go by
    /// it. It is the legal authenticator's; real documents leave that one out, and then it is the author's, then the
    /// custodian's. Null if the document names none.</summary>
    public Organization? ResponsibleOrganization =>
        LegalAuthenticatorOrganization ?? AuthorOrganization ?? Custodian;

    /// <summary>The distinct studies that the report is about, in the order of the header (DB.SO.12).</summary>
    public IReadOnlyList<Uid> StudyInstanceUids =>
        ServiceEvents.Where(e => e.StudyInstanceUid is not null).Select(e => e.StudyInstanceUid!.Value)
            .Distinct().ToList();
}
