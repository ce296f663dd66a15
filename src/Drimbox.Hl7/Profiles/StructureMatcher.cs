using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Lays the segments of a message into the groups of its structure table. Segments that the table does not
/// name are skipped: the receiver need not know them (page profils-messages; HL7 v2.5.1 2.8.2).</summary>
internal sealed class StructureMatcher
{
    // What a table says is worked out once: by instance, since a declaration may be made from another one.
    private static readonly ConditionalWeakTable<GroupRule, Follow> Follows = [];

    private readonly List<Er7Segment> _segments;
    private readonly Er7Message _message;
    private readonly List<Finding> _findings;
    private int _next;

    private StructureMatcher(Er7Message message, GroupRule structure, List<Finding> findings)
    {
        _message = message;
        _findings = findings;
        var known = FollowOf(structure).Known;
        _segments = [.. message.Segments.Where(s => known.Contains(s.Name))];
    }

    public static MatchedGroup Match(Er7Message message, GroupRule structure, List<Finding> findings)
    {
        var matcher = new StructureMatcher(message, structure, findings);
        var root = matcher.Group(structure, null);
        for (; matcher._next < matcher._segments.Count; matcher._next++) matcher.Stray(structure.Name, root);
        return root;
    }

    private static Follow FollowOf(GroupRule rule) => Follows.GetValue(rule, static r => new Follow(r));

    private MatchedGroup Group(GroupRule rule, Later? after)
    {
        var group = new MatchedGroup(rule.Name);
        var follow = FollowOf(rule);
        for (var i = 0; i < rule.Elements.Count; i++)
            Element(rule, rule.Elements[i], new Later(follow.Behind[i], null, after), group);
        return group;
    }

    private void Element(GroupRule parent, StructureRule element, Later later, MatchedGroup group)
    {
        var count = 0;
        while (_next < _segments.Count)
        {
            var name = _segments[_next].Name;
            if (name == element.First && (element.Cardinality.Max is not { } max || count < max))
            {
                count++;
                Take(element, later, group);
            }
            else if (count == 0 && LacksItsFirst(element, name))
            {
                count++;
                Take(element, later, group);
            }
            else if (!later.Contains(name))
            {
                Stray(parent.Name, group);
                _next++;
            }
            else
            {
                break;
            }
        }

        if (count >= element.Cardinality.Min) return;
        _findings.Add(new Finding(
            FindingSeverity.Error,
            new Er7Path(element.First, _message.CountOf(element.First) + 1, 0, 1, 0, 0),
            RefusalReason.SegmentSequence,
            $"{element.First} is required in {parent.Name} {element.Cardinality}"));
    }

    // A required group that begins with something else of its own has lost its first segment, and only that.
    private static bool LacksItsFirst(StructureRule element, string name) =>
        element is GroupRule { Cardinality.Min: > 0 } && element.Names.Contains(name);

    private void Take(StructureRule element, Later later, MatchedGroup group)
    {
        if (element is not GroupRule rule)
        {
            group.Add(_segments[_next++]);
            return;
        }

        // What may follow inside a repeatable group is also its own beginning.
        group.Add(Group(rule, rule.Cardinality.Max == 1 ? later : later with { Again = rule.First }));
    }

    private void Stray(string where, MatchedGroup group)
    {
        var segment = _segments[_next];
        var again = group.Segments.Any(s => s.Name == segment.Name)
            || group.Groups.Any(g => g.Segments.Count > 0 && g.Segments[0].Name == segment.Name);
        _findings.Add(new Finding(
            FindingSeverity.Error,
            segment.PathOf(0),
            again ? RefusalReason.Cardinality : RefusalReason.SegmentSequence,
            again ? $"{segment.Name} occurs too often in {where}" : $"{segment.Name} is out of place in {where}"));
    }

    /// <summary>The segments that may stand behind an element: those of the elements behind it in its group, the
    /// beginning of a further occurrence, and what may stand behind the group.</summary>
    private sealed record Later(HashSet<string> Names, string? Again, Later? Outer)
    {
        public bool Contains(string name)
        {
            for (var at = this; at is not null; at = at.Outer)
            {
                if (at.Again == name || at.Names.Contains(name)) return true;
            }

            return false;
        }
    }

    private sealed class Follow(GroupRule rule)
    {
        /// <summary>Every segment of the group.</summary>
        public HashSet<string> Known { get; } = rule.Names.ToHashSet(StringComparer.Ordinal);

        /// <summary>For each element the segments of those behind it.</summary>
        public IReadOnlyList<HashSet<string>> Behind { get; } =
        [
            .. Enumerable.Range(1, rule.Elements.Count).Select(i =>
                rule.Elements.Skip(i).SelectMany(e => e.Names).ToHashSet(StringComparer.Ordinal)),
        ];
    }
}
