using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Tests.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Manifests;

/// <summary>Two sites may give the same number to two patients, or to two orders.</summary>
[Requirement("DB.SO.04")]
public sealed class PacsDomainsTests
{
    private const string OwnOid = "1.2.250.1.213.4.5.2.4";
    private const string OtherOid = "1.2.250.1.999.77";

    [Theory]
    // What an empty issuer stands for decides.
    [InlineData("", "", OwnOid, null)]
    [InlineData("", "SITE", "", null)]
    [InlineData("", "", OtherOid, WithheldReason.PatientMismatch)]
    // The OID goes before the name, which two sites may share.
    [InlineData("", "SITE", OtherOid, WithheldReason.PatientMismatch)]
    [InlineData("", "ANOTHER SITE", OwnOid, null)]
    [InlineData("LOCAL", "", OwnOid, null)]
    [InlineData("LOCAL", "", OtherOid, WithheldReason.PatientMismatch)]
    public void An_issuer_of_patient_ids_is_what_the_configuration_says(
        string written, string name, string oid, WithheldReason? expected)
    {
        var domains = new PacsDomains(
            "north", new Dictionary<string, PatientIdDomain> { [written] = new(name, oid) },
            new Dictionary<string, string>());

        var findings = domains.Apply(Findings(1, issuer: written), "");

        Assert.Equal("north", findings.Pacs);
        Assert.Equal(expected, ManifestCoherence.Find(Reports(), findings)?.Reason);
    }

    [Theory]
    [InlineData("", "", "1.2.250.1.925.1", null)]
    [InlineData("", "", OtherOid, WithheldReason.AccessionMismatch)]
    [InlineData("ACC", "ACC", OtherOid, WithheldReason.AccessionMismatch)]
    // An issuer of which nothing is said leaves the number alone to be compared.
    [InlineData("ACC", "ELSE", OtherOid, null)]
    public void An_issuer_of_accession_numbers_is_what_the_configuration_says(
        string answered, string written, string oid, WithheldReason? expected)
    {
        var domains = new PacsDomains(
            "north", new Dictionary<string, PatientIdDomain>(), new Dictionary<string, string> { [written] = oid });

        Assert.Equal(expected, ManifestCoherence.Find(Reports(), domains.Apply(Findings(1), answered))?.Reason);
    }

    [Fact]
    [Requirement("DB.SO.16")]
    public void What_does_not_fit_is_told_with_both_values()
    {
        var patient = ManifestCoherence.Find(Reports(), Findings(1, "IPP999", "HOSPITAL"));
        Assert.Equal(("IPP101 (SITE 1.2.250.1.213.4.5.2.4)", "IPP999 (HOSPITAL)"), (patient?.Expected, patient?.Found));

        var order = ManifestCoherence.Find(Reports(), Findings(1, accession: "ACN999"));
        Assert.Equal(("ACN101 (1.2.250.1.925.1)", "ACN999"), (order?.Expected, order?.Found));
    }

    private static IReadOnlyList<StudyReport> Reports()
    {
        var study = new StudyHistory();
        study.Receive(Message(Header("A")));
        return study.State.ActiveReports(Study);
    }
}
