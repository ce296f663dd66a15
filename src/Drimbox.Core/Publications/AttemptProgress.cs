namespace Drimbox.Core.Publications;

/// <summary>What one attempt at a submission does next.</summary>
public enum AttemptMove
{
    /// <summary>Ask the registry whether an earlier attempt had its effect (ITI-18, TD3.1).</summary>
    AskEffect,

    /// <summary>Ask the registry for the entry that the submission acts on (ITI-18, TD3.1).</summary>
    AskTarget,

    /// <summary>Send the frozen submission (ITI-41 or ITI-57).</summary>
    Send,

    /// <summary>Nothing: <see cref="AttemptProgress.Outcome"/> says how it ended.</summary>
    Stop,
}

/// <summary>An entry of a registry, as far as a decision needs it.</summary>
public readonly record struct RegisteredEntry(AvailabilityStatus Status, Visibility Visibility);

/// <summary>
/// One attempt at a submission, as decisions without their I/O (docs/adr/0026): the client of the DMP and the
/// simulation both follow it. While an earlier attempt may have had its effect, or may still have it, the registry is
/// asked before anything is sent, nothing that ends here says that nothing happened, and a target that is gone is
/// suspected to be gone by our own hand: unless a person has looked, a person must.
/// </summary>
/// <param name="MayStand">An earlier attempt ended without an answer.</param>
/// <param name="IsLookedAt">A person has it sent again.</param>
/// <param name="NeedsTarget">The submission acts on an entry that was not looked up yet.</param>
/// <param name="Suspicion">Why it looks stale, while the registry is asked whether we are the reason; else null.</param>
public sealed record AttemptProgress(
    AttemptMove Move, bool MayStand, bool IsLookedAt, bool NeedsTarget, DispatchOutcome? Outcome, string? Detail,
    string? Suspicion)
{
    public static AttemptProgress Begin(bool mayStand, bool isLookedAt, bool needsTarget) => new(
        mayStand ? AttemptMove.AskEffect : Next(needsTarget), mayStand, isLookedAt, needsTarget, null, null, null);

    /// <summary>Whether the registry shows the effect of a submission.</summary>
    /// <param name="wanted">The visibility of the document that it carries.</param>
    /// <param name="entries">Those with the unique id of its document; of its target where it carries none.</param>
    public static bool Stands(SubmissionKind kind, Visibility wanted, IReadOnlyList<RegisteredEntry> entries) =>
        kind switch
        {
            SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append => entries.Count > 0,
            SubmissionKind.Archive => entries.Any(e => e.Status == AvailabilityStatus.Archived),
            SubmissionKind.Unarchive => entries.Any(e => e.Status == AvailabilityStatus.Approved),
            SubmissionKind.Delete => !entries.Any(e => e.Status == AvailabilityStatus.Approved),
            SubmissionKind.ChangeVisibility => entries.Any(
                e => e.Status == AvailabilityStatus.Approved && e.Visibility == wanted),
            _ => throw Invariant.Unreachable(kind),
        };

    /// <summary>After <see cref="AttemptMove.AskEffect"/>.</summary>
    public AttemptProgress EffectFound(bool stands)
    {
        if (stands) return End(DispatchOutcome.Done, "The registry had it already.");
        if (Suspicion is null) return this with { Move = Next(NeedsTarget) };
        // Others have changed the target, or have deleted what we put in its place: to publish it once more may undo
        // what somebody did on purpose.
        return IsLookedAt
            ? End(DispatchOutcome.Stale, Suspicion)
            : End(DispatchOutcome.Quarantine, Suspicion + " An attempt before may have been what changed it.");
    }

    /// <summary>After <see cref="AttemptMove.AskTarget"/>.</summary>
    /// <param name="found">An entry in the status that the submission acts on was found.</param>
    /// <param name="stands">The same entries show its effect. The request of an attempt that was given up may have come since
    /// they were asked for it; its own result is then no target: the bytes would be others.</param>
    public AttemptProgress TargetFound(bool found, bool stands)
    {
        if (MayStand && stands) return End(DispatchOutcome.Done, "The registry had it already.");
        return found
            ? this with { Move = AttemptMove.Send, NeedsTarget = false }
            : LooksStale("The target is not in the status that it must have in the registry.");
    }

    /// <summary>The registry could not be asked.</summary>
    public AttemptProgress QueryFailed(string? detail) => Move == AttemptMove.AskEffect
        ? End(DispatchOutcome.Ambiguous, "Query before resend: " + detail)
        : End(Unsent, "Query for the target: " + detail);

    /// <summary>After <see cref="AttemptMove.Send"/>.</summary>
    /// <param name="outcome">What the answer means by itself.</param>
    public AttemptProgress Answered(DispatchOutcome outcome, string? detail) => outcome switch
    {
        DispatchOutcome.Stale => LooksStale(detail ?? ""),
        DispatchOutcome.Retry => End(Unsent, detail),
        _ => End(outcome, detail),
    };

    // A query that does not show the effect says what was so when it was answered: a request of an earlier attempt that
    // is still on its way comes later. So what was ambiguous once stays so until it ends.
    private DispatchOutcome Unsent => MayStand ? DispatchOutcome.Ambiguous : DispatchOutcome.Retry;

    private static AttemptMove Next(bool needsTarget) => needsTarget ? AttemptMove.AskTarget : AttemptMove.Send;

    // Our own earlier attempt may be what deprecated the target, a moment after we asked for its effect.
    private AttemptProgress LooksStale(string detail) => MayStand
        ? this with { Move = AttemptMove.AskEffect, Suspicion = detail }
        : End(DispatchOutcome.Stale, detail);

    private AttemptProgress End(DispatchOutcome outcome, string? detail) =>
        this with { Move = AttemptMove.Stop, Outcome = outcome, Detail = detail };
}
