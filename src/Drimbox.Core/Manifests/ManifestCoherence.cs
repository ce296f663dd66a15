using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>The checks that stand between a report and the publication of a manifest.</summary>
public static class ManifestCoherence
{
    /// <summary>The first check that fails, or null.</summary>
    public static WithheldReason? Check(IReadOnlyList<StudyReport> reports, StudyFindings findings)
    {
        // DB.SO.15: no study in the PACS, no publication.
        if (findings.IsEmpty) return WithheldReason.StudyAbsentFromPacs;

        // DB.SO.16: the patient id of the images is the IPP of the message (or its INS, where a PACS is indexed so).
        if (!reports.All(r => IsPatientOf(r, findings))) return WithheldReason.PatientMismatch;

        // DB.SO.17: the accession number of the images is one of those of the CDA header.
        return reports.All(r => IsAccessionOf(r, findings)) ? null : WithheldReason.AccessionMismatch;
    }

    private static bool IsPatientOf(StudyReport report, StudyFindings findings)
    {
        if (report.Patient.Ins?.Extension == findings.PatientId) return true;
        if (report.Patient.LocalId is not { } local || local.Value != findings.PatientId) return false;
        return findings.IssuerOfPatientId.Length == 0 || local.IssuerName.Length == 0
            || findings.IssuerOfPatientId == local.IssuerName || findings.IssuerOfPatientId == local.IssuerOid;
    }

    private static bool IsAccessionOf(StudyReport report, StudyFindings findings) =>
        report.Header.Orders.Any(
            o => (o.AccessionNumber?.Extension ?? o.AccessionNumber?.Root) == findings.AccessionNumber);
}
