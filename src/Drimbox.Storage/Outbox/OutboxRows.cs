using Drimbox.Core.Publications;

namespace Drimbox.Storage;

/// <summary>An effect to be had on a peer, once the commit that holds it is durable.</summary>
/// <param name="Lane">Rows of one lane leave one after the other; lanes go in parallel.</param>
/// <param name="Kind">Which handler takes it.</param>
/// <param name="Payload">What that handler needs; large bodies by reference.</param>
/// <param name="DueAt">Not before.</param>
/// <param name="Priority">0 is usual; a higher one goes first, in its lane and among the lanes. It never overtakes a row
/// of its lane that is in flight or whose last attempt ended ambiguous.</param>
/// <param name="CoalesceKey">If the lane holds a row with this key that no one has sent yet (or that is known to have
/// had no effect), that row takes the new kind, payload and due time, and no row is added. Its due time is never
/// moved past its creation + <see cref="FlowStoreOptions.CoalesceDelayMax"/>.</param>
public sealed record OutboxRow(
    string Lane,
    string Kind,
    string Payload,
    DateTimeOffset DueAt,
    int Priority = 0,
    string? CoalesceKey = null);

/// <summary>What a worker has room for.</summary>
/// <param name="Kinds">Of the rows.</param>
/// <param name="Max">Rows of these kinds together.</param>
public sealed record ClaimDemand(IReadOnlyList<string> Kinds, int Max);

/// <summary>A row leased to a worker.</summary>
/// <param name="Attempts">Counts this claim: 1 at the first.</param>
/// <param name="Epoch">Names this claim: a result is recorded only under the epoch of the last claim.</param>
/// <param name="LastOutcome">How the attempt before ended, or null. <see cref="DispatchOutcome.Ambiguous"/> also
/// if its owner died or let the lease pass.</param>
/// <param name="Faults">Attempts that ended without anyone's verdict: exception, hang, death of the process.</param>
public sealed record ClaimedRow(
    long Id,
    string Lane,
    string Kind,
    string Payload,
    int Attempts,
    long Epoch,
    DispatchOutcome? LastOutcome,
    string? LastDetail,
    DateTimeOffset CreatedAt,
    int Faults = 0);

/// <summary>How an attempt ended.</summary>
/// <param name="Outcome">Done and Stale finish the row and keep it as history. Retry and Ambiguous schedule it again;
/// an ambiguous row stays the head of its lane whatever its priority. Quarantine sets it aside for a person.</param>
/// <param name="RetryAt">For Retry and Ambiguous; null is now.</param>
/// <param name="Detail">For the operator: our own words, no patient data.</param>
/// <param name="NewPayload">Replaces the payload: what the first attempt resolved is frozen for the next.</param>
/// <param name="Faults">The new <see cref="ClaimedRow.Faults"/>; null leaves it.</param>
public sealed record OutboxResult(
    long Id,
    long Epoch,
    DispatchOutcome Outcome,
    DateTimeOffset? RetryAt = null,
    string? Detail = null,
    string? NewPayload = null,
    int? Faults = null)
{
    /// <summary>In place of <see cref="RetryAt"/>, and right though the clock of the process is set meanwhile: so long after
    /// the result is recorded, by the clock of the database.</summary>
    public TimeSpan? RetryIn { get; init; }
}

/// <summary>Where a row stands.</summary>
public enum OutboxState
{
    /// <summary>Waiting, leased or scheduled again.</summary>
    Pending,

    Done,
    Stale,

    /// <summary>Dead letter: stays until a person requeues or discards it.</summary>
    Quarantined,

    /// <summary>Given up by a person.</summary>
    Discarded,
}

/// <summary>A row as operations see it.</summary>
/// <param name="BlocksLane">True for a quarantined row of a kind that holds back the rows behind it.</param>
/// <param name="LeaseOwner">Who works on it, or null.</param>
public sealed record OutboxEntry(
    long Id,
    string Lane,
    string Kind,
    string Payload,
    int Priority,
    OutboxState State,
    bool BlocksLane,
    DateTimeOffset DueAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt,
    int Attempts,
    int Faults,
    long Epoch,
    string? LeaseOwner,
    DateTimeOffset? LeaseUntil,
    DispatchOutcome? LastOutcome,
    string? LastDetail,
    string? CoalesceKey);

/// <summary>Which rows to list, oldest first.</summary>
/// <param name="States">Empty: all.</param>
/// <param name="AfterId">Continue after this row.</param>
public sealed record OutboxFilter(
    IReadOnlyList<OutboxState> States,
    string? Lane = null,
    string? Kind = null,
    long AfterId = 0,
    int Max = 100);

/// <summary>What a person did to a row.</summary>
public sealed record OutboxIntervention(long RowId, string Action, string Actor, DateTimeOffset At);
