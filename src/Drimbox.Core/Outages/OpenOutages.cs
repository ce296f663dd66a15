using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Drimbox.Core.Outages;

/// <summary>What happened to something that a node needs (docs/adr/0032): a peer, the room on its disk, or work that does
/// not fail for ever.</summary>
/// <param name="Peer">As the node names it: <c>dmp</c>, <c>pacs</c>, <c>pacs north</c>,
/// <see cref="Outage.Disk"/>.</param>
[JsonDerivedType(typeof(OutageBegan), nameof(OutageBegan))]
[JsonDerivedType(typeof(OutageEnded), nameof(OutageEnded))]
public abstract record OutageEvent(string Peer, DateTimeOffset At);

public sealed record OutageBegan(string Peer, DateTimeOffset At) : OutageEvent(Peer, At);

public sealed record OutageEnded(string Peer, DateTimeOffset At) : OutageEvent(Peer, At);

/// <summary>Something that a node needs and has not.</summary>
public sealed record Outage(string Peer, DateTimeOffset Since)
{
    /// <summary>The disk of the node's store, where there is no room on it.</summary>
    public const string Disk = "disk";

    /// <summary>A study that was put aside, since each look at it failed by a fault of ours.</summary>
    public const string PutAside = "put-aside";

    /// <summary>For the operator.</summary>
    public string Text => Peer switch
    {
        Disk => "The disk is full: messages are answered AR until there is room.",
        PutAside => "A study was put aside, since each look at it failed: 'drimbox queue out source --state Quarantined' "
            + "shows which, 'drimbox studies reevaluate' looks again.",
        _ => $"The peer '{Peer}' cannot be reached: what is meant for it waits.",
    };

    /// <summary>For the operator, when it is over.</summary>
    public string EndText => Peer == PutAside ? "no study is put aside any more," : $"'{Peer}' is back";
}

/// <summary>What a node needs and has not: each is told when it begins and when it ends, and not between (DB.SO.21).
/// </summary>
public sealed record OpenOutages(ImmutableSortedDictionary<string, DateTimeOffset> Since)
{
    public static OpenOutages None { get; } =
        new(ImmutableSortedDictionary.Create<string, DateTimeOffset>(StringComparer.Ordinal));

    public IReadOnlyList<Outage> List => [.. Since.Select(open => new Outage(open.Key, open.Value))];

    /// <summary>What is to be told; null for what was told already.</summary>
    public OutageEvent? Decide(string peer, bool isAway, DateTimeOffset now)
    {
        if (isAway == Since.ContainsKey(peer)) return null;
        return isAway ? new OutageBegan(peer, now) : new OutageEnded(peer, now);
    }

    public static OpenOutages Evolve(OpenOutages open, OutageEvent e) => e switch
    {
        OutageBegan began => new OpenOutages(open.Since.SetItem(began.Peer, began.At)),
        OutageEnded ended => new OpenOutages(open.Since.Remove(ended.Peer)),
        _ => throw Invariant.Unreachable(e),
    };
}
