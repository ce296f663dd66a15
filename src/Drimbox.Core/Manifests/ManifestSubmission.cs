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
        var report = state.ActiveReports(study) is { Count: > 0 } active ? active[^1] : LastOf(study, state);
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

    private static StudyReport LastOf(Uid study, StudyState state) =>
        state.Reports.FindLast(
            r => r is { InsQualified: true, Choices.ToDmp: true } && r.Header.StudyInstanceUids.Contains(study))!;
}
