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
    DateTimeOffset RecordedAt)
{
    /// <summary>The sender that it came from, by its name in the configuration; null where senders have none.</summary>
    public string? Origin { get; init; }
}

/// <summary>A manifest that was built: what its metadata are made of, and where the KOS lies. Kept for ever
/// (DB.SO.22). The list of its images is in the KOS alone (docs/adr/0007).</summary>
/// <param name="Sequence">1 is the first of the study.</param>
/// <param name="CreatedAt">The instant in the KOS, with the offset of the site.</param>
/// <param name="Instances">How many instances it lists.</param>
/// <param name="ContentKey">Equal for manifests that differ in their own identifiers and dates only.</param>
/// <param name="File">The KOS, a Part 10 file.</param>
public sealed record ManifestVersion(
    int Sequence,
    Uid SopInstanceUid,
    DateTimeOffset CreatedAt,
    IReadOnlyList<ReferencedRequest> Requests,
    int Instances,
    string ContentKey,
    StoredObject File,
    string Sha1)
{
    /// <summary>KOS SOP Instance UID = XDS uniqueId.</summary>
    public InstanceIdentifier UniqueId => InstanceIdentifier.Create(SopInstanceUid.ToString(), null);

    /// <summary>The host of its retrieve URLs; null in records from before it was kept: the KOS says it.</summary>
    public string? RetrieveHost { get; init; }

    /// <summary>The manifest that this one repeats with another host, or null (DB.SO.31).</summary>
    public Uid? ReissueOf { get; init; }
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

    /// <summary>The profile of the manifest asks for what neither the report nor the PACS tells.</summary>
    IncompleteForProfile,
}

/// <summary>A manifest that is wanted and held back.</summary>
public sealed record Withholding(WithheldReason Reason, DateTimeOffset Since);

/// <summary>A submission that the registry refused for good.</summary>
/// <param name="Detail">For the operator.</param>
public sealed record ManifestRefusal(string? Detail, DateTimeOffset Since);

/// <summary>A study in the DRIMbox source: its reports, its manifests, and their publication.</summary>
/// <param name="Deleted">Documents whose deletion was received, as <see cref="StudyReports.KeyOf"/> writes them.</param>
/// <param name="Replaced">Documents of which a replacement is known that is not about this study.</param>
/// <param name="ImagesVisible">The PACS showed at least one image when it was last asked.</param>
/// <param name="Withheld">What the PACS last said against the publication; null if nothing, or if the reports have
/// changed since.</param>
/// <param name="Refused">The refusal behind <see cref="PublicationState.Refused"/>.</param>
public sealed record StudyState(
    ImmutableList<StudyReport> Reports,
    ImmutableHashSet<InstanceIdentifier> Deleted,
    ImmutableHashSet<InstanceIdentifier> Replaced,
    ImmutableList<ManifestVersion> Manifests,
    bool ImagesVisible,
    Withholding? Withheld,
    PublicationState Publication,
    ManifestRefusal? Refused)
{
    public static StudyState Empty { get; } = new([], [], [], [], false, null, PublicationState.Empty, null);

    /// <summary>When the last report or notice about the images came; null before the first.</summary>
    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>What the administrator must mend, or null.</summary>
    public OpenAlert? Alert { get; init; }

    /// <summary>The PACS that held the images when they were last found, of several; null: not found yet.</summary>
    public string? Pacs { get; init; }

    /// <summary>The newest manifest, and those before it that it repeats under another host, newest first: they list
    /// the same images.</summary>
    public IEnumerable<ManifestVersion> CurrentAndRepeated()
    {
        for (var version = Current; version is not null;)
        {
            yield return version;
            var (former, sequence) = (version.ReissueOf, version.Sequence);
            version = Manifests.Find(m => m.SopInstanceUid == former && m.Sequence < sequence);
        }
    }

    /// <summary>Counts what was said of the images: while it is the same, they are the ones that they were (DB.SO.40).
    /// </summary>
    public int ImagesRevision { get; init; }

    public ManifestVersion? Current => Manifests.IsEmpty ? null : Manifests[^1];

    /// <summary>The reports that count for <paramref name="study"/>, oldest first: the last document of each lineage,
    /// not withdrawn, still about the study, for the DMP, with a qualified INS.</summary>
    public IReadOnlyList<StudyReport> ActiveReports(Uid study) => StudyReports.Active(study, this);

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
