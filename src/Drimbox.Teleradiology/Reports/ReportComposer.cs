using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Teleradiology.Reports;

/// <summary>Which document of a report is to be written.</summary>
/// <param name="Replaces">The document before it, or null for the first.</param>
internal sealed record DocumentIdentity(
    InstanceIdentifier DocumentId, InstanceIdentifier SetId, int VersionNumber, InstanceIdentifier? Replaces);

/// <summary>A study that a report is about.</summary>
/// <param name="ViewerUrl">Where its images are shown, or null.</param>
internal sealed record ReportedStudy(PostExamination Told, string? ViewerUrl);

/// <summary>Writes the CDA of a report, level 1 or level 3, from the request, its examinations and the text.</summary>
internal sealed class ReportComposer(TeleradiologyOptions options, Signatory signatory)
{
    private const string Language = "fr-FR";

    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone);

    // JDV_J02 and JDV_J04.
    private readonly Code _facilityType = new(
        options.HealthcareFacilityType.Code, "1.2.250.1.71.4.2.4", options.HealthcareFacilityType.Display);

    private readonly Code _practiceSetting = new(
        options.PracticeSetting.Code, "1.2.250.1.213.1.1.4.9", options.PracticeSetting.Display);

    /// <param name="examinations">All that the report is about, at least one.</param>
    /// <param name="patient">As the newest complement states it.</param>
    /// <returns>The document, or null with the reason: the text is too long to print.</returns>
    public byte[]? TryWrite(
        DocumentIdentity identity,
        ImagingRequest request,
        IReadOnlyList<ReportedStudy> examinations,
        StatedPatient patient,
        ReportText text,
        DateTimeOffset now,
        out Refusal? refusal)
    {
        var local = TimeZoneInfo.ConvertTime(now, _zone);
        var title = TitleOf(examinations);
        var pdf = ReportPdf.TryWrite(
            Print(identity, request, examinations, patient, text, title, local), out refusal);
        if (pdf is null) return null;

        var time = Timestamp.From(local);
        // The structure that the images were made in answers for the report: the RIS publishes it with the certificates
        // of that structure, and the DMP wants the author's organisation to be the same (facts document 1.5, 3.5).
        var signer = new ReportParticipant(signatory.Radiologist, request.Structure, signatory.Specialty, time);
        var report = new Level1Report(
            identity.DocumentId,
            identity.SetId,
            identity.VersionNumber,
            identity.Replaces,
            title,
            time,
            Language,
            PatientOf(patient.Identity),
            Author: signer,
            LegalAuthenticator: signer,
            Custodian: request.Structure,
            // DB/RIS.08: every accession number and every study (IMG-CR-IMG: both elements are repeatable).
            [.. examinations.Select(e => new ImagingOrder(request.PlacerOrderNumber, e.Told.AccessionNumber)).Distinct()],
            [.. examinations.Select(e => ServiceEvent(request, e.Told))],
            _facilityType,
            pdf);
        return options.Desk.Body == ReportBody.Structured
            ? CdaWriter.Write(report, BodyOf(request, examinations, text))
            : CdaWriter.Write(report);
    }

    private static StructuredBody BodyOf(
        ImagingRequest request, IReadOnlyList<ReportedStudy> examinations, ReportText text) => new(
        Given(text.Indication, request.Justification),
        request.Purposes,
        [.. request.History.Select(h => h.Relevance is { } relevance ? $"{h.Text} ({relevance})" : h.Text)],
        [.. examinations.Select(e => ActOf(request, e))],
        text.Technique,
        text.Results,
        text.Conclusion);

    private static DescribedAct ActOf(ImagingRequest request, ReportedStudy examination)
    {
        var told = examination.Told;
        var region = RegionOf(request, told);
        return new DescribedAct(
            WithOid(told.Act), WithOid(ModalityOf(request, told)), WithOid(region.Region),
            region.Topography is { } side ? WithOid(side) : null, told.ExaminedAt, told.StudyInstanceUid)
        {
            ViewerUrl = examination.ViewerUrl,
            RetentionDays = told.RetentionDays,
        };
    }

    private ImagingServiceEvent ServiceEvent(ImagingRequest request, PostExamination examination) => new(
        examination.StudyInstanceUid,
        WithOid(examination.Act),
        [WithOid(ModalityOf(request, examination))],
        // The topography (side) is a modifier, and the header has a place for regions only: it is printed.
        [WithOid(RegionOf(request, examination).Region)],
        Acts: [],
        examination.ExaminedAt,
        Stop: null,
        request.Structure,
        _practiceSetting);

    private PrintedReport Print(
        DocumentIdentity identity,
        ImagingRequest request,
        IReadOnlyList<ReportedStudy> examinations,
        StatedPatient stated,
        ReportText text,
        string title,
        DateTimeOffset now)
    {
        var patient = stated.Identity;
        return new PrintedReport(
            title,
            request.Structure.Name,
            [
                $"{patient.BirthName} {patient.FirstGivenName}, {SexOf(patient)} le {DateOf(patient.BirthDate)}",
                // Facts document 5.2: the matricule goes out with a qualified identity only. Without it the same print
                // may be sent by MSSanté.
                .. QualifiedIns.From(patient, stated.Reliability) is { Matricule: var matricule }
                    ? [$"INS : {matricule.Extension}"]
                    : Array.Empty<string>(),
                .. patient.UsedName is { } used ? [$"Nom utilisé : {used}"] : Array.Empty<string>(),
            ],
            [
                $"Demandé par {request.OrderingProvider.GivenName} {request.OrderingProvider.FamilyName}",
                .. examinations.SelectMany(e => LinesOf(request, e.Told)),
                .. identity.Replaces is null
                    ? Array.Empty<string>()
                    : [$"Version {identity.VersionNumber} : annule et remplace la version précédente"],
            ],
            [
                new PrintedSection("Indication", Given(text.Indication, request.Justification)),
                new PrintedSection("Technique", text.Technique),
                new PrintedSection("Résultats", text.Results),
                new PrintedSection("Conclusion", text.Conclusion),
            ],
            $"{signatory.Radiologist.GivenName} {signatory.Radiologist.FamilyName} ({signatory.Platform.Name}), "
            + now.ToString("dd/MM/yyyy HH:mm", CultureInfo.InvariantCulture),
            [
                .. examinations.Where(e => e.ViewerUrl is not null)
                    .Select(e => new ViewerLink(e.ViewerUrl!, ReportNames.Of(e.Told.Act))),
            ],
            Language,
            now);
    }

    private static IEnumerable<string> LinesOf(ImagingRequest request, PostExamination examination)
    {
        var region = RegionOf(request, examination);
        var at = Timestamp.Parse(examination.ExaminedAt);
        return
        [
            $"Examen du {DateOf(at.Local.ToString("yyyyMMdd", CultureInfo.InvariantCulture))} : "
            + ReportNames.Of(examination.Act),
            $"Modalité : {ReportNames.Of(ModalityOf(request, examination))}. "
            + $"Région : {ReportNames.Of(region.Region)}"
            + (region.Topography is { } side ? $", {ReportNames.Of(side)}" : ""),
            $"Numéro d'examen (accession number) : {examination.AccessionNumber.Extension}",
            .. examination.Products.Select(product => $"Produit administré : {ReportNames.Of(product)}"),
            .. examination.Devices.Select(d => $"Appareil : {d.Model ?? d.Identifier}"),
            // Teleradiology volet, DuréeRétentionImages: the report says it.
            string.Create(
                CultureInfo.InvariantCulture, $"Durée de conservation des images : {examination.RetentionDays} jours"),
        ];
    }

    // The acts are printed below in any case: a title that is too long goes without them.
    private static string TitleOf(IReadOnlyList<ReportedStudy> examinations)
    {
        var acts = examinations.Select(e => e.Told.Act.Display).Where(act => act.Length > 0).Distinct().ToList();
        var title = $"{ReportCodes.ImagingReport.Display} : {string.Join(", ", acts)}";
        return acts.Count == 0 || (acts.Count > 1 && title.Length > Limits.DocumentTitleLengthMax)
            ? ReportCodes.ImagingReport.Display
            : title;
    }

    // What is known after the examination wins over what was asked for.
    private static Code ModalityOf(ImagingRequest request, PostExamination examination) =>
        examination.Modality ?? request.Modality;

    private static AnatomicRegion RegionOf(ImagingRequest request, PostExamination examination) =>
        examination.Region ?? request.Region;

    // A local identifier whose authority has no OID has no place in a CDA.
    private static Patient PatientOf(Patient patient) =>
        Uid.TryParse(patient.LocalId?.IssuerOid, out _) ? patient : patient with { LocalId = null };

    // HL7 v2 names coding systems by HL7 table 0396, CDA by their OIDs.
    private static Code WithOid(Code code) => code with
    {
        System = code.System switch
        {
            "LN" => ReportCodes.Loinc,
            "SCT" => ReportCodes.SnomedCt,
            "DCM" => ReportCodes.Dcm,
            var other => other,
        },
    };

    private static string Given(string text, string otherwise) => string.IsNullOrWhiteSpace(text) ? otherwise : text;

    private static string SexOf(Patient patient) => patient.Sex switch
    {
        "M" => "né",
        "F" => "née",
        _ => "né(e)",
    };

    private static string DateOf(string yyyymmdd) =>
        yyyymmdd.Length == 8 ? $"{yyyymmdd[6..]}/{yyyymmdd[4..6]}/{yyyymmdd[..4]}" : yyyymmdd;
}
