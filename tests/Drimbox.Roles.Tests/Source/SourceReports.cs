using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Load.Synthetic;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Source;

/// <summary>Reports of one synthetic patient as a RIS sends them, and the images they are about. Documents are named by
/// a letter.</summary>
public static class SourceReports
{
    public static readonly Uid Study = Uid.Parse("1.2.250.1.999.9.1");

    public static readonly Uid OtherStudy = Uid.Parse("1.2.250.1.999.9.2");

    public static readonly InstanceIdentifier Ins =
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989");

    public static readonly Organization Structure = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), "CENTRE D'IMAGERIE DES TILLEULS",
        "FINEG");

    public static readonly InstanceIdentifier Accession = InstanceIdentifier.Create("1.2.250.1.925.1", "ACN101");

    // As the platform prints it for an identity that is not qualified: without the INS.
    private static readonly byte[] Pdf = ReportPdf.TryWrite(
        new PrintedReport(
            "CR de scanner", Structure.Name, ["PAT-TROIS DOMINIQUE"], [],
            [new PrintedSection("Conclusion", "Examen normal.")], "THOMAS ERIC", [], "fr-FR",
            new DateTimeOffset(2026, 11, 2, 10, 30, 0, TimeSpan.FromHours(1))),
        out _)!;

    private static readonly Patient Person = new(
        Ins, new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "SITE"), "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null,
        "19790328", "F", "63220");

    /// <summary>A report of the study, level 1.</summary>
    public static Level1Report Report(string name, string? parent = null, params Uid[] studies)
    {
        var code = new Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)");
        var doctor = new Professional(
            InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");
        var minute = name[0] - 'A';
        var time = Timestamp.Parse($"202611021030{minute:00}+0100");
        var signer = new ReportParticipant(doctor, Structure, code, time);
        return new Level1Report(
            Document(name),
            Document("S-" + (parent ?? name)),
            minute + 1,
            parent is null ? null : Document(parent),
            "CR de scanner",
            time,
            "fr-FR",
            Person,
            signer,
            signer,
            Structure,
            [new ImagingOrder(InstanceIdentifier.Create("1.2.250.1.748.1", "OPN101"), Accession)],
            [.. (studies.Length == 0 ? [Study] : studies).Select(uid => new ImagingServiceEvent(
                uid,
                new Code("ZBQK001", "1.2.250.1.215.300.1", "Scanner du thorax"),
                [new Code("CT", ReportCodes.Dcm, "Scanner")],
                [new Code("67734004", ReportCodes.SnomedCt, "Thorax")],
                [],
                "20261102100000+0100",
                null,
                Structure,
                new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            Pdf);
    }

    public static InstanceIdentifier Document(string name) => InstanceIdentifier.Create("1.2.250.1.999.7", name);

    public static PublicationChoices Hidden { get; } = PublicationChoices.Default with
    {
        Visibility = Visibility.InvisibleToPatient,
        ChangesVisibilityOnly = true,
    };

    /// <summary>The copy of a report as ORU^R01.</summary>
    public static byte[] Oru(
        string controlId, ReportAction action, Level1Report report, PublicationChoices? choices = null)
    {
        var (message, cda) = Message(action, report, choices);
        return ReportMessageWriter.WriteOru(message, cda, Envelope(controlId));
    }

    /// <summary>The copy of a report as MDM^T02, T10 or T04.</summary>
    /// <param name="recipients">MSSanté addresses (PRT-4 = RCT).</param>
    /// <param name="edit">Changes the text of the document.</param>
    public static byte[] Mdm(
        string controlId, ReportAction action, Level1Report report, PublicationChoices? choices = null,
        IReadOnlyList<string>? recipients = null, Func<string, string>? edit = null)
    {
        var (message, cda) = Message(action, report, choices, edit);
        return ReportMessageWriter.WriteMdm(message, cda, Envelope(controlId), mailRecipients: recipients);
    }

    /// <summary>The notice of a PACS, as in the official test data (facts document 1.6).</summary>
    public static byte[] Omi(string controlId, params Uid[] studies) => Encoding.UTF8.GetBytes(
        "MSH|^~\\&|PACS|SITE|DRIMBOX|SITE|20261102110000+0100||OMI^O23^OMI_O23|" + controlId
        + "|P|2.5.1|||||FRA|UNICODE UTF-8\rPID|||IPP101^^^SITE&1.2.250.1.213.4.5.2.4&ISO^PI\r"
        + string.Concat(studies.Select(study =>
            "ORC|NW|OPN101|||SC\rOBR|1|OPN101||CT\rIPC|ACN101||" + study + "||CT||||PACS\r")));

    /// <summary>Images of the study as a PACS of the site holds them.</summary>
    public static IReadOnlyList<DataSet> Images(
        int count, string patientId = "IPP101", string accession = "ACN101", Uid? study = null) =>
        [.. SyntheticStudy.DataSets(new SyntheticStudyOrder(
            study ?? Study,
            Person with { Ins = null, LocalId = Person.LocalId! with { Value = patientId } },
            new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.FromHours(1)))
        {
            Instances = count,
            Series = 2,
            Rows = 16,
            Columns = 16,
            AccessionNumber = InstanceIdentifier.Create(Accession.Root, accession),
        })];

    private static (ReportMessage Message, byte[] Cda) Message(
        ReportAction action, Level1Report report, PublicationChoices? choices, Func<string, string>? edit = null)
    {
        var cda = CdaWriter.Write(report);
        if (edit is not null) cda = Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(cda)));
        var header = CdaReader.TryRead(cda, out var refusal);
        Assert.True(header is not null, refusal?.ToString());
        var message = new ReportMessage(
            action, header.DocumentId, header.Replaces, header, report.Patient, ["VALI"], report.LegalAuthenticator.Person,
            Structure, header.Orders[0].PlacerOrderNumber, "O", choices ?? PublicationChoices.Default, false);
        return (message, cda);
    }

    private static MessageEnvelope Envelope(string controlId) => new(
        "RIS", "SITE", "DRIMBOX", "SITE", new DateTimeOffset(2026, 11, 2, 11, 0, 0, TimeSpan.FromHours(1)), controlId);
}
