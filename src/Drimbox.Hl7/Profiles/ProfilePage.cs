using System.Text;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Dictionary;

namespace Drimbox.Hl7.Profiles;

/// <summary>Profiles as a page of Markdown, from their declarations: docs/conformance/hl7-profiles.md.</summary>
public static class ProfilePage
{
    private const string Introduction = """
        # HL7 profiles

        What each message must look like, as the validator checks it, `drimbox hl7 sample` makes it and `drimbox hl7
        explain` words it. This page is made of the same declarations:
        `drimbox hl7 profile > docs/conformance/hl7-profiles.md` writes it anew. Where a guide contradicts itself,
        [hl7.md](hl7.md) says what was chosen.

        - **Usage**: R required; RE required but may be empty: sent if known; O optional; C conditional: required when
          its condition holds. A line of usage R with a condition only applies where that holds. Segments that a
          structure does not name are skipped. (HL7 v2.5.1 2.12.6)
        - A component is asked for where its field stands; the field has a line of its own.
        - Values are compared without surrounding spaces. National value sets (JDV) are named and not checked.

        """;

    /// <summary>The page of all <paramref name="profiles"/>.</summary>
    public static string Write(IEnumerable<MessageProfile> profiles)
    {
        var page = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        foreach (var profile in profiles) page.Append('\n').Append(Write(profile));
        return page.ToString();
    }

    /// <summary>The section of one profile.</summary>
    public static string Write(MessageProfile profile)
    {
        var page = new StringBuilder();
        Line(page, $"## {profile.Id}: {profile.Title}");
        Line(page);
        Line(page, "| | |");
        Line(page, "|---|---|");
        Line(page, $"| Volet | {VoletOf(profile)} |");
        var types = profile.TriggerEvents.Select(e => $"{profile.MessageType}^{e}^{profile.MessageStructure}");
        var ids = profile.ProfileIds.Count > 0 ? Codes(profile.ProfileIds.Select(i => $"{i}")) : "not looked at";
        Line(page, $"| MSH-9 | {Codes(types)} |");
        Line(page, $"| MSH-11 | {Codes(["P", "T", "D"])} |");
        Line(page, $"| MSH-12 | {Codes([profile.Version])} |");
        Line(page, $"| MSH-21 | {ids} |");
        if (profile.OrderControls.Count > 0) Line(page, $"| ORC-1 | {Codes(profile.OrderControls)} |");
        Line(page, $"| Source | {profile.Source} |");
        Line(page);
        Structure(page, profile);
        Fields(page, profile);
        Observations(page, profile);
        Agreements(page, profile);
        // No empty line at the end, wherever the last table was.
        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static string VoletOf(MessageProfile profile) => profile.ProfileIds switch
    {
        [] when profile == StudyChangeProfile.Omi => "none",
        [] or [{ Name: "CISIS_TLR_HL7_V2" or "CISIS_CDA_HL7_V2" }, ..] => profile.Volet == Hl7Volet.Teleradiology
            ? "CI-SIS Téléradiologie 1.0"
            : "CI-SIS Transmission d'un document CDA-R2 en HL7v2",
        [var other, ..] => other.Name,
    };

    private static void Structure(StringBuilder page, MessageProfile profile)
    {
        Line(page, "### Structure");
        Line(page);
        Line(page, "| Element | Meaning | Usage | Card. |");
        Line(page, "|---|---|---|---|");
        foreach (var element in profile.Structure.Elements) Element(page, element, 0);
        Line(page);
    }

    private static void Element(StringBuilder page, StructureRule element, int depth)
    {
        var indent = string.Concat(Enumerable.Repeat("&nbsp;&nbsp;&nbsp;", depth));
        var meaning = element is GroupRule ? "group" : Hl7Dictionary.SegmentName(element.Name) ?? "";
        var name = element is GroupRule ? $"*{element.Name}*" : element.Name;
        Line(page, $"| {indent}{name} | {meaning} | {element.Usage} | {element.Cardinality} |");
        if (element is not GroupRule group) return;
        foreach (var inner in group.Elements) Element(page, inner, depth + 1);
    }

    private static void Fields(StringBuilder page, MessageProfile profile)
    {
        Line(page, "### Fields");
        Line(page);
        Line(page, "| Field | Type | Content | Usage | Values or form | Condition |");
        Line(page, "|---|---|---|---|---|---|");
        foreach (var rule in profile.Header.Concat(profile.Fields))
        {
            Line(page,
                $"| {rule.Path} | {TypeOf(rule)} | {rule.Name} | {rule.Usage} | {ValuesOf(rule)} | {rule.When} |");
        }

        Line(page);
    }

    private static void Observations(StringBuilder page, MessageProfile profile)
    {
        if (profile.Observations.Count == 0) return;
        Line(page, $"### Observations, in each {profile.OrderGroup}");
        Line(page);
        Line(page, "| OBX-3 | OBX-4 | Usage | Card. | OBX-2 | OBX-11 | Lines |");
        Line(page, "|---|---|---|---|---|---|---|");
        foreach (var rule in profile.Observations)
        {
            var code = rule.Code is null ? "the document" : $"`{rule.Code}^…^{rule.System}`";
            if (rule.Aliases is { } aliases) code += $", read also as {Codes(aliases)}";
            var part = rule.SubIdPart is { } m ? $"n.{m}" : "";
            var usage = rule.RequiredWhen is { } when ? $"{rule.Usage}: {when}" : $"{rule.Usage}";
            Line(page,
                $"| {code} | {part} | {usage} | {rule.Cardinality} | {Codes(rule.ValueTypes)} | {Codes(rule.Status)} "
                + $"| {string.Join("<br>", LinesOf(rule).Select(Sentence))} |");
        }

        Line(page);
    }

    // OBX-2, OBX-3.3 and OBX-11 have columns of their own.
    private static IEnumerable<FieldRule> LinesOf(ObservationRule rule) => rule.Lines.Where(
        l => l.Path is not { Field: 2 or 11 } && !(rule.Code is not null && l.Path is { Field: 3, Component: 3 }));

    private static void Agreements(StringBuilder page, MessageProfile profile)
    {
        if (profile.Agreements.Count == 0) return;
        Line(page, "### Between values");
        Line(page);
        foreach (var rule in profile.Agreements)
        {
            Line(page, $"- {rule.Text}");
            if (rule is not AgreementRule.Action action) continue;
            foreach (var row in action.Rows)
            {
                Line(page,
                    $"  - ORC-1 `{row.OrderControl}`, OBX-11 `{row.Status}`, in an MDM the event `{row.TriggerEvent}`");
            }
        }

        Line(page);
    }

    private static string Sentence(FieldRule rule)
    {
        var values = ValuesOf(rule);
        var text = $"{rule.Path} {rule.Usage} {rule.Name}";
        if (values.Length > 0) text += $": {values}";
        return rule.When is null ? text : $"{text}, if {rule.When}";
    }

    private static string ValuesOf(FieldRule rule)
    {
        if (rule.ValueSet is { } set) return $"a code of {set}";
        if (rule.Values.Count > 0) return Codes(rule.Values) + (rule.IgnoreCase ? " in any case" : "");
        return rule.Form == ValueForm.Any ? "" : ValueForms.Describe(rule.Form);
    }

    private static string TypeOf(FieldRule rule)
    {
        var type = Hl7Dictionary.Field(rule.Path.Segment, rule.Path.Field)?.DataType ?? "";
        if (rule.Path.Component > 0) type = Hl7Dictionary.Component(type, rule.Path.Component)?.DataType ?? "";
        return rule.Path.Subcomponent > 0
            ? Hl7Dictionary.Component(type, rule.Path.Subcomponent)?.DataType ?? ""
            : type;
    }

    private static string Codes(IEnumerable<string> values) => string.Join(", ", values.Select(v => $"`{v}`"));

    private static void Line(StringBuilder page, string text = "") => page.Append(text).Append('\n');
}
