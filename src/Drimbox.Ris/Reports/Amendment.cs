using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Ris.Reports;

/// <summary>What a RIS user writes into the next version of a report.</summary>
/// <param name="Title">Title of the document; null keeps that of the version before.</param>
/// <param name="Reason">Why there is a next version: kept in the register, not in the document.</param>
/// <param name="Template">The name of one of <see cref="RisOptions.Templates"/>, or null.</param>
public sealed record AmendmentText(
    string Conclusion, string? Results = null, string? Title = null, string? Reason = null, string? Template = null);

/// <summary>The document of an amendment: a level 1 report by the RIS that replaces the head, with the same setId and the
/// next version number (docs/adr/0005).</summary>
internal static class Amendment
{
    /// <param name="viewers">Where the images are shown, without the id of the document.</param>
    public static byte[]? TryWrite(
        ReportVersion head,
        AmendmentText text,
        IReadOnlyList<ViewerLink> viewers,
        IIdSource ids,
        DateTimeOffset now,
        TimeZoneInfo zone,
        out Refusal? refusal)
    {
        refusal = null;
        var header = head.Header;
        if (header.ResponsibleOrganization is not { } structure
            || (header.LegalAuthenticator ?? header.Author) is not { } signer
            || header.HealthcareFacilityType is not { } facility)
        {
            refusal = new Refusal(
                RefusalReason.RequiredFieldMissing, "The version before names no author, organisation or facility.");
            return null;
        }

        var documentId = InstanceIdentifier.Create(ids.NewUid().ToString(), null);
        var title = text.Title ?? header.Title;
        var time = Timestamp.From(TimeZoneInfo.ConvertTime(now, zone));
        var pdf = ReportPdf.TryWrite(
            new PrintedReport(
                title,
                structure.Name,
                [$"{header.Patient.BirthName} {header.Patient.FirstGivenName}"],
                [],
                SectionsOf(text),
                $"{signer.GivenName} {signer.FamilyName}",
                [.. viewers.Select(viewer => Completed(viewer, documentId)).OfType<ViewerLink>()],
                "fr-FR",
                now),
            out refusal);
        if (pdf is null) return null;
        var participant = new ReportParticipant(signer, structure, header.AuthorSpecialty, time);
        return CdaWriter.Write(new Level1Report(
            documentId,
            header.SetId ?? InstanceIdentifier.Create(ids.NewUid().ToString(), null),
            (header.VersionNumber ?? head.Sequence) + 1,
            head.DocumentId,
            title,
            time,
            header.LanguageCode.Length > 0 ? header.LanguageCode : "fr-FR",
            head.Patient,
            participant,
            participant,
            header.Custodian ?? structure,
            header.Orders,
            header.ServiceEvents,
            facility,
            pdf));
    }

    private static ViewerLink? Completed(ViewerLink viewer, InstanceIdentifier document) =>
        ViewerAddress.Complete(viewer.Url, document) is { } url ? viewer with { Url = url } : null;

    private static List<PrintedSection> SectionsOf(AmendmentText text)
    {
        var sections = new List<PrintedSection>();
        if (text.Results is { Length: > 0 } results) sections.Add(new PrintedSection("Résultats", results));
        sections.Add(new PrintedSection("Conclusion", text.Conclusion));
        return sections;
    }
}
