using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Dictionary;

/// <summary>One value of a message with its meaning.</summary>
/// <param name="Path">Where it stands: <c>PID-3[2].4.2</c>.</param>
/// <param name="Name">What stands there, or <c>?</c> where the standard names nothing.</param>
/// <param name="DataType">Its data type; empty where it is not known.</param>
/// <param name="Table">The HL7 table of its values; empty for none.</param>
/// <param name="Value">The decoded text; empty for one that has parts, which follow.</param>
/// <param name="HasParts">True for a field or component whose parts follow.</param>
/// <param name="Profile">What the profile says of it, or null.</param>
public sealed record ExplainedValue(
    Er7Path Path, string Name, string DataType, string Table, string Value, bool HasParts, string? Profile);

/// <summary>A segment with the values in it that are not empty.</summary>
public sealed record ExplainedSegment(Er7Path Path, string Name, IReadOnlyList<ExplainedValue> Values);

/// <summary>Explains a message value by value. It shows what it explains: for a person at his own file, never for
/// logs.</summary>
public static class MessageExplanation
{
    /// <summary>Every segment of <paramref name="message"/>.</summary>
    /// <param name="profile">The profile whose words are added, or null.</param>
    public static IEnumerable<ExplainedSegment> Of(Er7Message message, MessageProfile? profile)
    {
        foreach (var segment in message.Segments)
        {
            var values = new List<ExplainedValue>();
            for (var field = 1; field <= segment.FieldCount; field++) Add(values, segment, field, profile);
            yield return new ExplainedSegment(
                segment.PathOf(0), Hl7Dictionary.SegmentName(segment.Name) ?? "?", values);
        }
    }

    private static void Add(List<ExplainedValue> values, Er7Segment segment, int number, MessageProfile? profile)
    {
        var field = segment[number];
        if (field.IsEmpty) return;
        var element = Hl7Dictionary.Field(segment.Name, number);
        var type = element?.DataType ?? "";
        // HL7 v2.5.1 7.4.2.5: the data type of OBX-5 is the value of OBX-2.
        if (type == "varies") type = segment.Name == "OBX" && number == 5 ? segment[2].Code : "";
        var isLiteral = segment.Index == 0 && number <= 2;
        var repetitions = isLiteral ? [field] : field.Repetitions;
        for (var i = 0; i < repetitions.Count; i++)
        {
            var path = segment.PathOf(number, repetition: i + 1);
            if (repetitions[i].IsEmpty) continue;
            var name = element?.Name ?? "?";
            if (isLiteral)
            {
                values.Add(
                    new ExplainedValue(path, name, type, "", field.Text, false, WordsOf(profile, path, segment)));
                continue;
            }

            AddParts(values, repetitions[i], path, name, type, element?.Table ?? "", segment, profile);
        }
    }

    private static void AddParts(
        List<ExplainedValue> values, Er7Value value, Er7Path path, string name, string type, string table,
        Er7Segment segment, MessageProfile? profile)
    {
        var parts = path.Subcomponent > 0 ? [] : value.Parts().ToList();
        // A simple type has no parts: a delimiter in its text is one that somebody typed (FT, TX, ST).
        var isSimple = type.Length > 0 && !Hl7Dictionary.IsComposite(type);
        var isWhole = isSimple || parts.Count <= 1;
        var text = !isWhole ? "" : value.IsNull ? "\"\"" : isSimple ? value.FreeText : value.Text;
        values.Add(new ExplainedValue(path, name, type, table, text, !isWhole, WordsOf(profile, path, segment)));
        if (isWhole) return;
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].IsEmpty) continue;
            var below = path.Component == 0
                ? path with { Component = i + 1 }
                : path with { Subcomponent = i + 1 };
            var element = Hl7Dictionary.Component(type, i + 1);
            AddParts(
                values, parts[i], below, element?.Name ?? "?", element?.DataType ?? "", element?.Table ?? "", segment,
                profile);
        }
    }

    // "R, one of NW": what the field table of the profile says of this place.
    private static string? WordsOf(MessageProfile? profile, Er7Path path, Er7Segment segment)
    {
        if (profile is null) return null;
        var rules = segment.Name == "MSH" ? profile.Header : profile.Fields;
        if (segment.Name == "OBX" && profile.ObservationOf(segment) is { } observation)
            rules = [.. observation.Lines, .. profile.Fields];
        var rule = rules.FirstOrDefault(r => r.Path == path with { Occurrence = 1, Repetition = 1 });
        return rule is null ? null : $"{rule.Usage}: {rule.Name}";
    }
}
