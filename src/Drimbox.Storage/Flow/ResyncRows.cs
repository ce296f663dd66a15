namespace Drimbox.Storage;

/// <summary>A resynchronisation that goes through many studies, as it stands in the store.</summary>
/// <param name="State">Planned, Running, Paused, Done or Cancelled.</param>
/// <param name="Plan">What it goes through; its owner reads it.</param>
/// <param name="Cursor">How much of the plan was listed; its owner reads it. Empty: nothing.</param>
/// <param name="IsListed">All of the plan was listed.</param>
/// <param name="Estimated">Studies that were expected when it was planned.</param>
/// <param name="Note">Why it stands still, for the administrator; empty: nothing to say.</param>
/// <param name="ChangedBy">Who brought it into its state.</param>
public sealed record ResyncEntry(
    long Id,
    string State,
    string Plan,
    string Cursor,
    bool IsListed,
    long Estimated,
    string Note,
    string ChangedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt);

/// <summary>How many studies of a run ended so.</summary>
public sealed record ResyncCount(string Outcome, long Studies);

/// <summary>A study of a run that needs somebody.</summary>
/// <param name="Study">Its UID; a day that could not be listed is there too, as <c>yyyyMMdd</c>.</param>
public sealed record ResyncFailure(string Study, string Outcome);

/// <summary>A part of a plan that was listed: written in one transaction, so that a stop leaves all of it or
/// nothing.</summary>
/// <param name="Studies">That wait from now on. One that waits already, waits once.</param>
/// <param name="Counts">Of studies that need no work.</param>
/// <param name="Failure">A part that could not be listed, or null.</param>
/// <param name="Cursor">Where the next part begins.</param>
/// <param name="IsLast">There is none.</param>
public sealed record ResyncPage(
    IReadOnlyList<string> Studies,
    IReadOnlyList<ResyncCount> Counts,
    ResyncFailure? Failure,
    string Cursor,
    bool IsLast);
