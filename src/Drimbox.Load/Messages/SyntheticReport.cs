using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Load.Messages;

/// <summary>A report as a teleradiology platform sends it: MDM^T02 of the CDA volet, with a PDF of one page. People and
/// places are invented or of the test set of the ANS.</summary>
public static class SyntheticReport
{
    private static readonly Organization Site = new(
        InstanceIdentifier.Create("1.2.250.1.71.4.2.2", "300017985"), "CENTRE D'IMAGERIE DES TILLEULS", "FINEG");

    private static readonly Professional Radiologist = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");

    private static readonly Patient Patient = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP101", "1.2.250.1.999.10.6", "LOAD"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    /// <param name="bytes">About how long the message is; the PDF grows for it, never shrinks. Null: as the report is.</param>
    public static MessageTemplate Template(IIdSource ids, DateTimeOffset now, long? bytes = null)
    {
        var template = Template(ids, now, padding: 0);
        // The PDF is in base64 in the document, and that in the message.
        return bytes is { } wanted && wanted > template.Length
            ? Template(ids, now, padding: (int)((wanted - template.Length) * 9 / 16))
            : template;
    }

    private static MessageTemplate Template(IIdSource ids, DateTimeOffset now, int padding)
    {
        var placeholder = MessageTemplate.PlaceholderOf(ids);
        var root = ids.NewUid().ToString();
        var cda = Document(InstanceIdentifier.Create(root, placeholder), placeholder, now, padding);
        var header = CdaReader.TryRead(cda, out var refusal);
        Invariant.Holds(header is not null && refusal is null);
        var report = new ReportMessage(
            ReportAction.Initial, header.DocumentId, null, header, Patient, ["VALI"], Radiologist,
            header.ResponsibleOrganization, null, null, PublicationChoices.Default, false);
        var envelope = new MessageEnvelope("DRIMBOXLOAD", "LOAD", "RIS", "RIS", now, placeholder, "T");
        return new MessageTemplate(ReportMessageWriter.WriteMdm(report, cda, envelope), placeholder, cda);
    }

    private static byte[] Document(
        InstanceIdentifier document, string placeholder, DateTimeOffset now, int padding)
    {
        var pdf = ReportPdf.TryWrite(
            new PrintedReport(
                "CR de scanner thoracique", Site.Name, ["PAT-TROIS DOMINIQUE"], [],
                [new PrintedSection("Conclusion", "Pas de lésion.")], "THOMAS ERIC", [], "fr-FR", now),
            out _);
        Invariant.Holds(pdf is not null);
        var time = Timestamp.From(now);
        var signer = new ReportParticipant(Radiologist, Site, null, time);
        return CdaWriter.Write(new Level1Report(
            document, InstanceIdentifier.Create(document.Root + ".1", placeholder), 1, null,
            "CR de scanner thoracique", time, "fr-FR", Patient, signer, signer, Site,
            [new ImagingOrder(
                InstanceIdentifier.Create("1.2.250.1.999.10.1", placeholder),
                InstanceIdentifier.Create("1.2.250.1.999.10.2", placeholder[^16..]))],
            [new ImagingServiceEvent(
                Uid.Parse(document.Root + ".2"), new Code("24627-2", ReportCodes.Loinc, "Scanner thoracique"),
                [new Code("CT", ReportCodes.Dcm, "Scanner")],
                [new Code("67734004", ReportCodes.SnomedCt, "thorax")], [],
                time.ToString(), null, Site,
                new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            // A comment after the end of the file: readers of PDF look for the last marker (ISO 32000-1 7.5.5).
            padding == 0 ? pdf : [.. pdf, (byte)'%', .. Enumerable.Repeat((byte)'x', padding), .. "\n%%EOF\n"u8]));
    }
}
