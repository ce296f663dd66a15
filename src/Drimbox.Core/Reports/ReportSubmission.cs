using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>Makes the submissions of a report. Only <see cref="ReportDecider"/> calls it.</summary>
internal static class ReportSubmission
{
    private const string SymbolicId = "Document01";

    public static Submission For(ReportState state, PublicationStep step, RisPolicy policy, DecisionContext context)
    {
        // A deletion may name a version whose document stands in the register: it is published as its author.
        var version = state.Find(step.Document ?? step.Target!.Value);
        Invariant.Holds(version is not null);
        var entry = EntryOf(version, step.Visibility, policy, out _);
        Invariant.Holds(entry is not null);
        foreach (var corrected in state.Corrections.Where(c => c.DocumentId == version.DocumentId))
            entry = corrected.Correction.ApplyTo(entry);
        return Submissions.Create(
            step, context, policy.SourceId, AuthorOf(version, entry), Submissions.ContentTypeOf(version.PatientClass),
            entry.PatientId,
            step.Document is null ? null : new SubmittedDocument(entry, version.File));
    }

    public static DocumentEntry? EntryOf(
        ReportVersion version, Visibility visibility, RisPolicy policy, out Refusal? refusal) =>
        ReportEntry.TryFrom(
            version.Header, SymbolicId, version.Sha1, version.File.Length, visibility, policy.Defaults, out refusal);

    /// <summary>PRT-5 and PRT-8 say who submits; a message without them is submitted as its author.</summary>
    private static Author AuthorOf(ReportVersion version, DocumentEntry entry)
    {
        var institution = version.Header.ResponsibleOrganization ?? entry.Authors[0].Institution;
        var person = version.Sender ?? entry.LegalAuthenticator ?? entry.Authors[0].Person;
        return entry.Authors[0] with { Person = person, Institution = institution };
    }
}
