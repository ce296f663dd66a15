namespace Drimbox.Core.Publications;

/// <summary>How one attempt to reach a peer ended, and so what comes next. Source: facts on reliability 2.3.</summary>
public enum DispatchOutcome
{
    /// <summary>Accepted; the row is finished.</summary>
    Done,

    /// <summary>Not taken, nothing happened there: the same bytes again, later.</summary>
    Retry,

    /// <summary>Unknown whether it was taken: ask the peer before any resend.</summary>
    Ambiguous,

    /// <summary>The target is no longer what it was: decide again.</summary>
    Stale,

    /// <summary>Refused for good: a person must look.</summary>
    Quarantine,
}
