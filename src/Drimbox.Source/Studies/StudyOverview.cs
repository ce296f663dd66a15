using Drimbox.Core.Identity;
using Drimbox.Core.Outages;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;

namespace Drimbox.Source.Studies;

/// <summary>A report of a study, as the administrator sees it.</summary>
/// <param name="Counts">It is the newest of its lineage, not withdrawn, for the DMP, with a qualified INS.</param>
public sealed record ReportOverview(
    InstanceIdentifier DocumentId,
    InstanceIdentifier? Parent,
    int? VersionNumber,
    bool Counts,
    Visibility Visibility,
    bool ToDmp,
    bool InsQualified,
    DateTimeOffset ReceivedAt);

/// <summary>A manifest of a study; none is ever removed (DB.SO.22).</summary>
/// <param name="KosUid">Its SOP Instance UID: the XDS uniqueId.</param>
/// <param name="Status">In the DMP, as far as its answers tell: Deprecated and Deleted ones are depublished; null for
/// one that was never there.</param>
public sealed record ManifestOverview(
    Uid KosUid,
    int Sequence,
    DateTimeOffset CreatedAt,
    int Instances,
    AvailabilityStatus? Status,
    Visibility? Visibility);

/// <summary>A study of the source, as the administrator sees it.</summary>
/// <param name="Withheld">Why no manifest is published, or null. See <see cref="SourceAlert"/>.</param>
/// <param name="Refused">What the DMP refused for good, or null.</param>
/// <param name="InFlight">The change of the DMP that is on its way, or null.</param>
public sealed record StudyOverview(
    Uid StudyInstanceUid,
    IReadOnlyList<ReportOverview> Reports,
    IReadOnlyList<ManifestOverview> Manifests,
    bool ImagesVisible,
    Withholding? Withheld,
    ManifestRefusal? Refused,
    SubmissionKind? InFlight)
{
    /// <summary>What the administrator must mend, or null. See <see cref="StudyRepair"/>.</summary>
    public OpenAlert? Alert { get; init; }

    /// <summary>The PACS that holds the images, of several; null: not found yet.</summary>
    public string? Pacs { get; init; }

    internal static StudyOverview Of(Uid study, StudyState state)
    {
        var active = state.ActiveReports(study);
        return new StudyOverview(
            study,
            state.Reports.ConvertAll(r => new ReportOverview(
                r.DocumentId, r.Parent, r.Header.VersionNumber, active.Contains(r), r.Choices.Visibility,
                r.Choices.ToDmp, r.InsQualified, r.RecordedAt)),
            state.Manifests.ConvertAll(m =>
            {
                var entry = state.Publication.Documents.GetValueOrDefault(m.UniqueId);
                return new ManifestOverview(
                    m.SopInstanceUid, m.Sequence, m.CreatedAt, m.Instances, entry?.Status, entry?.Visibility);
            }),
            state.ImagesVisible,
            active.Count > 0 ? state.Withheld : null,
            state.Refused,
            state.Publication.InFlight is [var flight, ..] ? flight.Step.Kind : null)
        {
            Alert = active.Count > 0 ? state.Alert : null,
            Pacs = state.Pacs,
        };
    }
}

/// <summary>What the administrator must look at (DB.SO.21). It stays until its cause is gone.</summary>
/// <param name="StudyInstanceUid">Null: it is of the PACS, the DMP or the disk, and of no study alone.</param>
/// <param name="Rule">The requirement: <c>DB.SO.15</c>.</param>
/// <param name="Reason">In our own words, without patient data.</param>
public sealed record SourceAlert(Uid? StudyInstanceUid, string Rule, string Reason, DateTimeOffset Since)
{
    internal static SourceAlert Of(Outage outage) => new(null, "DB.SO.21", outage.Text, outage.Since);

    internal static IEnumerable<SourceAlert> Of(StudyOverview study)
    {
        if (study.Alert is { } alert)
        {
            yield return new SourceAlert(
                study.StudyInstanceUid, WithheldRules.Of(alert.Reason), alert.Reason.ToString(), alert.Since);
        }

        if (study.Refused is { } refused)
        {
            yield return new SourceAlert(
                study.StudyInstanceUid, "DB.SO.21", $"The DMP refused the manifest: {refused.Detail}", refused.Since);
        }
    }
}
