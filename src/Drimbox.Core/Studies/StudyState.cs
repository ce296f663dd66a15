using System.Collections.Immutable;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Studies;

/// <summary>A report as the DRIMbox knows it: its header, its patient and who may see it; never its body.</summary>
public sealed record StudyReport(
    InstanceIdentifier DocumentId,
    InstanceIdentifier? Parent,
    CdaHeader Header,
    Patient Patient,
    bool InsQualified,
    PublicationChoices Choices,
    Professional? Sender,
    string? PatientClass,
    DateTimeOffset RecordedAt);

/// <summary>A manifest that was built: what was encoded, and where the KOS lies. Kept for ever (DB.SO.22).</summary>
/// <param name="ContentKey">Equal for manifests that differ in their own identifiers and dates only.</param>
/// <param name="File">The KOS, a Part 10 file.</param>
public sealed record ManifestVersion(
    int Sequence, Manifest Manifest, string ContentKey, StoredObject File, string Sha1, DateTimeOffset BuiltAt)
{
    /// <summary>KOS SOP Instance UID = XDS uniqueId.</summary>
    public InstanceIdentifier UniqueId => InstanceIdentifier.Create(Manifest.SopInstanceUid.ToString(), null);
}

/// <summary>Why no manifest is published for a study that has a report. Source: DB.SO.15 to 17.</summary>
public enum WithheldReason
{
    /// <summary>DB.SO.15: the PACS does not know the study, or shows no image of it.</summary>
    StudyAbsentFromPacs,

    /// <summary>DB.SO.16: the patient of the images is not the patient of the report.</summary>
    PatientMismatch,

    /// <summary>DB.SO.17: the accession number of the images is none of those of the report.</summary>
    AccessionMismatch,

    /// <summary>The PACS did not answer; asked again with backoff.</summary>
    PacsUnreachable,
}

/// <summary>A study in the DRIMbox source: its reports, its manifests, and their publication.</summary>
/// <param name="Deleted">Documents whose deletion was received.</param>
/// <param name="ImagesVisible">The PACS showed at least one image when it was last asked.</param>
/// <param name="Withheld">Why the manifest that is wanted is not published; null when it is, or none is wanted.</param>
public sealed record StudyState(
    ImmutableList<StudyReport> Reports,
    ImmutableHashSet<InstanceIdentifier> Deleted,
    ImmutableList<ManifestVersion> Manifests,
    bool ImagesVisible,
    WithheldReason? Withheld,
    PublicationState Publication)
{
    public static StudyState Empty { get; } = new([], [], [], false, null, PublicationState.Empty);

    public ManifestVersion? Current => Manifests.IsEmpty ? null : Manifests[^1];

    /// <summary>The reports that count for <paramref name="study"/>: not replaced by another known document, not
    /// withdrawn, still about the study, for the DMP, with a qualified INS.</summary>
    public IReadOnlyList<StudyReport> ActiveReports(Uid study)
    {
        var nodes = Reports.ConvertAll(
            r => new LineageNode(r.DocumentId, r.Parent, r.Header.VersionNumber, Reports.IndexOf(r) + 1));
        var withdrawn = Lineage.Withdrawn(
            nodes, Deleted.Select(d => nodes.Find(n => n.Id == d) ?? new LineageNode(d, null, null, 0)).ToList());
        return Reports.FindAll(r => r is { InsQualified: true, Choices.ToDmp: true }
            && !withdrawn.Contains(r.DocumentId)
            && !Reports.Exists(other => other.Parent == r.DocumentId)
            && r.Header.StudyInstanceUids.Contains(study));
    }

    /// <summary>What the registry should hold: the newest manifest while a report counts and an image is visible,
    /// with the most restrictive visibility of the reports.</summary>
    public WantedDocument? Wanted(Uid study)
    {
        var active = ActiveReports(study);
        if (active.Count == 0 || !ImagesVisible || Current is not { } current) return null;
        return new WantedDocument(current.UniqueId, MostRestrictive(active));
    }

    public static Visibility MostRestrictive(IEnumerable<StudyReport> reports) =>
        reports.Aggregate(Visibility.Normal, (sum, r) => sum | r.Choices.Visibility);
}
