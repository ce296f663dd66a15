using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Manifests;

/// <summary>Looks at a study that has changed, as long as it takes for the PACS to answer.</summary>
/// <param name="isOnlyPacs">There is one PACS, so that no study need be looked at while it is away. Of several, the
/// studies that one of them holds do not wait for another.</param>
internal sealed class ManifestEvaluation(
    StudyEvaluation evaluation, StudiesPutAside putAside, bool isOnlyPacs, ILogger<ManifestEvaluation> logger)
    : IQuarantineHandler
{
    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var row = attempt.Row;
        var study = EventCodec.Read<ManifestEvaluationPayload>(row.Payload).Study;
        var look = await evaluation.LookAsync(
            study, new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), row.Attempts, cancellationToken);
        if (look.Failure is null) await putAside.LookedAsync(row.Lane);
        if (look.IsUnwanted) return DispatchVerdict.Done with { IsUncalled = true };
        if (look.Failure is { } failure)
        {
            return DispatchVerdict.Retry("The PACS could not be asked: " + failure) with
            {
                IsUnreached = isOnlyPacs && look.IsSilent,
            };
        }

        if (look.LeaseLost) SourceLog.LeaseLost(logger, row.Id);
        return DispatchVerdict.Recorded;
    }

    /// <inheritdoc/>
    public Task QuarantineAsync(ClaimedRow row, OutboxResult result) => putAside.AddAsync(result);
}
