using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Checks the lines of field tables.</summary>
internal static class FieldRules
{
    public static void Check(
        Er7Message message, MatchedGroup root, IReadOnlyList<FieldRule> rules, List<Finding> findings)
    {
        var bySegment = rules.ToLookup(r => r.Path.Segment, StringComparer.Ordinal);
        foreach (var segment in root.Everything().OrderBy(s => s.Index))
        {
            foreach (var rule in bySegment[segment.Name]) Check(message, segment, rule, findings);
        }
    }

    public static void Check(Er7Message message, Er7Segment segment, FieldRule rule, List<Finding> findings)
    {
        var applies = rule.When is null || Holds(message, segment, rule.When);
        if (!applies && rule.Usage != Usage.C) return;
        var required = rule.Usage is Usage.R || (rule.Usage is Usage.C && applies);
        var (field, component, subcomponent) = (rule.Path.Field, rule.Path.Component, rule.Path.Subcomponent);
        var repetitions = segment[field].Repetitions;
        if (component == 0)
        {
            // The first repetition is the one that is read.
            if (required && !repetitions[0].HasContent)
                Add(RefusalReason.RequiredFieldMissing, 1, $"{rule.Path} is required: {rule.Name}");
            for (var i = 0; i < repetitions.Count; i++) Value(repetitions[i], i + 1);
            return;
        }

        for (var i = 0; i < repetitions.Count; i++)
        {
            // A component is only asked for where its field stands: the field has its own line.
            if (!repetitions[i].HasContent) continue;
            var value = repetitions[i].Component(component);
            if (subcomponent > 0) value = value.Subcomponent(subcomponent);
            if (required && !value.HasContent)
                Add(RefusalReason.RequiredFieldMissing, i + 1, $"{rule.Path} is required: {rule.Name}");
            Value(value, i + 1);
        }

        void Value(Er7Value value, int repetition)
        {
            if (value.IsEmpty || value.IsNull) return;
            if (rule.Values.Count > 0 && !rule.Values.Contains(value.Code, Comparer(rule)))
                Add(RefusalReason.TableValue, repetition, $"{rule.Path} is {string.Join(" or ", rule.Values)}");
            if (!ValueForms.IsOf(rule.Form, value))
                Add(RefusalReason.DataType, repetition, $"{rule.Path} is of the form {rule.Form}: {rule.Name}");
        }

        void Add(RefusalReason reason, int repetition, string text) => findings.Add(new Finding(
            FindingSeverity.Error, segment.PathOf(field, component, subcomponent, repetition), reason, text));
    }

    public static bool Holds(Er7Message message, Er7Segment segment, Condition condition)
    {
        var value = condition.Path.Segment == segment.Name
            ? Er7Message.ValueIn(segment, condition.Path)
            : message.At(condition.Path);
        return condition.Values.Count == 0 ? value.HasContent : condition.Values.Contains(value.Code);
    }

    private static StringComparer Comparer(FieldRule rule) =>
        rule.IgnoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
}
