using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>Submissions and their ends, as operations list them.</summary>
internal static class PublicationRows
{
    public static IReadOnlyList<PublicationRow> Of(Submission? submission, string lane) => submission is null
        ? []
        : [new PublicationRow(
            submission.SubmissionSetUniqueId.ToString(), lane, submission.Kind.ToString(),
            submission.Document?.Entry.UniqueId.ToString(), submission.Target?.ToString(), submission.SubmissionTime)];

    /// <summary>The end, or null for an outcome after which the submission is tried again.</summary>
    public static PublicationEnd? EndOf(Uid submissionSet, DispatchOutcome outcome, string? detail, DateTimeOffset now) =>
        outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous
            ? null
            : new PublicationEnd(submissionSet.ToString(), outcome, detail, now);
}
