using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Samples;

/// <summary>Which of the messages of a profile a sample is.</summary>
/// <param name="TriggerEvent">MSH-9.2, or null for the first of the profile, or the one that goes with the order
/// control.</param>
/// <param name="OrderControl">ORC-1, or null for the first, or the one that goes with the event.</param>
/// <param name="IsFull">What is optional and described by the profile is there too.</param>
/// <param name="Order">The placer order number: messages about one order have the same.</param>
public sealed record SampleChoice(
    string? TriggerEvent = null, string? OrderControl = null, bool IsFull = false, string Order = "OPN101");

/// <summary>Makes a message from the declaration of a profile: its segments and groups, the fields that they require,
/// the values that are fixed, and invented ones where they are not. What it makes passes the profile.</summary>
public sealed class SampleMessage
{
    private const string DocumentType = "18748-4^CR d'imagerie médicale^LN";

    private readonly MessageProfile _profile;
    private readonly SampleChoice _choice;
    private readonly SampleValues _values;
    private readonly List<DraftSegment> _segments = [];
    private readonly string _trigger;
    private readonly string _control;
    private readonly string _time;
    private readonly string _id;
    private readonly InstanceIdentifier _document;
    private readonly InstanceIdentifier? _replaced;
    private readonly Lazy<byte[]> _cda;
    private int _observations;

    private SampleMessage(
        MessageProfile profile, SampleChoice choice, ActionRow? action, DateTimeOffset now, IIdSource ids)
    {
        _profile = profile;
        _choice = choice;
        var control = choice.OrderControl ?? action?.OrderControl;
        _control = control ?? (profile.OrderControls.Count > 0 ? profile.OrderControls[0] : "NW");
        _trigger = choice.TriggerEvent
            ?? (action is not null && profile.TriggerEvents.Contains(action.TriggerEvent)
                ? action.TriggerEvent
                : profile.TriggerEvents[0]);
        _time = AckWriter.Timestamp(now);
        _id = MessageEnvelope.NewControlId(ids);
        var study = ids.NewUid();
        _document = InstanceIdentifier.Create(ids.NewUid().ToString(), "CR1");
        if (action?.OrderControl == "RO") _replaced = InstanceIdentifier.Create(ids.NewUid().ToString(), "CR0");
        _values = new SampleValues(choice.IsFull, choice.Order, study, _time);
        _cda = new Lazy<byte[]>(() => SampleDocument.Write(_document, _replaced, choice.Order, study, now));
    }

    /// <summary>Makes a sample.</summary>
    /// <returns>The message, or null with the reason: the profile has no such event or order control.</returns>
    public static byte[]? TryWrite(
        MessageProfile profile, SampleChoice choice, DateTimeOffset now, IIdSource ids, out string? why)
    {
        why = Refuse(profile, choice);
        if (why is not null) return null;
        var rows = RowsOf(profile).Where(r => Goes(r, profile, choice)).ToList();
        if (rows.Count == 0 && RowsOf(profile).Count > 0)
        {
            why = $"{profile.Id}: the event {choice.TriggerEvent} and the order control {choice.OrderControl} "
                + "contradict each other.";
            return null;
        }

        return new SampleMessage(profile, choice, rows.FirstOrDefault(), now, ids).Write(rows.FirstOrDefault());
    }

    private static string? Refuse(MessageProfile profile, SampleChoice choice)
    {
        if (choice.TriggerEvent is { } trigger && !profile.TriggerEvents.Contains(trigger))
            return $"{profile.Id} has the events {string.Join(", ", profile.TriggerEvents)}.";
        return choice.OrderControl is { } control && !profile.OrderControls.Contains(control)
            ? profile.OrderControls.Count == 0
                ? $"{profile.Id} fixes no order control."
                : $"{profile.Id} has the order controls {string.Join(", ", profile.OrderControls)}."
            : null;
    }

    private static IReadOnlyList<ActionRow> RowsOf(MessageProfile profile) =>
        profile.Agreements.OfType<AgreementRule.Action>().FirstOrDefault()?.Rows ?? [];

    private static bool Goes(ActionRow row, MessageProfile profile, SampleChoice choice) =>
        (choice.OrderControl is null || choice.OrderControl == row.OrderControl)
        && (choice.TriggerEvent is null || choice.TriggerEvent == row.TriggerEvent
            || !profile.TriggerEvents.Contains(row.TriggerEvent));

    private byte[] Write(ActionRow? action)
    {
        Walk(_profile.Structure, null, action);
        var writer = new Er7Writer(Er7Charset.Utf8);
        foreach (var segment in _segments) segment.Write(writer);
        return writer.ToArray();
    }

    private void Walk(GroupRule group, ObservationRule? observation, ActionRow? action)
    {
        foreach (var element in group.Elements)
        {
            if (element is GroupRule { First: "OBX" } observations)
            {
                foreach (var rule in _profile.Observations.Where(IsWanted)) Walk(observations, rule, action);
            }
            else if (element.Name == "OBX" && observation is null && _profile.Observations.Count > 0)
            {
                foreach (var rule in _profile.Observations.Where(IsWanted)) Add("OBX", rule, action);
            }
            else if (element is GroupRule inner)
            {
                if (IsWanted(inner)) Walk(inner, observation, action);
            }
            else if (element.Name == "PRT" && observation is { Code: null })
            {
                foreach (var rule in _profile.Agreements.OfType<AgreementRule.Participation>()) Participate(rule);
            }
            else if (element.Name is not "PRT" && IsWanted(element))
            {
                Add(element.Name, observation, action);
            }
        }
    }

    // What the profile only allows is there in a full sample, as far as the profile describes it.
    private bool IsWanted(StructureRule element) => element.Usage switch
    {
        Usage.R => true,
        Usage.RE => IsDescribed(element),
        _ => _choice.IsFull && IsDescribed(element),
    };

    private bool IsWanted(ObservationRule rule) =>
        rule.Usage == Usage.R
        || (rule.RequiredWhen is { } when && Holds(when, null))
        || (_choice.IsFull && rule.Usage == Usage.O);

    private bool IsDescribed(StructureRule element) =>
        _profile.Fields.Any(f => f.Path.Segment == element.First);

    private void Participate(AgreementRule.Participation rule)
    {
        if (!rule.Flags.Any(_values.IsSet)) return;
        var segment = new DraftSegment("PRT");
        segment.Set(4, $"{rule.Role}^^participation");
        Fill(segment, _profile.Fields);
        // A document for the DMP names the person who sends it, which the table leaves optional.
        if (rule.Role == "SB") segment.Set(5, _values.Field("PRT", 5));
        _segments.Add(segment);
    }

    private void Add(string name, ObservationRule? observation, ActionRow? action)
    {
        var segment = new DraftSegment(name);
        switch (name)
        {
            case "MSH": Identify(segment); break;
            case "ORC": segment.Set(1, _control); break;
            case "TXA": Number(segment); break;
            case "OBX" when observation is not null: Observe(segment, observation, action); break;
        }

        Fill(segment, [.. _profile.Header, .. observation?.Lines ?? [], .. _profile.Fields]);
        foreach (var same in _profile.Agreements.OfType<AgreementRule.Same>().Where(s => s.First.Segment == name))
        {
            if (segment.Has(same.First.Field) && Last(same.Second.Segment) is { } other)
                segment.Copy(same.First.Field, other, same.Second.Field);
        }

        _segments.Add(segment);
    }

    private void Identify(DraftSegment segment)
    {
        segment.Set(9, $"{_profile.MessageType}^{_trigger}^{_profile.MessageStructure}");
        segment.Set(10, _id);
        segment.Set(11, "T");
        segment.Set(12, _profile.Version);
        segment.Set(17, "FRA");
        segment.Set(18, Er7Charset.Utf8.Code);
        if (_profile.ProfileIds.Count > 0) segment.Set(21, _profile.ProfileIds[0].ToString());
    }

    private void Number(DraftSegment segment)
    {
        segment.Set(12, $"{_document.Extension}^^{_document.Root}^ISO");
        if (_replaced is { } replaced) segment.Set(13, $"{replaced.Extension}^^{replaced.Root}^ISO");
    }

    private void Observe(DraftSegment segment, ObservationRule rule, ActionRow? action)
    {
        segment.Set(1, (++_observations).ToString(CultureInfo.InvariantCulture));
        segment.Set(2, rule.ValueTypes[0]);
        if (rule.SubIdPart is { } part) segment.Set(4, $"1.{part.ToString(CultureInfo.InvariantCulture)}");
        segment.Set(11, rule.Status[0]);
        if (rule.Code is { } code)
        {
            segment.Set(3, code);
            segment.Set(5, _values.Observation(rule));
            segment.Set(6, SampleValues.Unit(rule));
            return;
        }

        // The document of the CDA volet is of the type that OBR-4 says, and of the status of the order control.
        if (Last("OBR") is { } obr) segment.Copy(3, obr, 4);
        else segment.Set(3, DocumentType);
        segment.Set(5, "^^^^" + Convert.ToBase64String(_cda.Value));
        if (action is not null) segment.Set(11, action.Status);
    }

    /// <summary>Brings a segment in line with its table.</summary>
    private void Fill(DraftSegment segment, IReadOnlyList<FieldRule> rules)
    {
        foreach (var field in SampleValues.Further(segment.Name)) Put(segment, field);
        // The fields before their components: a component is asked for where its field stands.
        foreach (var rule in rules.Where(r => r.Path.Segment == segment.Name).OrderBy(r => r.Path.Component > 0))
        {
            if (rule.When is { } when && !Holds(when, segment)) continue;
            var isWanted = rule.Usage is Usage.R or Usage.RE or Usage.C || _choice.IsFull;
            if (rule.Path.Component == 0 && isWanted) Put(segment, rule.Path.Field);
            if (rule.Path.Component > 0 && !segment.Has(rule.Path.Field)) continue;
            var value = segment[rule.Path];
            if (rule.Values.Count > 0 && (value.Length > 0 || rule.Usage == Usage.R))
            {
                var comparer = rule.IgnoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
                if (!rule.Values.Contains(value, comparer)) segment[rule.Path] = rule.Values[0];
            }
            else if (rule.Usage is Usage.R or Usage.C && !segment.Has(rule.Path.Field))
            {
                segment[rule.Path] = SampleValues.OfForm(rule.Form, _time);
            }
            else if (rule.Usage == Usage.R && rule.Path.Component > 0 && value.Length == 0)
            {
                segment[rule.Path] = SampleValues.OfForm(rule.Form, _time);
            }
        }
    }

    private void Put(DraftSegment segment, int field)
    {
        if (segment.Has(field)) return;
        // In the CDA volet OBR-4 is the type of the document.
        var isType = segment.Name == "OBR" && field == 4 && RowsOf(_profile).Count > 0;
        var text = isType ? DocumentType : _values.Field(segment.Name, field);
        if (text.Length > 0) segment.Set(field, text);
    }

    private bool Holds(Condition condition, DraftSegment? current)
    {
        var segment = current?.Name == condition.Path.Segment
            ? current
            : _segments.Find(s => s.Name == condition.Path.Segment);
        var value = segment?[condition.Path] ?? "";
        return condition.Values.Count == 0 ? value.Length > 0 : condition.Values.Contains(value);
    }

    private DraftSegment? Last(string name) => _segments.FindLast(s => s.Name == name);
}
