using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;

namespace Drimbox.Dmp;

/// <summary>How one attempt at a submission ended.</summary>
/// <param name="Detail">For the operator: codes and our own words.</param>
/// <param name="Target">The entry that the submission acts on, once it was resolved: frozen for later attempts.</param>
/// <param name="Verdict">What the last answer said beside its outcome.</param>
public sealed record SubmissionAttemptResult(
    DispatchOutcome Outcome, string? Detail, TargetEntry? Target, XdsVerdict Verdict);

/// <summary>One exchange with the DMP within an attempt.</summary>
/// <param name="Move">What was asked or sent.</param>
/// <param name="Subject">The document that the registry was asked about; null for what was sent.</param>
/// <param name="Query">What the registry was asked, or null.</param>
/// <param name="Answer">Null: there was none when the attempt was cut off.</param>
/// <param name="Detail">For the operator: codes and our own words.</param>
public sealed record AttemptCall(
    AttemptMove Move, InstanceIdentifier? Subject, StoredQuery? Query, XdsAnswer? Answer, string Detail);

/// <summary>
/// One attempt at a submission (docs/adr/0008): after an end that is not known the registry is asked before anything
/// is sent again; the entryUUID of the target is resolved at the first attempt; then the frozen submission goes out
/// with a fresh VIHF and MessageID. What comes next is decided by <see cref="AttemptProgress"/>.
/// </summary>
/// <param name="open">Reads a document of the object store.</param>
public sealed class SubmissionAttempt(XdsClient client, Func<StoredObject, Stream> open)
{
    private const string NoAnswer = "There was no answer when the attempt was cut off.";

    private readonly List<AttemptCall> _calls = [];

    /// <summary>The exchanges so far, also of an attempt that was cut off.</summary>
    public IReadOnlyList<AttemptCall> Calls => _calls;

    /// <param name="target">What an earlier attempt resolved, or null.</param>
    /// <param name="mayStand">An earlier attempt may have taken effect.</param>
    /// <param name="isLookedAt">A person has it sent again.</param>
    /// <param name="starting">Called right before the first byte of the submission may leave.</param>
    public async Task<SubmissionAttemptResult> RunAsync(
        SealedSubmission @sealed,
        TargetEntry? target,
        bool mayStand,
        bool isLookedAt,
        Action starting,
        CancellationToken cancellation)
    {
        var submission = @sealed.Submission;
        var progress = AttemptProgress.Begin(mayStand, isLookedAt, submission.Target is not null && target is null);
        var verdict = new XdsVerdict(DispatchOutcome.Done);
        while (progress.Outcome is null)
        {
            if (progress.Move == AttemptMove.Send)
            {
                starting();
                var call = Begin(new AttemptCall(AttemptMove.Send, null, null, null, NoAnswer));
                var answer = submission.Kind is SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append
                    ? await client.ProvideAndRegisterDocumentSetAsync(@sealed, open, target, cancellation)
                    : await client.UpdateDocumentSetAsync(@sealed, target!, cancellation);
                End(call, answer);
                verdict = XdsOutcomes.Classify(answer);
                progress = progress.Answered(verdict.Outcome, Describe(answer));
                continue;
            }

            var asksEffect = progress.Move == AttemptMove.AskEffect;
            var effectOn = submission.Document?.Entry.UniqueId ?? submission.Target!.Value;
            var subject = asksEffect ? effectOn : submission.Target!.Value;
            var (entries, failure) = await FindAsync(progress.Move, subject, submission, cancellation);
            if (entries is null)
            {
                verdict = XdsOutcomes.Classify(failure.Answer);
                progress = progress.QueryFailed(failure.Detail);
                continue;
            }

            var stands = subject == effectOn && AttemptProgress.Stands(
                submission.Kind, submission.Document?.Entry.Visibility ?? Visibility.Normal,
                [.. entries.Select(e => new RegisteredEntry(e.Status, e.Entry.Visibility))]);
            if (asksEffect)
            {
                progress = progress.EffectFound(stands);
            }
            else
            {
                var wanted = submission.Kind == SubmissionKind.Unarchive
                    ? AvailabilityStatus.Archived
                    : AvailabilityStatus.Approved;
                target = entries.Where(e => e.Status == wanted).MaxBy(e => e.Version)?.AsTarget();
                progress = progress.TargetFound(target is not null, stands);
            }
        }

        return new(progress.Outcome.Value, progress.Detail, target, verdict);
    }

    private async Task<(IReadOnlyList<RegistryEntry>? Entries, (XdsAnswer Answer, string Detail) Failure)> FindAsync(
        AttemptMove move, InstanceIdentifier uniqueId, Submission submission, CancellationToken cancellation)
    {
        var query = StoredQuery.GetDocuments([uniqueId]);
        var call = Begin(new AttemptCall(move, uniqueId, query, null, NoAnswer));
        var answer = await client.RegistryStoredQueryAsync(
            query, new Requester(submission.Author, submission.PatientId), cancellation);
        End(call, answer.Answer);
        if (!answer.Answer.IsSuccess) return (null, (answer.Answer, Describe(answer.Answer)));

        // An entry that could not be read still is an entry: better to ask a person than to publish twice.
        return answer.ObjectRefs.Count == answer.Entries.Count
            ? (answer.Entries, default)
            : (null, (answer.Answer, "an entry of the registry cannot be read"));
    }

    private int Begin(AttemptCall call)
    {
        _calls.Add(call);
        return _calls.Count - 1;
    }

    private void End(int call, XdsAnswer answer) =>
        _calls[call] = _calls[call] with { Answer = answer, Detail = Describe(answer) };

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
