using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>The author or the legal authenticator of a document.</summary>
/// <param name="Person">assignedPerson and its id.</param>
/// <param name="Organization">representedOrganization.</param>
/// <param name="Specialty">Profession and specialty (JDV_J01), or null.</param>
/// <param name="Time">When the person wrote or signed.</param>
public sealed record ReportParticipant(Professional Person, Organization Organization, Code? Specialty, Timestamp Time);

/// <summary>All that a level 1 CDA R2 report says: an imaging report whose body is a PDF. Source: CI-SIS
/// "Structuration minimale", IHE XDS-SD (ITI TF-3 5.2) and IMG-CR-IMG for the links to orders and studies.</summary>
/// <param name="SetId">The same for every version of the report.</param>
/// <param name="VersionNumber">1 for the first version.</param>
/// <param name="Replaces">The document that this one replaces, or null.</param>
/// <param name="EffectiveTime">When the document was made.</param>
/// <param name="LanguageCode">RFC 3066: <c>fr-FR</c>.</param>
/// <param name="Patient">With its INS, its local identifier, or both.</param>
/// <param name="ServiceEvents">At least one. The profile wants performer and start of the first one.</param>
/// <param name="HealthcareFacilityType">JDV_J02.</param>
/// <param name="Pdf">PDF/A-1b.</param>
public sealed record Level1Report(
    InstanceIdentifier DocumentId,
    InstanceIdentifier SetId,
    int VersionNumber,
    InstanceIdentifier? Replaces,
    string Title,
    Timestamp EffectiveTime,
    string LanguageCode,
    Patient Patient,
    ReportParticipant Author,
    ReportParticipant LegalAuthenticator,
    Organization Custodian,
    IReadOnlyList<ImagingOrder> Orders,
    IReadOnlyList<ImagingServiceEvent> ServiceEvents,
    Code HealthcareFacilityType,
    ReadOnlyMemory<byte> Pdf)
{
    /// <summary>What kind of document it is (JDV_J07). Default: an imaging report.</summary>
    public Code Type { get; init; } = ReportCodes.ImagingReport;
}
