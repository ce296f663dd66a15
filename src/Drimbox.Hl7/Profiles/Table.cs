using Drimbox.Core.Identity;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>The words in which the profile tables are written.</summary>
internal static class Table
{
    public const string PersonsOid = NationalAuthorities.Persons;
    public const string OrganizationsOid = NationalAuthorities.Organizations;

    public static SegmentRule Seg(string name, Usage usage = Usage.R, string cardinality = "1..1") =>
        new(name, usage, Cardinality.Parse(cardinality));

    public static SegmentRule Opt(string name) => Seg(name, Usage.O, "0..1");

    public static SegmentRule Any(string name) => Seg(name, Usage.O, "0..*");

    public static GroupRule Group(string name, Usage usage, string cardinality, params StructureRule[] elements) =>
        new(name, usage, Cardinality.Parse(cardinality), elements);

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

    /// <summary>OBX-5 CE with a code and its system.</summary>
    public static FieldRule[] Coded(params string[] systems) =>
        [F("OBX-5.1", "code"), V("OBX-5.3", "coding system", systems)];

    /// <summary>OBX-5 CE of HL7 table 0136.</summary>
    public static FieldRule[] YesNo(params string[] systems) =>
        [V("OBX-5.1", "yes or no (HL7 0136)", "Y", "N"), V("OBX-5.3", "coding system", systems)];
}
