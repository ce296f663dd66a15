using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>Makes the submissions of a manifest. Only <see cref="StudyDecider"/> calls it.</summary>
internal static class ManifestSubmission
{
    public static Submission For(
        Uid study, StudyState state, PublicationStep step, SourcePolicy policy, DecisionContext context)
    {
        var id = step.Document ?? step.Target!.Value;
        var version = state.Manifests.Find(m => m.UniqueId == id);
        Invariant.Holds(version is not null);

        // After a depublication no report counts any more; the VIHF context is that of the last one, from the
        // archive (facts document 1.5).
        var report = state.ActiveReports(study) is { Count: > 0 } active ? active[^1] : LastOf(study, state, version, policy);
        var entry = ManifestEntry.TryFrom(version, study, report, step.Visibility, policy);
        Invariant.Holds(entry is not null);
        var author = entry.Authors[0] with
        {
            Person = report.Sender ?? entry.LegalAuthenticator ?? entry.Authors[0].Person,
        };
        return Submissions.Create(
            step, context, policy.SourceId, author, Submissions.ContentTypeOf(report.PatientClass), entry.PatientId,
            step.Document is null ? null : new SubmittedDocument(entry, version.File));
    }

    /// <summary>The last report for the DMP; where all of them were withheld since then, the last one that can speak
    /// for the manifest: one that never was for the DMP need not have the metadata.</summary>
    private static StudyReport LastOf(Uid study, StudyState state, ManifestVersion version, SourcePolicy policy)
    {
        var about = state.Reports.FindAll(r => r.InsQualified && r.Header.StudyInstanceUids.Contains(study));
        return about.FindLast(r => r.Choices.ToDmp)
            ?? about.FindLast(r => ManifestEntry.TryDescribe(study, version.Requests, r, policy) is not null)!;
    }
}
