using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Checks the lines of field tables.</summary>
internal static class FieldRules
{
    private static readonly ConditionalWeakTable<IReadOnlyList<FieldRule>, ILookup<string, FieldRule>> BySegment = [];

    public static void Check(
        Er7Message message, MatchedGroup root, IReadOnlyList<FieldRule> rules, List<Finding> findings)
    {
        var bySegment = BySegment.GetValue(
            rules, static all => all.ToLookup(r => r.Path.Segment, StringComparer.Ordinal));
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
        // The first repetition is the one that is read.
        if (component == 0 && required && !segment[field].Repetition(1).HasContent) Missing(1);
        var number = 0;
        // One after the other, not as a list: thousands of empty repetitions cost nothing.
        foreach (var repetition in segment[field].Parts())
        {
            number++;
            if (component == 0)
            {
                Value(repetition, number);
                continue;
            }

            // A component is only asked for where its field stands: the field has its own line.
            if (!repetition.HasContent) continue;
            var value = repetition.Component(component);
            if (subcomponent > 0) value = value.Subcomponent(subcomponent);
            if (required && !value.HasContent) Missing(number);
            Value(value, number);
        }

        void Missing(int repetition) => Add(
            RefusalReason.RequiredFieldMissing, repetition, $"{rule.Path} is required: {rule.Name}", Wanted(rule));

        void Value(Er7Value value, int repetition)
        {
            if (value.IsEmpty || value.IsNull) return;
            if (rule.Values.Count > 0 && !rule.Values.Contains(value.Code, Comparer(rule)))
                Add(RefusalReason.TableValue, repetition, $"{rule.Path} is {Wanted(rule)}", Wanted(rule));
            if (ValueForms.IsOf(rule.Form, value)) return;
            var text = $"{rule.Path} is of the form {rule.Form}: {rule.Name}";
            Add(RefusalReason.DataType, repetition, text, Wanted(rule));
        }

        void Add(RefusalReason reason, int repetition, string text, string expected) => findings.Add(new Finding(
            FindingSeverity.Error, segment.PathOf(field, component, subcomponent, repetition), reason, text, expected));
    }

    public static bool Holds(Er7Message message, Er7Segment segment, Condition condition)
    {
        var value = condition.Path.Segment == segment.Name
            ? Er7Message.ValueIn(segment, condition.Path)
            : message.At(condition.Path);
        return condition.Values.Count == 0 ? value.HasContent : condition.Values.Contains(value.Code);
    }

    private static string Wanted(FieldRule rule) =>
        rule.Values.Count > 0 ? string.Join(" or ", rule.Values) : ValueForms.Describe(rule.Form);

    private static StringComparer Comparer(FieldRule rule) =>
        rule.IgnoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
}
