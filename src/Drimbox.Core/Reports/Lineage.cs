using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>One document of a report, as far as the order of documents is concerned.</summary>
/// <param name="Id">The document.</param>
/// <param name="Parent">The document it replaces, known here or not.</param>
/// <param name="VersionNumber">The author's count, where there is one.</param>
/// <param name="Sequence">Our count of arrival, from 1; 0 for a document known only by its deletion.</param>
public sealed record LineageNode(InstanceIdentifier Id, InstanceIdentifier? Parent, int? VersionNumber, int Sequence);

/// <summary>
/// The order of the documents of a report. Heads and withdrawals are functions of the set of documents and
/// deletions, not of the order in which messages arrived: answers may depend on that order, the final state may not.
/// </summary>
public static class Lineage
{
    /// <summary>The last document of the lineage, or null if there is none. Of several last documents (a lineage
    /// with gaps) the author's count decides, then the head so far, then the newest arrival.</summary>
    public static InstanceIdentifier? Head(
        IReadOnlyCollection<LineageNode> known,
        IReadOnlySet<InstanceIdentifier> withdrawn,
        InstanceIdentifier? headSoFar)
    {
        var replaced = known.Where(n => n.Parent is not null).Select(n => n.Parent!.Value).ToHashSet();
        var leaves = known.Where(n => !replaced.Contains(n.Id)).ToList();
        var live = leaves.Where(n => !withdrawn.Contains(n.Id)).ToList();
        return (live.Count > 0 ? live : leaves)
            .OrderBy(n => n.VersionNumber ?? 0)
            .ThenBy(n => n.Id == headSoFar)
            .ThenBy(n => n.Sequence)
            .LastOrDefault()?.Id;
    }

    /// <summary>The documents that deletions take away: each named one and everything it replaced. A deleted
    /// document whose ancestors are not all known also takes the documents with a lower author's count, because
    /// in one report they can only be those ancestors' ancestors.</summary>
    public static IReadOnlySet<InstanceIdentifier> Withdrawn(
        IReadOnlyCollection<LineageNode> known, IReadOnlyCollection<LineageNode> deleted)
    {
        var nodes = new Dictionary<InstanceIdentifier, LineageNode>();
        foreach (var node in deleted.Concat(known)) nodes[node.Id] = Richer(node, nodes.GetValueOrDefault(node.Id));

        var withdrawn = new HashSet<InstanceIdentifier>();
        foreach (var tombstone in deleted)
        {
            var current = nodes[tombstone.Id];
            var oldest = current;
            for (var next = current; next is not null && withdrawn.Add(next.Id); next = ParentOf(next, nodes))
                oldest = next;
            if (oldest.Parent is null) continue;
            foreach (var node in known)
            {
                if (node.VersionNumber < current.VersionNumber) withdrawn.Add(node.Id);
            }
        }

        return withdrawn;
    }

    /// <summary>True if making <paramref name="parent"/> the parent of <paramref name="id"/> closes a circle.</summary>
    public static bool WouldCycle(
        IReadOnlyCollection<LineageNode> known, InstanceIdentifier id, InstanceIdentifier parent)
    {
        var nodes = known.ToDictionary(n => n.Id);
        var steps = 0;
        for (InstanceIdentifier? next = parent; next is { } at && steps <= nodes.Count; steps++)
        {
            if (at == id) return true;
            next = nodes.GetValueOrDefault(at)?.Parent;
        }

        return false;
    }

    private static LineageNode? ParentOf(LineageNode node, Dictionary<InstanceIdentifier, LineageNode> nodes) =>
        node.Parent is { } parent ? nodes.GetValueOrDefault(parent) : null;

    private static LineageNode Richer(LineageNode node, LineageNode? other) => other is null
        ? node
        : node with { Parent = node.Parent ?? other.Parent, VersionNumber = node.VersionNumber ?? other.VersionNumber };
}
