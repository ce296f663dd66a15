using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Statistics;
using Drimbox.Core.Studies;
using Drimbox.Dicom.Kos;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Source.Statistics;
using Drimbox.Source.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Manifests;

/// <summary>Looks at a study once: asks the PACS, encodes the KOS if another one is needed, and leaves the decision to
/// the study.</summary>
internal sealed class ManifestEvaluation(
    StudyRegister register,
    PacsQuery pacs,
    ObjectStore objects,
    SourcePolicy policy,
    IIdSource ids,
    TimeProvider time,
    SourceStatistics statistics,
    ILogger<ManifestEvaluation> logger) : IOutboxHandler
{
    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var study = EventCodec.Read<ManifestEvaluationPayload>(attempt.Row.Payload).Study;
        var state = await register.GetAsync(study, cancellationToken);
        if (state.ActiveReports(study).Count == 0) return DispatchVerdict.Done;

        var (findings, failure) = await pacs.AskAsync(study, cancellationToken);
        statistics.Count(StatisticSubject.PacsQueries, failure);
        if (findings is null)
        {
            SourceLog.PacsUnreachable(logger, StudyRef.Of(study), failure!);
            var unreachable = await register.ExecuteAsync(study, new RecordPacsUnreachable(), null, cancellationToken);
            Tell(study, unreachable);
            return DispatchVerdict.Retry("The PACS could not be asked: " + failure);
        }

        SourceLog.PacsAsked(logger, StudyRef.Of(study), findings.Series.Sum(s => s.Instances.Count));
        state = await register.GetAsync(study, cancellationToken);
        var built = ManifestPlan.IsCurrent(study, state, findings, policy)
            ? null
            : await BuildAsync(study, state, findings, cancellationToken);
        var reply = await register.ExecuteAsync(
            study, new RecordFindings(findings, built),
            new OutboxResult(attempt.Row.Id, attempt.Row.Epoch, DispatchOutcome.Done), cancellationToken);
        if (reply.LeaseLost) SourceLog.LeaseLost(logger, attempt.Row.Id);
        Tell(study, reply);
        return DispatchVerdict.Recorded;
    }

    private async Task<ManifestFile?> BuildAsync(
        Uid study, StudyState state, StudyFindings findings, CancellationToken cancellationToken)
    {
        var context = new DecisionContext(time.GetUtcNow(), ids);
        if (ManifestPlan.Plan(study, state, findings, policy, context) is not { } manifest) return null;
        var file = KosDataSet.ToFile(manifest);
        return new ManifestFile(
            manifest, await objects.PutAsync(file, cancellationToken), Convert.ToHexStringLower(SHA1.HashData(file)));
    }

    // DB.SO.15 to 17 and 21: the administrator is told, once for each cause.
    private void Tell(Uid study, GrainReply reply)
    {
        if (Enum.TryParse<WithheldReason>(reply.Alert, out var reason))
            SourceLog.Withheld(logger, StudyRef.Of(study), reason, WithheldRules.Of(reason));
    }
}
