using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Statistics;
using Drimbox.Core.Studies;
using Drimbox.Grains.Audit;
using Drimbox.Grains.Studies;
using Drimbox.Grains.Tracing;
using Drimbox.Source.Statistics;
using Drimbox.Source.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Manifests;

/// <summary>What a look at a study led to.</summary>
/// <param name="Failure">Why the PACS could not be asked, or null.</param>
public sealed record StudyLook(string? Failure)
{
    /// <summary>There was no association with the PACS: it is not the study that fails.</summary>
    public bool IsUnreached { get; init; }

    /// <summary>The PACS gave no answer, with an association or without.</summary>
    public bool IsSilent { get; init; }

    /// <summary>No report of the study counts: the PACS was not asked.</summary>
    public bool IsUnwanted { get; init; }

    /// <summary>The change of the DMP that it led to, or null.</summary>
    public SubmissionKind? Decided { get; init; }

    /// <summary>Why no manifest is published, or null.</summary>
    public WithheldReason? Withheld { get; init; }

    /// <summary>The outbox row was taken over by another owner: nothing was recorded.</summary>
    public bool LeaseLost { get; init; }
}

/// <summary>Looks at a study once: asks the PACS, encodes the KOS if another one is needed, and leaves the decision to
/// the study.</summary>
internal sealed class StudyEvaluation(
    StudyRegister register,
    PacsQuery pacs,
    ManifestFiles files,
    KeyImageNotes notes,
    SourcePolicy policy,
    IIdSource ids,
    TimeProvider time,
    AuditTrail audit,
    SourceStatistics statistics,
    ILogger<StudyEvaluation> logger)
{
    /// <param name="result">Finishes the outbox row that asked for it, with the decision; null: there is none.</param>
    /// <param name="attempts">How often it was looked at in a row without an answer, this one included.</param>
    public async Task<StudyLook> LookAsync(
        Uid study, OutboxResult? result, int attempts, CancellationToken cancellationToken)
    {
        var begun = StudyTrace.Now;
        var look = await LookOnceAsync(study, result, attempts, cancellationToken);
        if (look.IsUnwanted || !StudyTrace.IsOn) return look;
        var outcome = look switch
        {
            { Failure: not null } => "the PACS does not answer",
            { Decided: { } decided } => decided.ToString(),
            { Withheld: { } withheld } => withheld.ToString(),
            _ => "unchanged",
        };
        StudyTrace.Record("source.manifest", study, begun, StudyTrace.Now, outcome, look.Failure is not null);
        return look;
    }

    private async Task<StudyLook> LookOnceAsync(
        Uid study, OutboxResult? result, int attempts, CancellationToken cancellationToken)
    {
        var state = await register.GetAsync(study, cancellationToken);
        if (state.ActiveReports(study).Count == 0) return new StudyLook(null) { IsUnwanted = true };
        var answer = await pacs.AskAsync(study, state, cancellationToken);
        if (!answer.IsUncalled) statistics.Count(StatisticSubject.PacsQueries, answer.Failure);
        List<AuditRecord> asked = [.. answer.Asked.Select(one => audit.Of(PacsQuery.EventOf(audit, study, one)))];
        if (answer.Findings is not { } findings)
        {
            // A PACS that answers nobody is told once. Where it answers about the others, it is the study's matter.
            var isOutage = answer.IsSilent && (answer.IsAway || attempts < Limits.CircuitFailuresMax);
            var named = StudyRef.Of(study);
            SourceLog.PacsUnreachable(
                logger, isOutage ? LogLevel.Information : LogLevel.Warning, named, answer.Failure!);
            await register.ExecuteAsync(study, new RecordPacsUnreachable(isOutage), null, asked, cancellationToken);
            return new StudyLook(answer.Failure) { IsUnreached = answer.IsUnreached, IsSilent = answer.IsSilent };
        }

        state = await register.GetAsync(study, cancellationToken);
        findings = await notes.AddAsync(study, state, findings, cancellationToken);
        var built = ManifestPlan.IsCurrent(study, state, findings, policy)
            ? null
            : await BuildAsync(study, state, findings, cancellationToken);
        var reply = await register.ExecuteAsync(
            study, new RecordFindings(findings, built), result, asked, cancellationToken);
        SourceLog.PacsAsked(logger, StudyRef.Of(study), findings.Series.Sum(s => s.Instances.Count));
        if (reply.LeaseLost) await audit.RecordPastAsync(asked);
        return new StudyLook(null)
        {
            Decided = reply.Decided,
            Withheld = reply.Withheld,
            LeaseLost = reply.LeaseLost,
        };
    }

    private async Task<ManifestFile?> BuildAsync(
        Uid study, StudyState state, StudyFindings findings, CancellationToken cancellationToken)
    {
        var context = new DecisionContext(time.GetUtcNow(), ids);
        return ManifestPlan.Plan(study, state, findings, policy, context) is { } manifest
            ? await files.PutAsync(manifest, cancellationToken)
            : null;
    }
}
