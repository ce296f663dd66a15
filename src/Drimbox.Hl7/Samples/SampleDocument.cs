using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Hl7.Samples;

/// <summary>The document that a sample of the CDA volet carries: a level 1 report of the patient, the order and the
/// people of <see cref="SampleValues"/>.</summary>
internal static class SampleDocument
{
    private static readonly Organization Site = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), SampleValues.SiteName, "FINEG");

    private static readonly Professional Radiologist = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");

    private static readonly Patient Patient = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"), null,
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    /// <param name="replaces">The document that this one replaces, or null.</param>
    public static byte[] Write(
        InstanceIdentifier document, InstanceIdentifier? replaces, string order, Uid study, DateTimeOffset now)
    {
        var pdf = ReportPdf.TryWrite(
            new PrintedReport(
                "CR de scanner thoracique", SampleValues.SiteName, ["PAT-TROIS DOMINIQUE"], [],
                [new PrintedSection("Conclusion", "Message d'essai : aucun examen n'a eu lieu.")], "THOMAS ERIC", [],
                "fr-FR", now),
            out _);
        Invariant.Holds(pdf is not null);
        var time = Timestamp.From(now);
        var signer = new ReportParticipant(Radiologist, Site, null, time);
        var act = new Code("24627-2", ReportCodes.Loinc, "Scanner thoracique");
        return CdaWriter.Write(new Level1Report(
            document, InstanceIdentifier.Create(study.ToString(), "CR"), replaces is null ? 1 : 2, replaces,
            "CR de scanner thoracique", time, "fr-FR", Patient, signer, signer, Site,
            [new ImagingOrder(
                InstanceIdentifier.Create(SampleValues.OrderRoot, order),
                InstanceIdentifier.Create(SampleValues.AccessionRoot, SampleValues.Accession))],
            [new ImagingServiceEvent(
                study, act, [new Code("CT", ReportCodes.Dcm, "Scanner")],
                [new Code("67734004", ReportCodes.SnomedCt, "thorax")], [], time.ToString(), null, Site,
                new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            pdf));
    }
}
