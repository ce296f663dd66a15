using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;

namespace Drimbox.Dmp;

/// <summary>How one attempt at a submission ended.</summary>
/// <param name="Detail">For the operator: codes and our own words.</param>
/// <param name="Target">The entry that the submission acts on, once it was resolved: frozen for later attempts.</param>
public sealed record SubmissionAttemptResult(DispatchOutcome Outcome, string? Detail, TargetEntry? Target);

/// <summary>
/// One attempt at a submission (docs/adr/0008): after an end that is not known the registry is asked before anything
/// is sent again; the entryUUID of the target is resolved at the first attempt; then the frozen submission goes out
/// with a fresh VIHF and MessageID.
/// </summary>
/// <param name="open">Reads a document of the object store.</param>
public sealed class SubmissionAttempt(XdsClient client, Func<StoredObject, Stream> open)
{
    /// <param name="target">What an earlier attempt resolved, or null.</param>
    /// <param name="attempts">Attempts so far, this one included.</param>
    /// <param name="mayStand">An earlier attempt may have taken effect.</param>
    /// <param name="starting">Called right before the first byte of the submission may leave.</param>
    public async Task<SubmissionAttemptResult> RunAsync(
        SealedSubmission @sealed,
        TargetEntry? target,
        int attempts,
        bool mayStand,
        Action starting,
        CancellationToken cancellation)
    {
        var submission = @sealed.Submission;
        if (mayStand)
        {
            var (stands, failure) = await StandsAsync(submission, cancellation);
            if (failure is not null) return new(DispatchOutcome.Ambiguous, "Query before resend: " + failure, target);
            if (stands) return new(DispatchOutcome.Done, "The registry had it already.", target);
        }

        if (submission.Target is { } uniqueId && target is null)
        {
            var (entries, failure) = await FindAsync(uniqueId, submission, cancellation);
            if (entries is null) return new(DispatchOutcome.Retry, "Query for the target: " + failure, null);
            var wanted = submission.Kind == SubmissionKind.Unarchive
                ? AvailabilityStatus.Archived
                : AvailabilityStatus.Approved;
            target = entries.Where(e => e.Status == wanted).MaxBy(e => e.Version)?.AsTarget();
            if (target is null) return new(DispatchOutcome.Stale, $"The target is not {wanted} in the registry.", null);
        }

        starting();
        var answer = submission.Kind is SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append
            ? await client.ProvideAndRegisterDocumentSetAsync(@sealed, open, target, cancellation)
            : await client.UpdateDocumentSetAsync(@sealed, target!, cancellation);
        var verdict = XdsOutcomes.Classify(answer);
        var outcome = verdict.AttemptsMax is { } most && attempts >= most ? DispatchOutcome.Quarantine : verdict.Outcome;
        return new(outcome, Describe(answer), target);
    }

    /// <summary>True if the registry shows the effect of the submission.</summary>
    private async Task<(bool Stands, string? Failure)> StandsAsync(
        Submission submission, CancellationToken cancellation)
    {
        var subject = submission.Document?.Entry.UniqueId ?? submission.Target!.Value;
        var (entries, failure) = await FindAsync(subject, submission, cancellation);
        if (entries is null) return (false, failure);
        var stands = submission.Kind switch
        {
            SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append => entries.Count > 0,
            SubmissionKind.Archive => entries.Any(e => e.Status == AvailabilityStatus.Archived),
            SubmissionKind.Unarchive => entries.Any(e => e.Status == AvailabilityStatus.Approved),
            SubmissionKind.Delete => !entries.Any(e => e.Status == AvailabilityStatus.Approved),
            SubmissionKind.ChangeVisibility => entries.Any(
                e => e.Status == AvailabilityStatus.Approved
                    && e.Entry.Visibility == submission.Document!.Entry.Visibility),
            _ => throw Invariant.Unreachable(submission),
        };
        return (stands, null);
    }

    private async Task<(IReadOnlyList<RegistryEntry>? Entries, string? Failure)> FindAsync(
        InstanceIdentifier uniqueId, Submission submission, CancellationToken cancellation)
    {
        var answer = await client.RegistryStoredQueryAsync(
            StoredQuery.GetDocuments([uniqueId]), new Requester(submission.Author, submission.PatientId),
            cancellation);
        if (!answer.Answer.IsSuccess) return (null, Describe(answer.Answer));

        // An entry that could not be read still is an entry: better to ask a person than to publish twice.
        return answer.ObjectRefs.Count == answer.Entries.Count
            ? (answer.Entries, null)
            : (null, "an entry of the registry cannot be read");
    }

    private static string Describe(XdsAnswer answer) => answer switch
    {
        XdsAnswer.Answered { Response: var response } => response.Errors.Count == 0
            ? response.Status.ToString()
            : string.Join(", ", response.Errors.Select(e => e.Code).Distinct()),
        XdsAnswer.Faulted faulted => $"SOAP fault {faulted.Fault.Code}/{faulted.Fault.Subcode}",
        XdsAnswer.HttpRefused refused => $"HTTP {refused.HttpStatus}",
        XdsAnswer.NotSent notSent => notSent.Reason,
        XdsAnswer.SentUnknown unknown => unknown.Reason,
        _ => throw Invariant.Unreachable(answer),
    };
}
