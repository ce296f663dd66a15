using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>The words in which the profile tables are written.</summary>
internal static class Table
{
    public const string PersonsOid = NationalAuthorities.Persons;
    public const string OrganizationsOid = NationalAuthorities.Organizations;

    // Worked out once for each declaration, also for one that was made from another.
    private static readonly ConcurrentDictionary<(string, bool), IReadOnlyList<FieldRule>> Headers = new();
    private static readonly ConditionalWeakTable<ObservationRule, IReadOnlyList<FieldRule>> Observations = [];

    public static SegmentRule Seg(string name, Usage usage = Usage.R, string cardinality = "1..1") =>
        new(name, usage, Cardinality.Parse(cardinality));

    public static SegmentRule Opt(string name) => Seg(name, Usage.O, "0..1");

    public static SegmentRule Any(string name) => Seg(name, Usage.O, "0..*");

    public static GroupRule Group(string name, Usage usage, string cardinality, params StructureRule[] elements) =>
        new(name, usage, Cardinality.Parse(cardinality), elements);

    /// <summary>MSH, as both volets ask for it of every message. A message of no published profile names no country,
    /// character set or profile, and need not name its structure. Source: page st-contraintes, "Eléments de l'entête"; page profils-messages, "Le
    /// segment MSH".</summary>
    public static IReadOnlyList<FieldRule> HeaderOf(string messageStructure, bool isOfPublishedProfile) =>
        Headers.GetOrAdd((messageStructure, isOfPublishedProfile), static key => Header(key.Item1, key.Item2));

    /// <summary>The table of an observation: OBX-2, OBX-3.3, its own lines, OBX-5 where they ask for a part of it,
    /// OBX-11. That OBX-2 and OBX-11 stand there is a line of every OBX.</summary>
    public static IReadOnlyList<FieldRule> LinesOf(ObservationRule rule) => Observations.GetValue(
        rule, static r => ObservationLines(r.Code, r.System, r.ValueTypes, r.Status, r.Fields));

    private static IReadOnlyList<FieldRule> Header(string messageStructure, bool isOfPublishedProfile) =>
    [
        F("MSH-3", "sending application"), F("MSH-4", "sending facility"),
        F("MSH-5", "receiving application"), F("MSH-6", "receiving facility"),
        F("MSH-7", "time of the message", form: ValueForm.Time),
        isOfPublishedProfile
            ? V("MSH-9.3", "message structure", messageStructure)
            : V("MSH-9.3", "message structure", messageStructure).IfSent(),
        F("MSH-10", "message control id", form: ValueForm.ControlId),
        .. isOfPublishedProfile
            ? (FieldRule[])[V("MSH-17", "country", "FRA"), V("MSH-18", "character set", "UNICODE UTF-8", "8859/15")]
            : [],
    ];

    private static IReadOnlyList<FieldRule> ObservationLines(
        string? code, string system, IReadOnlyList<string> types, IReadOnlyList<string> status,
        IReadOnlyList<FieldRule> fields)
    {
        var value = fields.Any(f => f.Path is { Field: 5, Component: > 0 } && f.Usage == Usage.R)
            && !fields.Any(f => f.Path is { Field: 5, Component: 0 });
        return
        [
            V("OBX-2", "value type", [.. types]).IfSent(),
            .. code is null ? (FieldRule[])[] : [V("OBX-3.3", "coding system", system)],
            .. fields,
            .. value ? (FieldRule[])[F("OBX-5", "value")] : [],
            V("OBX-11", "result status", [.. status]).IfSent(),
        ];
    }

    /// <summary>A line without fixed values.</summary>
    public static FieldRule F(
        string path, string name, Usage usage = Usage.R, ValueForm form = ValueForm.Any, Condition? when = null) =>
        new(Er7Path.Parse(path), name, usage, [], form, when);

    /// <summary>A required line with the values that it may take.</summary>
    public static FieldRule V(string path, string name, params string[] values) =>
        new(Er7Path.Parse(path), name, Usage.R, values);

    public static FieldRule Where(this FieldRule rule, Condition when) => rule with { When = when };

    public static FieldRule IfSent(this FieldRule rule) => rule with { Usage = Usage.RE };

    public static FieldRule AnyCase(this FieldRule rule) => rule with { IgnoreCase = true };

    public static FieldRule From(this FieldRule rule, string valueSet) => rule with { ValueSet = valueSet };

    public static Condition Is(string path, params string[] values) => new(Er7Path.Parse(path), values);

    /// <summary>XCN of a professional, as both volets constrain it.</summary>
    public static IEnumerable<FieldRule> Professional(string field, string name, Usage usage, Condition? when = null) =>
    [
        F(field, name, usage, when: when),
        F($"{field}.1", "person identifier (PS_IdNat)", when: when),
        F($"{field}.2", "family name", when: when),
        F($"{field}.3", "given name", when: when),
        V($"{field}.9.2", "OID of the authority", PersonsOid) with { When = when },
        V($"{field}.9.3", "type of the authority's id", "ISO") with { When = when },
        F($"{field}.13", "identifier type (HL7 0203)", when: when),
    ];

    public static AgreementRule Same(string first, string second, string text) =>
        new AgreementRule.Same(Er7Path.Parse(first), Er7Path.Parse(second), text);

    /// <summary>OBX-5 CE with a code of a value set and its system.</summary>
    public static FieldRule[] Coded(string valueSet, params string[] systems) =>
        [F("OBX-5.1", "code").From(valueSet), V("OBX-5.3", "coding system", systems)];

    /// <summary>OBX-5 CE of HL7 table 0136.</summary>
    public static FieldRule[] YesNo(params string[] systems) =>
        [V("OBX-5.1", "yes or no (HL7 0136)", "Y", "N"), V("OBX-5.3", "coding system", systems)];
}
