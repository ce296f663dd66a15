using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Tests.Reports;

/// <summary>Report messages of one synthetic patient: documents are named by a letter.</summary>
internal static class ReportFixture
{
    public static Organization Structure { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), "Centre d'imagerie", "FINEG");

    public static RisPolicy Policy { get; } = new(
        new HashSet<InstanceIdentifier> { Structure.Id }, Uid.Parse("1.2.250.1.999.1"), new ReportEntryDefaults());

    public static Patient Patient { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "AUT-AFFECTATION"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    public static InstanceIdentifier Document(string name) => InstanceIdentifier.Create("1.2.250.1.999.7", name);

    /// <summary>T02 of a document without a parent.</summary>
    public static ReceiveReport Initial(string name, string? set = null, int? version = null) =>
        Message(ReportAction.Initial, name, null, set, version);

    /// <summary>T10 of a document that replaces <paramref name="parent"/>.</summary>
    public static ReceiveReport Replace(string name, string parent, string? set = null, int? version = null) =>
        Message(ReportAction.Replace, name, parent, set, version);

    /// <summary>T04 of a document, without a readable body.</summary>
    public static ReceiveReport Delete(string name) => new(
        new ReportMessage(
            ReportAction.Delete, Document(name), null, null, Patient, ["VALI"], null, Structure, null, "O",
            PublicationChoices.Default, false),
        default, "");

    private static ReceiveReport Message(
        ReportAction action, string name, string? parent, string? set, int? version)
    {
        var doctor = new Professional(
            InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");
        var header = new CdaHeader(
            Document(name),
            set is null ? null : InstanceIdentifier.Create("1.2.250.1.999.8", set),
            version,
            parent is null ? null : Document(parent),
            ReportCodes.ImagingReport,
            "CR de scanner",
            "20261102103000+0100",
            ReportCodes.Normal,
            "fr-FR",
            Patient,
            [Patient.Ins!.Value],
            doctor,
            Structure,
            doctor,
            Structure,
            Structure,
            [new ImagingOrder(
                InstanceIdentifier.Create("1.2.250.1.748.1", "OPN101"),
                InstanceIdentifier.Create("1.2.250.1.925.1", "ACN101"))],
            [new ImagingServiceEvent(
                Uid.Parse("1.2.250.1.999.9.1"), null, [new Code("CT", ReportCodes.Dcm, "Scanner")], [], [],
                "20261102100000+0100", null, Structure, new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            IsLevel3: false)
        {
            BodyMediaType = "application/pdf",
        };
        var message = new ReportMessage(
            action, Document(name), header.Replaces, header, Patient, ["VALI"], doctor, Structure,
            header.Orders[0].PlacerOrderNumber, "O", PublicationChoices.Default, false);
        var sha = Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
        return new ReceiveReport(message, new StoredObject(sha, 100), sha[..40]);
    }
}
