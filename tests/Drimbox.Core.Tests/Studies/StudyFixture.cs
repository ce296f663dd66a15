using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;

namespace Drimbox.Tests.Studies;

/// <summary>Report copies and PACS answers of one synthetic patient: documents are named by a letter.</summary>
internal static class StudyFixture
{
    public static Uid Study { get; } = Uid.Parse("1.2.250.1.999.9.1");

    public static Uid OtherStudy { get; } = Uid.Parse("1.2.250.1.999.9.2");

    public static Organization Structure { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), "CENTRE D'IMAGERIE", "FINEG");

    public static SourcePolicy Policy { get; } = new(
        Uid.Parse("1.2.250.1.999.1"), "Drimbox", "drimbox.example.org",
        new HashSet<InstanceIdentifier> { Structure.Id }, TimeZoneInfo.Utc, new ReportEntryDefaults());

    public static Patient Patient { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "SITE"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    public static PublicationChoices Choices(Visibility visibility, bool decided = false) =>
        PublicationChoices.Default with { Visibility = visibility, ChangesVisibilityOnly = decided };

    public static InstanceIdentifier Document(string name) => InstanceIdentifier.Create("1.2.250.1.999.7", name);

    /// <param name="minute">Of the document's effectiveTime.</param>
    public static CdaHeader Header(
        string name, string? parent = null, string? set = null, int? version = null, int minute = 0,
        string accession = "ACN101", string doctor = "ERIC", params Uid[] studies)
    {
        var person = new Professional(
            InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), doctor, "THOMAS");
        var setting = new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire");
        return new CdaHeader(
            Document(name),
            set is null ? null : InstanceIdentifier.Create("1.2.250.1.999.8", set),
            version,
            parent is null ? null : Document(parent),
            ReportCodes.ImagingReport,
            "CR de scanner",
            $"202611021030{minute:00}+0100",
            ReportCodes.Normal,
            "fr-FR",
            Patient,
            [Patient.Ins!.Value],
            person, Structure, person, Structure, Structure,
            [new ImagingOrder(
                InstanceIdentifier.Create("1.2.250.1.748.1", "OPN-" + accession),
                InstanceIdentifier.Create("1.2.250.1.925.1", accession))],
            [.. (studies.Length == 0 ? [Study] : studies).Select(uid => new ImagingServiceEvent(
                uid, null, [new Code("CT", ReportCodes.Dcm, "Scanner")],
                [new Code("67734004", "2.16.840.1.113883.6.96", "Thorax")],
                [new Code("ZBQK001", "1.2.250.1.215.300.1", "Scanner du thorax")],
                "20261102100000+0100", null, Structure, setting))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            IsLevel3: false)
        {
            BodyMediaType = "application/pdf",
        };
    }

    public static ReportMessage Message(CdaHeader header, PublicationChoices? choices = null) => new(
        header.Replaces is null ? ReportAction.Initial : ReportAction.Replace, header.DocumentId, header.Replaces,
        header, Patient, ["VALI"], header.LegalAuthenticator, Structure, header.Orders[0].PlacerOrderNumber, "O",
        choices ?? PublicationChoices.Default, false);

    /// <summary>A deletion that names its document as a MDM^T04 without a readable body does.</summary>
    public static ReportMessage Deletion(string name) => new(
        ReportAction.Delete, Document(name), null, null, Patient, ["VALI"], null, Structure, null, "O",
        PublicationChoices.Default, false);

    /// <summary>What a PACS answers for a study of one CT series.</summary>
    public static StudyFindings Findings(
        int images, string patientId = "IPP101", string issuer = "SITE", string accession = "ACN101") => new(
        Study, patientId, issuer, accession, "20261102", "100000", "TDM THORAX",
        [new SeriesFinding(
            Uid.Parse("1.2.250.1.999.9.1.1"), "CT", "1", "PARENCHYME", "CHEST",
            [.. Enumerable.Range(1, images).Select(i => new InstanceFinding(
                Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), Uid.Parse($"1.2.250.1.999.9.1.1.{i}"), $"{i}", null))])]);
}
