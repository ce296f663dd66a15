using Drimbox.Core.Publications;
using Drimbox.Storage;

namespace Drimbox.Grains.Dispatch;

/// <summary>Has the effect of the rows of one kind. It must bear repetition: a row comes again after any end that is
/// not known.</summary>
public interface IOutboxHandler
{
    /// <summary>Tries once. An exception counts as a fault of ours: ambiguous once <see cref="DispatchAttempt.Start"/>
    /// was called, else a retry.</summary>
    /// <param name="cancellationToken">Ends the attempt: its deadline has come or the process stops.</param>
    Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken);
}

/// <summary>A handler whose rows have a grain behind them that waits for their end.</summary>
public interface IQuarantineHandler : IOutboxHandler
{
    /// <summary>The dispatcher gives the row up. Records that, and the <paramref name="result"/>, in one commit.</summary>
    /// <exception cref="Exception">It cannot be recorded so: the dispatcher records the result alone.</exception>
    Task QuarantineAsync(ClaimedRow row, OutboxResult result);
}

/// <summary>One attempt at a row.</summary>
public sealed class DispatchAttempt
{
    private const int Fresh = 0;
    private const int Started = 1;
    private const int ClosedFresh = 2;
    private const int ClosedStarted = 3;

    private readonly Func<TimeSpan> _retryIn;
    private readonly Func<bool> _mayStart;
    private int _state;

    internal DispatchAttempt(ClaimedRow row, Func<TimeSpan> retryIn, Func<bool> mayStart)
    {
        Row = row;
        _retryIn = retryIn;
        _mayStart = mayStart;
    }

    public ClaimedRow Row { get; }

    /// <summary>Call before the first byte that the peer may act on: from here an end without an answer is
    /// ambiguous.</summary>
    /// <exception cref="OperationCanceledException">The attempt is over: it was recorded as one that had no effect, or
    /// its deadline has passed while the process stood still, or its lease may be another's: nothing may be sent any
    /// more.</exception>
    public void Start()
    {
        if (!_mayStart()) throw new OperationCanceledException("The deadline has passed, or the lease is lost.");
        if (Interlocked.CompareExchange(ref _state, Started, Fresh) is ClosedFresh or ClosedStarted)
            throw new OperationCanceledException("The attempt is over.");
        DispatchMetrics.Step("started", Row.Kind);
    }

    /// <summary>Call with the answer of the peer in hand, before it is recorded.</summary>
    public void Answered() => DispatchMetrics.Step("answered", Row.Kind);

    /// <summary>The store of the node had no room: that is no fault of the row.</summary>
    internal bool IsStoreFull { get; set; }

    /// <summary>After how long the next attempt is due by the backoff.</summary>
    internal TimeSpan NextRetryIn() => _retryIn();

    /// <summary>Ends the attempt for a handler that may still run. True if it had started.</summary>
    internal bool Close()
    {
        if (Interlocked.CompareExchange(ref _state, ClosedFresh, Fresh) == Fresh) return false;
        return Interlocked.CompareExchange(ref _state, ClosedStarted, Started) is Started or ClosedStarted;
    }
}

/// <summary>What a handler says of its attempt.</summary>
/// <param name="Outcome">Null if the handler recorded the result itself, inside a commit of its grain.</param>
/// <param name="Detail">For the operator: our own words, no patient data.</param>
/// <param name="RetryAt">For Retry and Ambiguous; null leaves it to the backoff.</param>
/// <param name="NewPayload">Replaces the payload of the row.</param>
public sealed record DispatchVerdict(
    DispatchOutcome? Outcome, string? Detail = null, DateTimeOffset? RetryAt = null, string? NewPayload = null)
{
    /// <summary>Nothing explains the end: it counts as a fault of the row.</summary>
    public bool IsFault { get; init; }

    /// <summary>The peer was not reached, did not answer, or is too busy for anybody: it counts for the circuit breaker
    /// of the destination.</summary>
    public bool IsUnreached { get; init; }

    /// <summary>The peer was not called: the end says nothing of it.</summary>
    public bool IsUncalled { get; init; }

    public static DispatchVerdict Done { get; } = new(DispatchOutcome.Done);

    /// <summary>The handler completed the row in a commit of its own.</summary>
    public static DispatchVerdict Recorded { get; } = new((DispatchOutcome?)null);

    /// <summary>What the handler recorded itself, for the metrics.</summary>
    public DispatchOutcome? RecordedOutcome { get; private init; }

    /// <summary>The handler completed the row so, in a commit of its own.</summary>
    public static DispatchVerdict RecordedAs(DispatchOutcome outcome) => Recorded with { RecordedOutcome = outcome };

    /// <summary>Only if it is known that the peer did nothing, in this attempt and in those before.</summary>
    public static DispatchVerdict Retry(string detail) => new(DispatchOutcome.Retry, detail);

    public static DispatchVerdict Ambiguous(string detail) => new(DispatchOutcome.Ambiguous, detail);

    public static DispatchVerdict Stale(string detail) => new(DispatchOutcome.Stale, detail);

    public static DispatchVerdict Quarantine(string detail) => new(DispatchOutcome.Quarantine, detail);
}

/// <summary>A handler and how its kind is treated.</summary>
/// <param name="FaultsMax">See <see cref="DispatchPatience.FaultsMax"/>.</param>
/// <param name="Destination">The peer that the rows go to: what is in flight is bounded for each, and each has its
/// circuit breaker. Null: the kind is a destination of its own.</param>
/// <param name="AgeMax">See <see cref="DispatchPatience.AgeMax"/>.</param>
public sealed record OutboxHandling(
    IOutboxHandler Handler, int? FaultsMax = null, string? Destination = null, TimeSpan? AgeMax = null)
{
    public DispatchPatience Patience { get; } = new(FaultsMax, AgeMax);
}
