namespace Drimbox.Core.Studies;

/// <summary>Who assigned a patient id.</summary>
/// <param name="Name">CX-4.1, (0010,0021); empty where it has none.</param>
/// <param name="Oid">CX-4.2; empty where it has none.</param>
public sealed record PatientIdDomain(string Name, string Oid);

/// <summary>What one PACS means by the issuers that it writes, or leaves out (DB.SO.04). Two sites may give the same
/// number to two patients, and a PACS need not say whose number it is.</summary>
/// <param name="Pacs">What studies remember the PACS by; null for the only one of its source.</param>
/// <param name="Patients">By Issuer of Patient ID (0010,0021) as the PACS writes it; the empty key is for none.</param>
/// <param name="Accessions">Authority (OID) by Issuer of Accession Number (0008,0051) as the PACS writes it; the empty
/// key is for none.</param>
public sealed record PacsDomains(
    string? Pacs,
    IReadOnlyDictionary<string, PatientIdDomain> Patients,
    IReadOnlyDictionary<string, string> Accessions)
{
    /// <summary>A PACS of which nothing is said.</summary>
    public static PacsDomains Unknown { get; } = new(
        null, new Dictionary<string, PatientIdDomain>(), new Dictionary<string, string>());

    /// <summary>The findings with the domains that their issuers stand for.</summary>
    /// <param name="issuerOfAccession">As the PACS answered; empty where it did not.</param>
    public StudyFindings Apply(StudyFindings findings, string issuerOfAccession) => findings with
    {
        Pacs = Pacs,
        PatientDomain = Patients.GetValueOrDefault(findings.IssuerOfPatientId),
        AccessionAuthority = Accessions.GetValueOrDefault(issuerOfAccession, ""),
    };
}
