using Drimbox.Core.Identity;

namespace Drimbox.Core.Publications;

/// <summary>Who may see a document beside its author. Source: JDV_J08/TRE_A07 (1.2.250.1.213.1.1.4.13), and the
/// MetaDMPMSS table of the CDA volet for the HL7 v2 names.</summary>
[Flags]
public enum Visibility
{
    /// <summary>Visible to all: confidentialityCode N alone.</summary>
    Normal = 0,

    /// <summary>MASQUE_PS: hidden from professionals other than the author.</summary>
    MaskedFromProfessionals = 1,

    /// <summary>INVISIBLE_PATIENT.</summary>
    InvisibleToPatient = 2,

    /// <summary>INVISIBLE_REPRESENTANTS_LEGAUX in XDS, INVISIBLE_REP_LEGAUX in HL7 v2.</summary>
    InvisibleToLegalRepresentatives = 4,
}

/// <summary>State of an entry in the registry. Source: ITI TF-3 4.2.3.2.2; Archived and Deleted are those of the
/// CI-SIS (<c>urn:asip:ci-sis:2010:StatusType:…</c>).</summary>
public enum AvailabilityStatus
{
    Approved,
    Deprecated,
    Archived,
    Deleted,
}

/// <summary>Source: ITI TF-3 4.2.3.2.28; types of JDV_J231 (the three the DMP takes).</summary>
public enum ReferenceIdType
{
    Accession,
    Order,
    StudyInstanceUid,
}

/// <param name="Value">The identifier; its root is empty of meaning for a study (the UID is the whole).</param>
public sealed record ReferenceId(ReferenceIdType Type, InstanceIdentifier Value);

/// <summary>author of a document or of a submission set. Source: ITI TF-3 4.2.3.2.1.</summary>
/// <param name="Role">authorRole, or null.</param>
/// <param name="Specialty">authorSpecialty, or null.</param>
public sealed record Author(Professional Person, Organization Institution, string? Role, Code? Specialty);

/// <summary>The metadata of one document, complete and frozen. Source: ITI TF-3 4.2.3.2; values of the facts
/// document 2.2.</summary>
/// <param name="SymbolicId">The id inside the submission (<c>Document01</c>, <c>DocumentKOS</c>).</param>
/// <param name="UniqueId">DocumentUniqueId: <c>root^extension</c>, or an OID/UID alone.</param>
/// <param name="CreationTime">UTC, yyyyMMddHHmmss; all times are shorter where the document is less precise (ITI TF-3
/// 4.2.3.1.7).</param>
/// <param name="ServiceStartTime">UTC, yyyyMMddHHmmss, or null.</param>
/// <param name="ServiceStopTime">UTC, yyyyMMddHHmmss, or null.</param>
/// <param name="Hash">Lower-case hexadecimal SHA-1 of the document (ITI TF-3 4.2.3.2.10).</param>
/// <param name="Size">Bytes.</param>
public sealed record DocumentEntry(
    string SymbolicId,
    InstanceIdentifier UniqueId,
    string MimeType,
    Code ClassCode,
    Code TypeCode,
    Code FormatCode,
    Code HealthcareFacilityType,
    Code PracticeSetting,
    IReadOnlyList<Code> EventCodes,
    IReadOnlyList<Author> Authors,
    Professional? LegalAuthenticator,
    InstanceIdentifier PatientId,
    Patient SourcePatient,
    string CreationTime,
    string? ServiceStartTime,
    string? ServiceStopTime,
    string LanguageCode,
    string Title,
    string Hash,
    long Size,
    Visibility Visibility,
    IReadOnlyList<ReferenceId> ReferenceIds);
