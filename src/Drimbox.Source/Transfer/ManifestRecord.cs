using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Grains.Studies;

namespace Drimbox.Source.Transfer;

/// <summary>A submission of a manifest that took effect.</summary>
/// <param name="TargetEntryUuid">The entry of the registry that it acted on; null for a first publication.</param>
/// <param name="HasMetadata">The metadata are kept as they were sent.</param>
public sealed record SubmissionRecord(
    Uid SubmissionSet, SubmissionKind Kind, DateTimeOffset DecidedAt, DateTimeOffset EndedAt, string? TargetEntryUuid,
    bool HasMetadata);

/// <summary>What is kept of one manifest, whether it is in the DMP or not (DB.SO.22).</summary>
/// <param name="Reports">The documents that counted for the study when it was made: those that had led to it.</param>
/// <param name="Status">In the DMP, as far as its answers tell; null for one that was never there.</param>
/// <param name="ReissueOf">The manifest that it repeats under another host, or null.</param>
/// <param name="Submissions">Those that brought it, changed it or took it away, in their order.</param>
public sealed record ManifestRecord(
    Uid Study,
    Uid KosUid,
    int Sequence,
    DateTimeOffset CreatedAt,
    int Instances,
    StoredObject File,
    string? RetrieveHost,
    AvailabilityStatus? Status,
    Visibility? Visibility,
    Uid? ReissueOf,
    IReadOnlyList<InstanceIdentifier> Reports,
    IReadOnlyList<SubmissionRecord> Submissions)
{
    internal static IReadOnlyList<ManifestRecord> Of(StudyHistory history)
    {
        var (study, records) = (history.Study, new List<ManifestRecord>());
        var state = StudyState.Empty;
        var reports = new Dictionary<Uid, IReadOnlyList<InstanceIdentifier>>();
        foreach (var e in history.Events)
        {
            state = StudyDecider.Evolve(state, e);
            if (e is ManifestBuilt or ManifestReissued)
                reports[state.Current!.SopInstanceUid] = [.. state.ActiveReports(study).Select(r => r.DocumentId)];
        }

        var ends = history.Events.OfType<ManifestSubmissionEnded>().Where(e => e.Outcome == DispatchOutcome.Done)
            .ToDictionary(e => e.SubmissionSetUniqueId);
        var submissions = history.Events.OfType<ManifestSubmissionDecided>()
            .Where(d => ends.ContainsKey(d.SubmissionSetUniqueId)).ToList();
        foreach (var version in state.Manifests)
        {
            var entry = state.Publication.Documents.GetValueOrDefault(version.UniqueId);
            records.Add(new ManifestRecord(
                study, version.SopInstanceUid, version.Sequence, version.CreatedAt, version.Instances, version.File,
                version.RetrieveHost, entry?.Status, entry?.Visibility, version.ReissueOf,
                reports[version.SopInstanceUid],
                [.. submissions.Where(d => d.Step.Document == version.UniqueId || d.Step.Target == version.UniqueId)
                    .Select(d => Of(d, ends[d.SubmissionSetUniqueId]))]));
        }

        return records;
    }

    private static SubmissionRecord Of(ManifestSubmissionDecided decided, ManifestSubmissionEnded ended) => new(
        decided.SubmissionSetUniqueId, decided.Step.Kind, decided.DecidedAt, ended.EndedAt, ended.Kept?.TargetEntryUuid,
        ended.Kept is not null);
}
