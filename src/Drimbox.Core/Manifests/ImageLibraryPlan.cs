using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>What the reports and the PACS say of the images, for a profile that describes them.</summary>
internal static class ImageLibraryPlan
{
    /// <param name="events">What the reports say was done in the study.</param>
    /// <param name="shown">The series of the manifest, in its order.</param>
    public static ImageLibrary Of(IReadOnlyList<ImagingServiceEvent> events, IReadOnlyList<SeriesFinding> shown) => new(
        RegionsOf(events, shown),
        shown.Select(s => new LibrarySeries(
            s.SeriesInstanceUid, s.Modality, s.SeriesDate, s.SeriesTime, s.SeriesDescription, s.BodyPartExamined,
            s.Instances.Where(i => i.Title is not null)
                .OrderBy(i => i.SopInstanceUid)
                .Select(i => new DocumentTitle(i.SopInstanceUid, i.Title!)).ToList())).ToList());

    /// <summary>The names of the attributes without which the manifest would not be what its reader may rely on: those
    /// that IHE RAD MADO Rev. 1.1 marks R+ in tables 6.X.2.6-1, 6.X.2.7-1, 6.X.2.8-1, 6.X.2.9-1, 6.X.2.9-2 and
    /// 6.X.2.11-1 and that are somebody else's to tell. The INS makes those of 6.X.2.5.1-1.</summary>
    public static List<string> Missing(
        StudyFindings findings,
        StudyReport newest,
        IReadOnlyList<ReferencedRequest> requests,
        IReadOnlyList<ImagingServiceEvent> events,
        IReadOnlyList<SeriesFinding> shown)
    {
        (string Name, bool IsThere)[] needed =
        [
            ("Study Date", findings.StudyDate.Length > 0),
            ("Study Time", findings.StudyTime.Length > 0),
            ("Institution Name", newest.Header.ResponsibleOrganization is { Name.Length: > 0 }),
            ("Accession Number", requests.Count > 0 && requests.All(r => IsWhole(r.AccessionNumber))),
            ("Placer Order Number", requests.Count > 0 && requests.All(r => IsWhole(r.PlacerOrderNumber))),
            ("Modality", shown.All(s => s.Modality.Length > 0)),
            ("Target Region", RegionsOf(events, shown).Count > 0),
        ];
        return needed.Where(n => !n.IsThere).Select(n => n.Name).ToList();
    }

    // What the reports say was looked at goes before what an operator chose at the modality.
    private static List<CodedEntry> RegionsOf(
        IReadOnlyList<ImagingServiceEvent> events, IReadOnlyList<SeriesFinding> shown)
    {
        var reported = events.SelectMany(e => e.Regions).Select(AnatomicRegions.Of).OfType<CodedEntry>().Distinct()
            .ToList();
        return reported.Count > 0
            ? reported
            : shown.SelectMany(s => AnatomicRegions.OfBodyPart(s.BodyPartExamined)).Distinct().ToList();
    }

    // A number and whose it is.
    private static bool IsWhole(InstanceIdentifier? id) => id is { Extension.Length: > 0, Root.Length: > 0 };
}
