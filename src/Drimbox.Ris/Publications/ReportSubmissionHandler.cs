using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Publications;

/// <summary>Takes the submissions of reports to the DMP, one attempt at a time, and tells the report how each
/// ended.</summary>
internal sealed class ReportSubmissionHandler(
    DmpClients dmp, ObjectStore objects, ReportRegister reports, ILogger logger) : IOutboxHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var row = attempt.Row;
        var payload = EventCodec.Read<ReportSubmissionPayload>(row.Payload);
        if (await RevokeAsync(row, payload)) return DispatchVerdict.Recorded;
        var frozen = payload.Target is null ? null : EventCodec.Read<TargetEntry>(payload.Target);
        // The structure that answers for the document publishes it, with its own certificate (DB.SO.19).
        var client = dmp.For(payload.Sealed.Submission.Author.Institution.Id);
        var end = await new SubmissionAttempt(client, objects.OpenRead).RunAsync(
            payload.Sealed, frozen, row.Attempts,
            mayStand: payload.AskFirst || row.LastOutcome == DispatchOutcome.Ambiguous, attempt.Start,
            cancellationToken);
        if (end.Outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous)
        {
            RisLog.AttemptFailed(logger, payload.Report, row.Attempts, end.Outcome, end.Detail);
            return new DispatchVerdict(end.Outcome, end.Detail, NewPayload: Frozen(payload, end.Target));
        }

        var submissionSet = payload.Sealed.Submission.SubmissionSetUniqueId;
        RisLog.SubmissionEnded(logger, payload.Report, submissionSet.ToString(), end.Outcome, end.Detail);
        // The DMP has answered: the deadline of the attempt must not make this unknown again.
        await reports.ExecuteAsync(
            payload.Report, new EndSubmission(submissionSet, end.Outcome, end.Detail),
            new OutboxResult(row.Id, row.Epoch, end.Outcome, Detail: end.Detail), CancellationToken.None);
        return DispatchVerdict.Recorded;
    }

    /// <summary>Takes back a first publication that was decided otherwise while it waited. Only one of which it is
    /// known that nothing has left: what may be in the DMP is changed or deleted there by the steps that follow.</summary>
    private async Task<bool> RevokeAsync(ClaimedRow row, ReportSubmissionPayload payload)
    {
        if (payload.AskFirst || row.LastOutcome is not (null or DispatchOutcome.Retry)) return false;
        var submissionSet = payload.Sealed.Submission.SubmissionSetUniqueId;
        var state = await reports.GetAsync(payload.Report, CancellationToken.None);
        var flight = state.Publication.InFlight.Find(f => f.SubmissionSetUniqueId == submissionSet);
        if (flight is null || !state.Revokes(flight.Step)) return false;
        const string Detail = "Decided otherwise before it left.";
        await reports.ExecuteAsync(
            payload.Report, new EndSubmission(submissionSet, DispatchOutcome.Stale, Detail),
            new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Stale, Detail: Detail), CancellationToken.None);
        RisLog.SubmissionRevoked(logger, payload.Report, submissionSet.ToString());
        return true;
    }

    private static string? Frozen(ReportSubmissionPayload payload, TargetEntry? target) =>
        target is null || payload.Target is not null
            ? null
            : EventCodec.Write(payload with { Target = EventCodec.Write(target) });
}
