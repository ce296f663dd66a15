using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Lays the segments of a message into the groups of its structure table. Segments that the table does not
/// name are skipped: the receiver need not know them (page profils-messages; HL7 v2.5.1 2.8.2).</summary>
internal sealed class StructureMatcher
{
    private readonly HashSet<string> _known;
    private readonly List<Er7Segment> _segments;
    private readonly Er7Message _message;
    private readonly List<Finding> _findings;
    private int _next;

    private StructureMatcher(Er7Message message, GroupRule structure, List<Finding> findings)
    {
        _message = message;
        _findings = findings;
        _known = structure.Names.ToHashSet(StringComparer.Ordinal);
        _segments = [.. message.Segments.Where(s => _known.Contains(s.Name))];
    }

    public static MatchedGroup Match(Er7Message message, GroupRule structure, List<Finding> findings)
    {
        var matcher = new StructureMatcher(message, structure, findings);
        var root = matcher.Group(structure, new HashSet<string>(StringComparer.Ordinal));
        for (; matcher._next < matcher._segments.Count; matcher._next++) matcher.Stray(structure.Name, root);
        return root;
    }

    private MatchedGroup Group(GroupRule rule, HashSet<string> after)
    {
        var group = new MatchedGroup(rule.Name);
        for (var i = 0; i < rule.Elements.Count; i++)
        {
            var later = rule.Elements.Skip(i + 1).SelectMany(e => e.Names).Concat(after)
                .ToHashSet(StringComparer.Ordinal);
            Element(rule, rule.Elements[i], later, group);
        }

        return group;
    }

    private void Element(GroupRule parent, StructureRule element, HashSet<string> later, MatchedGroup group)
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

    private void Take(StructureRule element, HashSet<string> later, MatchedGroup group)
    {
        if (element is not GroupRule rule)
        {
            group.Add(_segments[_next++]);
            return;
        }

        // What may follow inside a repeatable group is also its own beginning.
        var after = rule.Cardinality.Max == 1
            ? later
            : later.Append(rule.First).ToHashSet(StringComparer.Ordinal);
        group.Add(Group(rule, after));
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
}
