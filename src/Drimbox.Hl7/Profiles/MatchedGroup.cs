using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>An occurrence of a group in a message: its own segments and the groups in it, in order.</summary>
public sealed class MatchedGroup(string name)
{
    private readonly List<Er7Segment> _segments = [];
    private readonly List<MatchedGroup> _groups = [];

    public string Name => name;

    /// <summary>The segments of this group itself.</summary>
    public IReadOnlyList<Er7Segment> Segments => _segments;

    /// <summary>The groups directly in it.</summary>
    public IReadOnlyList<MatchedGroup> Groups => _groups;

    /// <summary>The first segment of that name here or deeper.</summary>
    public Er7Segment? Find(string segment)
    {
        foreach (var s in All(segment)) return s;
        return null;
    }

    /// <summary>Every segment of that name here or deeper, in message order.</summary>
    public IEnumerable<Er7Segment> All(string segment) =>
        Everything().Where(s => s.Name == segment).OrderBy(s => s.Index);

    /// <summary>Every occurrence of the group <paramref name="group"/>, this one included.</summary>
    public IEnumerable<MatchedGroup> Occurrences(string group) =>
        name == group ? [this] : _groups.SelectMany(g => g.Occurrences(group));

    /// <summary>Every matched segment, of any depth.</summary>
    public IEnumerable<Er7Segment> Everything() => _segments.Concat(_groups.SelectMany(g => g.Everything()));

    internal void Add(Er7Segment segment) => _segments.Add(segment);

    internal void Add(MatchedGroup group) => _groups.Add(group);
}
