using Drimbox.Core.Manifests;
using Drimbox.Core.Studies;
using Drimbox.Tests.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Manifests;

/// <summary>The three checks before a publication.</summary>
public sealed class ManifestCoherenceTests
{
    [Theory]
    [Requirement("DB.SO.16")]
    [InlineData("IPP101", "SITE", null)]
    [InlineData("IPP101", "1.2.250.1.213.4.5.2.4", null)]
    // Many PACS keep no issuer.
    [InlineData("IPP101", "", null)]
    // A PACS indexed by the INS.
    [InlineData("279035121518989", "ASIP-SANTE-INS-NIR", null)]
    [InlineData("IPP102", "SITE", WithheldReason.PatientMismatch)]
    [InlineData("IPP101", "ANOTHER SITE", WithheldReason.PatientMismatch)]
    [InlineData("", "", WithheldReason.PatientMismatch)]
    [InlineData("ipp101", "SITE", WithheldReason.PatientMismatch)]
    public void The_patient_of_the_images_is_the_patient_of_the_report(
        string patientId, string issuer, WithheldReason? expected) =>
        Assert.Equal(expected, Check(Findings(1, patientId, issuer), "ACN101"));

    [Theory]
    [Requirement("DB.SO.17")]
    [InlineData("ACN101", null)]
    [InlineData("ACN102", null)]
    [InlineData("ACN103", WithheldReason.AccessionMismatch)]
    [InlineData("", WithheldReason.AccessionMismatch)]
    public void The_accession_number_of_the_images_is_one_of_those_of_the_report(
        string accession, WithheldReason? expected) =>
        Assert.Equal(expected, Check(Findings(1, accession: accession), "ACN101", "ACN102"));

    [Fact]
    [Requirement("DB.SO.15")]
    public void An_absent_study_comes_before_every_other_reason() =>
        Assert.Equal(
            WithheldReason.StudyAbsentFromPacs, Check(StudyFindings.Nothing(Study), "ACN101"));

    private static WithheldReason? Check(StudyFindings findings, params string[] accessions)
    {
        var study = new StudyHistory();
        study.Receive(Message(Header("A") with
        {
            Orders = [.. accessions.SelectMany(a => Header("A", accession: a).Orders)],
        }));
        return ManifestCoherence.Find(study.State.ActiveReports(Study), findings)?.Reason;
    }
}
