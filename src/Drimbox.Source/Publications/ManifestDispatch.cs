using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Statistics;
using Drimbox.Core.Studies;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Grains.Tracing;
using Drimbox.Source.Audit;
using Drimbox.Source.Statistics;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Publications;

/// <summary>Carries one submission of a manifest to the DMP, attempt by attempt.</summary>
internal sealed class ManifestDispatch(
    StudyRegister register,
    DmpClients clients,
    ObjectStore objects,
    SubmissionAudit audit,
    SourceStatistics statistics,
    TimeProvider time,
    ILogger<ManifestDispatch> logger)
    : IQuarantineHandler
{
    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var (row, begun) = (attempt.Row, StudyTrace.Now);
        var payload = EventCodec.Read<ManifestSubmissionPayload>(row.Payload);
        var frozen = payload.Target is null ? null : EventCodec.Read<TargetEntry>(payload.Target);
        var submission = payload.Sealed.Submission;
        var client = clients.For(submission.Author.Institution.Id);
        var work = new SubmissionAttempt(client, objects.OpenRead);
        SubmissionAttemptResult end;
        try
        {
            end = await work.RunAsync(
                payload.Sealed, frozen, DispatchRules.MayStand(payload.AskFirst, row.LastOutcome), payload.AskFirst,
                attempt.Start, cancellationToken);
        }
        catch
        {
            // Cut off: what was asked and sent until then has happened.
            await audit.RecordAsync(payload, work.Calls);
            throw;
        }

        attempt.Answered();
        StudyTrace.Record(
            "source.publication", payload.Study, begun, StudyTrace.Now, $"{submission.Kind} {end.Outcome}",
            isFailure: end.Outcome != DispatchOutcome.Done);
        statistics.Count(
            StatisticSubject.Dmp + submission.Kind.ToString().ToLowerInvariant(),
            end.Outcome == DispatchOutcome.Done ? null : $"{end.Outcome}: {end.Detail}");
        var (study, kind) = (StudyRef.Of(payload.Study), submission.Kind.ToString());
        if (end.Verdict.BugAlarm)
        {
            DispatchMetrics.BugAlarm(row.Kind);
            SourceLog.BytesChanged(logger, study, submission.SubmissionSetUniqueId.ToString(), end.Detail);
        }

        if (end.Outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous)
        {
            // The dispatcher records the end of this attempt, in a transaction of its own.
            await audit.RecordAsync(payload, work.Calls);
            var outcome = end.Outcome.ToString();
            SourceLog.SubmissionDelayed(
                logger, end.Verdict.IsUnreached ? LogLevel.Information : LogLevel.Warning, study, kind, row.Attempts,
                outcome, end.Detail);
            return new DispatchVerdict(end.Outcome, end.Detail, NewPayload: Frozen(payload, end.Target))
            {
                IsFault = end.Verdict.IsUnexplained,
                IsUnreached = end.Verdict.IsUnreached,
            };
        }

        // The DMP has answered: the deadline of the attempt must not make this unknown again.
        var kept = end.Outcome == DispatchOutcome.Done
            ? await new KeptSubmissions(objects).KeepAsync(payload.Sealed, end.Target, CancellationToken.None)
            : null;
        var reply = await EndAsync(
            payload, new OutboxResult(row.Id, row.Epoch, end.Outcome, Detail: end.Detail),
            audit.Of(payload, work.Calls), kept);
        if (kept is not null && !reply.LeaseLost)
            await MeasureAsync(payload.Study, submission.Document?.Entry.UniqueId);
        if (reply.LeaseLost)
        {
            await audit.RecordAsync(payload, work.Calls);
            SourceLog.LeaseLost(logger, row.Id);
        }
        else if (end.Outcome == DispatchOutcome.Quarantine)
            SourceLog.SubmissionRefused(logger, study, kind, end.Detail);
        else
            SourceLog.SubmissionEnded(logger, study, kind, end.Outcome.ToString(), end.Detail);
        return DispatchVerdict.RecordedAs(end.Outcome);
    }

    /// <inheritdoc/>
    public Task QuarantineAsync(ClaimedRow row, OutboxResult result)
    {
        var payload = EventCodec.Read<ManifestSubmissionPayload>(row.Payload);
        return EndAsync(payload, result, [audit.GivenUp(payload, result.Detail)]);
    }

    private Task<GrainReply> EndAsync(
        ManifestSubmissionPayload payload, OutboxResult result, IReadOnlyList<AuditRecord> records,
        KeptSubmission? kept = null) =>
        register.ExecuteAsync(
            payload.Study,
            new EndManifestSubmission(
                payload.Sealed.Submission.SubmissionSetUniqueId, result.Outcome, result.Detail)
            {
                Kept = kept,
            },
            result, records, CancellationToken.None);

    private async Task MeasureAsync(Uid study, InstanceIdentifier? manifest)
    {
        if (manifest is { } id && ReportDelay.Of(
            study, await register.GetAsync(study, CancellationToken.None), id, time.GetUtcNow()) is { } delay)
            statistics.Measure(StatisticSubject.ReportToDmp, delay);
    }

    private static string? Frozen(ManifestSubmissionPayload payload, TargetEntry? target) =>
        target is null || payload.Target is not null
            ? null
            : EventCodec.Write(payload with { Target = EventCodec.Write(target) });
}
