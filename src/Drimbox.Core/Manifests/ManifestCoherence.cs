using Drimbox.Core.Identity;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>The checks that stand between a report and the publication of a manifest.</summary>
public static class ManifestCoherence
{
    /// <summary>The first check that fails, with what was expected and what was found; null: all fits.</summary>
    public static Incoherence? Find(IReadOnlyList<StudyReport> reports, StudyFindings findings)
    {
        // DB.SO.15: no study in the PACS, no publication.
        if (findings.IsEmpty) return new Incoherence(WithheldReason.StudyAbsentFromPacs, "", "");

        // DB.SO.16: the patient id of the images is the IPP of the message (or its INS, where a PACS is indexed so).
        if (reports.FirstOrDefault(r => !IsPatientOf(r, findings)) is { } otherPatient)
        {
            return new Incoherence(
                WithheldReason.PatientMismatch,
                TextOf(otherPatient.Patient.LocalId),
                TextOf(findings.PatientId, findings.PatientDomain?.Name ?? findings.IssuerOfPatientId,
                    findings.PatientDomain?.Oid ?? ""));
        }

        // DB.SO.17: the accession number of the images is one of those of the CDA header.
        return reports.FirstOrDefault(r => !IsAccessionOf(r, findings)) is { } otherOrder
            ? new Incoherence(
                WithheldReason.AccessionMismatch,
                string.Join(", ", AccessionsOf(otherOrder).Select(a => TextOf(NumberOf(a), "", AuthorityOf(a)))),
                TextOf(findings.AccessionNumber, "", findings.AccessionAuthority))
            : null;
    }

    private static bool IsPatientOf(StudyReport report, StudyFindings findings)
    {
        if (report.Patient.Ins?.Extension == findings.PatientId) return true;
        if (report.Patient.LocalId is not { } local || local.Value != findings.PatientId) return false;
        if (findings.PatientDomain is { } domain) return IsOfDomain(local, domain);
        return findings.IssuerOfPatientId.Length == 0 || local.IssuerName.Length == 0
            || findings.IssuerOfPatientId == local.IssuerName || findings.IssuerOfPatientId == local.IssuerOid;
    }

    /// <summary>By the OID where both have one: names are not unique. A message that names no issuer cannot be
    /// compared; the configuration says whose the ids of its sender are.</summary>
    private static bool IsOfDomain(LocalPatientId local, PatientIdDomain domain)
    {
        if (local.IssuerOid.Length > 0 && domain.Oid.Length > 0) return local.IssuerOid == domain.Oid;
        if (local.IssuerName.Length > 0 && domain.Name.Length > 0) return local.IssuerName == domain.Name;
        return local is { IssuerOid.Length: 0, IssuerName.Length: 0 };
    }

    private static bool IsAccessionOf(StudyReport report, StudyFindings findings) =>
        AccessionsOf(report).Any(a => NumberOf(a) == findings.AccessionNumber
            && (findings.AccessionAuthority.Length == 0 || AuthorityOf(a).Length == 0
                || AuthorityOf(a) == findings.AccessionAuthority));

    private static IEnumerable<InstanceIdentifier> AccessionsOf(StudyReport report) =>
        report.Header.Orders.Where(o => o.AccessionNumber is not null).Select(o => o.AccessionNumber!.Value);

    private static string NumberOf(InstanceIdentifier accession) => accession.Extension ?? accession.Root;

    private static string AuthorityOf(InstanceIdentifier accession) =>
        accession.Extension is null ? "" : accession.Root;

    private static string TextOf(LocalPatientId? id) =>
        id is null ? "" : TextOf(id.Value, id.IssuerName, id.IssuerOid);

    private static string TextOf(string value, string name, string oid)
    {
        var issuer = string.Join(' ', new[] { name, oid }.Where(text => text.Length > 0));
        return issuer.Length == 0 ? value : $"{value} ({issuer})";
    }
}
