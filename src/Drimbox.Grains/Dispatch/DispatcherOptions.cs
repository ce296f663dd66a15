using Drimbox.Core;
using Drimbox.Storage;

namespace Drimbox.Grains.Dispatch;

/// <summary>How a dispatcher works.</summary>
public sealed record DispatcherOptions
{
    /// <summary>Who holds the leases; operations see it.</summary>
    public required string Owner { get; init; }

    /// <summary>The handlers by kind of row. A row of another kind waits and is logged.</summary>
    public required IReadOnlyDictionary<string, OutboxHandling> Handlers { get; init; }

    /// <summary>Randomness of the backoff. Used under a lock.</summary>
    public required Random Random { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Rows at once for each destination, each of another lane. Default 8.</summary>
    public int InFlightMax { get; init; } = Limits.DispatchesInFlightMax;

    /// <summary>Default 90 s.</summary>
    public TimeSpan Lease { get; init; } = Limits.OutboxLease;

    /// <summary>End of one attempt; shorter than <see cref="Lease"/> and longer than any call of a handler. Default
    /// 75 s.</summary>
    public TimeSpan AttemptDeadline { get; init; } = Limits.DispatchAttemptDeadline;

    /// <summary>Default 1 s.</summary>
    public TimeSpan RetryDelayMin { get; init; } = Limits.RetryDelayMin;

    /// <summary>Default 5 min.</summary>
    public TimeSpan RetryDelayMax { get; init; } = Limits.RetryDelayMax;

    /// <summary>Is told after each attempt that says something of its destination: its name, and whether it is there;
    /// it is not while its circuit breaker is open. Must not wait.</summary>
    public Action<string, bool>? PeerSeen { get; init; }

    /// <summary>Destinations that were away when the process before this one ended. Asked at the start.</summary>
    public Func<IReadOnlyList<string>> KnownAway { get; init; } = static () => [];

    /// <summary>Is told of each write to the node's store that failed. Must not wait.</summary>
    public Action<StorageFault>? StoreFailed { get; init; }

    /// <summary>How long attempts may go on once the stop was asked for, before they are cancelled. Default 10 s.
    /// </summary>
    public TimeSpan StopGrace { get; init; } = Limits.DispatchStopGrace;
}
