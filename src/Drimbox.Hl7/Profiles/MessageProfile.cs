using System.Globalization;
using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>How an element is used. Source: HL7 v2.5.1 2.12.6.</summary>
public enum Usage
{
    /// <summary>Required.</summary>
    R,

    /// <summary>Required but may be empty: sent if known.</summary>
    RE,

    /// <summary>Optional.</summary>
    O,

    /// <summary>Conditional: required when its condition holds.</summary>
    C,
}

/// <summary>The form of a value that a rule checks beyond its presence.</summary>
public enum ValueForm
{
    Any,

    /// <summary>TS: YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ] (HL7 v2.5.1 2.A.77).</summary>
    Time,

    /// <summary>NM (HL7 v2.5.1 2.A.47).</summary>
    Number,

    /// <summary>A whole number that is not negative.</summary>
    Count,

    /// <summary>A DICOM UID.</summary>
    Uid,

    /// <summary>ED-5 of encoding Base64.</summary>
    Base64,

    /// <summary>MSH-10: printable ASCII, at most <see cref="Limits.MessageControlIdLengthMax"/> characters.</summary>
    ControlId,
}

/// <summary>How often an element may occur.</summary>
/// <param name="Max">Null for no bound.</param>
public readonly record struct Cardinality(int Min, int? Max)
{
    /// <summary>Reads <c>1..1</c>, <c>0..*</c>.</summary>
    public static Cardinality Parse(string text)
    {
        var (min, max) = (text[..text.IndexOf('.', StringComparison.Ordinal)], text[(text.LastIndexOf('.') + 1)..]);
        return new Cardinality(
            int.Parse(min, CultureInfo.InvariantCulture),
            max == "*" ? null : int.Parse(max, CultureInfo.InvariantCulture));
    }

    public override string ToString() => $"[{Min}..{(Max is { } max ? max : "*")}]";
}

/// <summary>A line of the structure table of a message.</summary>
public abstract record StructureRule(string Name, Usage Usage, Cardinality Cardinality)
{
    /// <summary>The segment that an occurrence begins with.</summary>
    public abstract string First { get; }

    /// <summary>Every segment name in it.</summary>
    public abstract IEnumerable<string> Names { get; }
}

public sealed record SegmentRule(string Name, Usage Usage, Cardinality Cardinality)
    : StructureRule(Name, Usage, Cardinality)
{
    public override string First => Name;

    public override IEnumerable<string> Names => [Name];
}

/// <summary>A group; its first element is always required, as in every table of both volets.</summary>
public sealed record GroupRule(
    string Name, Usage Usage, Cardinality Cardinality, IReadOnlyList<StructureRule> Elements)
    : StructureRule(Name, Usage, Cardinality)
{
    public override string First => Elements[0].First;

    public override IEnumerable<string> Names => Elements.SelectMany(e => e.Names);
}

/// <summary>True where the value at <paramref name="Path"/> is one of <paramref name="Values"/>; without values, where
/// something stands there.</summary>
public sealed record Condition(Er7Path Path, IReadOnlyList<string> Values)
{
    public override string ToString() =>
        Values.Count == 0 ? $"{Path} is present" : $"{Path} is {string.Join(" or ", Values)}";
}

/// <summary>A line of a field table. A component is looked at only where its field stands; the field has its own line.
/// </summary>
/// <param name="Values">The values allowed; empty for any.</param>
/// <param name="When">For <see cref="Usage.C"/>, when it is required; for the others, where the line applies.</param>
/// <param name="IgnoreCase">True where the examples of the volet itself disagree on the case.</param>
public sealed record FieldRule(
    Er7Path Path,
    string Name,
    Usage Usage,
    IReadOnlyList<string> Values,
    ValueForm Form = ValueForm.Any,
    Condition? When = null,
    bool IgnoreCase = false)
{
    /// <summary>The national value set that the volet names, for a reader: its codes are the sender's own matter, and are
    /// not checked.</summary>
    public string? ValueSet { get; init; }
}

/// <summary>A table "groupe OBSERVATION": an OBX that is known by its OBX-3 (and the second part of its
/// OBX-4).</summary>
/// <param name="Code">OBX-3.1; null for the document of the CDA volet: ED, of any type of document.</param>
/// <param name="System">OBX-3.3.</param>
/// <param name="SubIdPart">The m of OBX-4 = n.m, or null where OBX-4 is not used (page sub-id).</param>
/// <param name="ValueTypes">OBX-2.</param>
/// <param name="Status">OBX-11.</param>
/// <param name="Fields">Further lines, with paths of OBX.</param>
/// <param name="RequiredWhen">For <see cref="Usage.C"/>.</param>
/// <param name="Aliases">Other spellings of the code in the examples of the volet.</param>
public sealed record ObservationRule(
    string? Code,
    string System,
    Usage Usage,
    Cardinality Cardinality,
    IReadOnlyList<string> ValueTypes,
    IReadOnlyList<string> Status,
    IReadOnlyList<FieldRule> Fields,
    int? SubIdPart = null,
    Condition? RequiredWhen = null,
    IReadOnlyList<string>? Aliases = null)
{
    /// <summary>Its whole table, the lines that every table has first and last.</summary>
    public IReadOnlyList<FieldRule> Lines => Table.LinesOf(this);

    public string Title => Code is null ? "document" : SubIdPart is { } m ? $"{Code} n.{m}" : Code;
}

/// <summary>A rule between several values of one order.</summary>
public abstract record AgreementRule(string Text)
{
    /// <summary>Two fields, or components, hold the same value.</summary>
    public sealed record Same(Er7Path First, Er7Path Second, string Text) : AgreementRule(Text);

    /// <summary>The document's OBX-11, ORC-1 and the trigger event are of one row.</summary>
    public sealed record Action(IReadOnlyList<ActionRow> Rows, string Text) : AgreementRule(Text);

    /// <summary>OBX-3.1 of the document is OBR-4.1.</summary>
    public sealed record DocumentType(string Text) : AgreementRule(Text);

    /// <summary>Of one occurrence n of a code, the parts <paramref name="Part"/> asks for <paramref name="Other"/>.
    /// </summary>
    public sealed record SubIdPair(string Code, int Part, int Other, string Text) : AgreementRule(Text);

    /// <summary>One of these observations at Y asks for a PRT with this PRT-4.1.</summary>
    public sealed record Participation(IReadOnlyList<string> Flags, string Role, string Text) : AgreementRule(Text);

    /// <summary>Where <paramref name="When"/> holds, there is a segment <paramref name="Segment"/>.</summary>
    public sealed record Required(string Segment, Condition When, string Text) : AgreementRule(Text);
}

/// <summary>What one request to handle a document looks like in its three places.</summary>
public sealed record ActionRow(string OrderControl, string Status, string TriggerEvent);

/// <summary>A value of MSH-21.</summary>
public sealed record ProfileId(string Version, string Name)
{
    public override string ToString() => $"{Version}^{Name}";
}

/// <summary>One message of a volet: its tables, as data. Validation, documentation and generation come from
/// it.</summary>
/// <param name="Id">Our name for it: <c>TLR-1</c>.</param>
/// <param name="TriggerEvents">MSH-9.2.</param>
/// <param name="MessageStructure">MSH-9.3.</param>
/// <param name="Version">MSH-12.</param>
/// <param name="ProfileIds">MSH-21, or none where the message is of no published profile.</param>
/// <param name="OrderControls">ORC-1; empty for any.</param>
/// <param name="OrderGroup">The group that <see cref="Observations"/> and <see cref="Agreements"/> speak about.</param>
/// <param name="Source">The page.</param>
public sealed record MessageProfile(
    string Id,
    string Title,
    Hl7Volet Volet,
    string MessageType,
    IReadOnlyList<string> TriggerEvents,
    string MessageStructure,
    string Version,
    IReadOnlyList<ProfileId> ProfileIds,
    IReadOnlyList<string> OrderControls,
    string OrderGroup,
    GroupRule Structure,
    IReadOnlyList<FieldRule> Fields,
    IReadOnlyList<ObservationRule> Observations,
    IReadOnlyList<AgreementRule> Agreements,
    string Source)
{
    /// <summary>The lines of MSH beside those that choose the profile: MSH-9.1, 9.2, 11, 12 and 21.</summary>
    public IReadOnlyList<FieldRule> Header => Table.HeaderOf(MessageStructure, ProfileIds.Count > 0);

    /// <summary>The table of an OBX of such a message, or null where none describes it.</summary>
    public ObservationRule? ObservationOf(Er7Segment obx) => ObservationRules.RuleFor(this, obx, []);
}

/// <summary>How grave a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Noted for the sender's sake; the message is used.</summary>
    Warning,

    Error,
}

/// <summary>Something in a message that is not as its profile says. Holds no value of the message.</summary>
/// <param name="Rule">A sentence that names what is expected.</param>
/// <param name="Expected">What should stand there, in a few words; empty where the rule says it all.</param>
public sealed record Finding(
    FindingSeverity Severity, Er7Path Location, RefusalReason Reason, string Rule, string Expected = "")
{
    public Refusal ToRefusal() => new(Reason, $"{Location}: {Rule}", Location.ToErl());
}
