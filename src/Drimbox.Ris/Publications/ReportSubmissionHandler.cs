using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Tracing;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Publications;

/// <summary>Takes the submissions of reports to the DMP, one attempt at a time, and tells the report how each
/// ended.</summary>
internal sealed class ReportSubmissionHandler(
    DmpClients dmp, ObjectStore objects, ReportRegister reports, ILogger logger) : IQuarantineHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var (row, begun) = (attempt.Row, StudyTrace.Now);
        var payload = EventCodec.Read<ReportSubmissionPayload>(row.Payload);
        if (await RevokeAsync(row, payload))
            return DispatchVerdict.RecordedAs(DispatchOutcome.Stale) with { IsUncalled = true };
        var frozen = payload.Target is null ? null : EventCodec.Read<TargetEntry>(payload.Target);
        // The structure that answers for the document publishes it, with its own certificate (DB.SO.19).
        var client = dmp.For(payload.Sealed.Submission.Author.Institution.Id);
        var end = await new SubmissionAttempt(client, objects.OpenRead).RunAsync(
            payload.Sealed, frozen, DispatchRules.MayStand(payload.AskFirst, row.LastOutcome), payload.AskFirst, attempt.Start,
            cancellationToken);
        attempt.Answered();
        if (StudyTrace.IsOn) await TraceAsync(payload, begun, end.Outcome);
        var submissionSet = payload.Sealed.Submission.SubmissionSetUniqueId;
        if (end.Verdict.BugAlarm)
        {
            DispatchMetrics.BugAlarm(row.Kind);
            RisLog.BytesChanged(logger, payload.Report, submissionSet.ToString(), end.Detail);
        }

        if (end.Outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous)
        {
            RisLog.AttemptFailed(logger, payload.Report, row.Attempts, end.Outcome, end.Detail);
            return new DispatchVerdict(end.Outcome, end.Detail, NewPayload: Frozen(payload, end.Target))
            {
                IsFault = end.Verdict.IsUnexplained,
                IsUnreached = end.Verdict.IsUnreached,
            };
        }

        RisLog.SubmissionEnded(logger, payload.Report, submissionSet.ToString(), end.Outcome, end.Detail);
        // The DMP has answered: the deadline of the attempt must not make this unknown again.
        await EndAsync(payload, new OutboxResult(row.Id, row.Epoch, end.Outcome, Detail: end.Detail));
        return DispatchVerdict.RecordedAs(end.Outcome);
    }

    public Task QuarantineAsync(ClaimedRow row, OutboxResult result) =>
        EndAsync(EventCodec.Read<ReportSubmissionPayload>(row.Payload), result);

    private Task<GrainReply> EndAsync(ReportSubmissionPayload payload, OutboxResult result) => reports.ExecuteAsync(
        payload.Report,
        new EndSubmission(payload.Sealed.Submission.SubmissionSetUniqueId, result.Outcome, result.Detail),
        result, CancellationToken.None);

    // What a submission carries does not say its studies; the report does.
    private async Task TraceAsync(ReportSubmissionPayload payload, DateTimeOffset begun, DispatchOutcome outcome)
    {
        var state = await reports.GetAsync(payload.Report, CancellationToken.None);
        StudyTrace.Record(
            "ris.publication", state.Versions.SelectMany(version => version.Header.StudyInstanceUids).Distinct(), begun,
            $"{payload.Sealed.Submission.Kind} {outcome}", outcome != DispatchOutcome.Done);
    }

    /// <summary>Takes back a first publication that was decided otherwise while it waited. Only one of which it is
    /// known that nothing has left: what may be in the DMP is changed or deleted there by the steps that follow.</summary>
    private async Task<bool> RevokeAsync(ClaimedRow row, ReportSubmissionPayload payload)
    {
        if (!DispatchRules.IsUnsent(payload.AskFirst, row.LastOutcome)) return false;
        var submissionSet = payload.Sealed.Submission.SubmissionSetUniqueId;
        var state = await reports.GetAsync(payload.Report, CancellationToken.None);
        var flight = state.Publication.InFlight.Find(f => f.SubmissionSetUniqueId == submissionSet);
        if (flight is null || !state.Revokes(flight.Step)) return false;
        const string Detail = "Decided otherwise before it left.";
        await EndAsync(payload, new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Stale, Detail: Detail));
        RisLog.SubmissionRevoked(logger, payload.Report, submissionSet.ToString());
        return true;
    }

    private static string? Frozen(ReportSubmissionPayload payload, TargetEntry? target) =>
        target is null || payload.Target is not null
            ? null
            : EventCodec.Write(payload with { Target = EventCodec.Write(target) });
}
