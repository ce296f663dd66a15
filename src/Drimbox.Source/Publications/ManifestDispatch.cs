using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Publications;

/// <summary>The payload of a submission with what its first attempt resolved (docs/adr/0008).</summary>
/// <param name="Target">The entry that is acted on; null until it is known.</param>
internal sealed record ResolvedSubmissionPayload(Uid Study, SealedSubmission Sealed, TargetEntry? Target);

/// <summary>Carries one submission of a manifest to the DMP, attempt by attempt.</summary>
internal sealed class ManifestDispatch(
    StudyRegister register, DmpClients clients, ObjectStore objects, ILogger<ManifestDispatch> logger) : IOutboxHandler
{
    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var row = attempt.Row;
        var payload = EventCodec.Read<ResolvedSubmissionPayload>(row.Payload);
        var submission = payload.Sealed.Submission;
        var client = clients.For(submission.Author.Institution.Id);
        var end = await new SubmissionAttempt(client, objects.OpenRead).RunAsync(
            payload.Sealed, payload.Target, row.Attempts, mayStand: row.LastOutcome == DispatchOutcome.Ambiguous,
            attempt.Start, cancellationToken);
        var newPayload = end.Target == payload.Target ? null : EventCodec.Write(payload with { Target = end.Target });
        var (study, kind) = (StudyRef.Of(payload.Study), submission.Kind.ToString());
        if (end.Outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous)
        {
            SourceLog.SubmissionDelayed(logger, study, kind, row.Attempts, end.Outcome.ToString(), end.Detail);
            return new DispatchVerdict(end.Outcome, end.Detail, NewPayload: newPayload);
        }

        if (end.Outcome == DispatchOutcome.Quarantine) SourceLog.SubmissionRefused(logger, study, kind, end.Detail);
        else SourceLog.SubmissionEnded(logger, study, kind, end.Outcome.ToString(), end.Detail);

        // The DMP has answered: the deadline of the attempt must not make this unknown again.
        var reply = await register.ExecuteAsync(
            payload.Study,
            new EndManifestSubmission(submission.SubmissionSetUniqueId, end.Outcome, end.Detail),
            new OutboxResult(row.Id, row.Epoch, end.Outcome, null, end.Detail, newPayload), CancellationToken.None);
        if (reply.LeaseLost) SourceLog.LeaseLost(logger, row.Id);
        return DispatchVerdict.Recorded;
    }
}
