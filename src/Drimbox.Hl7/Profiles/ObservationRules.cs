using System.Globalization;
using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Checks the OBX of one order against the tables "groupe OBSERVATION". Observations that no table names are
/// left alone, except under the table of the DMP and MSSanté metadata, which is closed.</summary>
internal static class ObservationRules
{
    private const string Metadata = "MetaDMPMSS";

    public static void Check(Er7Message message, MatchedGroup order, MessageProfile profile, List<Finding> findings)
    {
        if (profile.Observations.Count == 0) return;
        var counts = new Dictionary<ObservationRule, int>();
        foreach (var obx in order.All("OBX"))
        {
            if (RuleFor(profile, obx, findings) is not { } rule) continue;
            var count = counts[rule] = counts.GetValueOrDefault(rule) + 1;
            if (rule.Cardinality.Max is { } max && count > max)
                Add(findings, obx.PathOf(3), RefusalReason.Cardinality, $"{rule.Title} {rule.Cardinality}");
            foreach (var line in rule.Lines) FieldRules.Check(message, obx, line, findings);
        }

        foreach (var rule in profile.Observations)
        {
            var required = rule.Usage == Usage.R
                || (rule.RequiredWhen is { } when && order.Find(when.Path.Segment) is { } segment
                    && FieldRules.Holds(message, segment, when));
            if (!required || counts.ContainsKey(rule)) continue;
            Add(findings, new Er7Path("OBX", message.CountOf("OBX") + 1, 3, 1, 0, 0),
                RefusalReason.SegmentSequence, $"an OBX {rule.Title} is required");
        }
    }

    /// <summary>True for an OBX that carries the document of the CDA volet.</summary>
    public static bool IsDocument(Er7Segment obx) =>
        obx[2].Code == "ED" && obx[3].Component(3).Code != Metadata;

    /// <summary>The two numbers of OBX-4 = n.m, or null (page sub-id).</summary>
    public static (int Occurrence, int Part)? SubId(Er7Segment obx)
    {
        var text = obx[4].Code;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && TryNumber(text[..dot], out var n) && TryNumber(text[(dot + 1)..], out var m) ? (n, m) : null;
    }

    /// <summary>The table of an OBX, or null where none is of it.</summary>
    public static ObservationRule? RuleFor(MessageProfile profile, Er7Segment obx, List<Finding> findings)
    {
        var code = obx[3].Component(1).Code;
        var ofCode = profile.Observations
            .Where(r => r.Code is not null && (r.Code == code || r.Aliases?.Contains(code) == true)).ToList();
        if (ofCode.Count == 0)
        {
            if (IsDocument(obx)) return profile.Observations.FirstOrDefault(r => r.Code is null);
            if (obx[3].Component(3).Code == Metadata)
                Add(findings, obx.PathOf(3, 1), RefusalReason.TableValue, $"OBX-3.1 is of the table {Metadata}");
            return null;
        }

        if (ofCode[0].SubIdPart is null) return ofCode[0];
        if (!obx[4].HasContent)
        {
            Add(findings, obx.PathOf(4), RefusalReason.RequiredFieldMissing, $"OBX-4 is required for {code}");
            return null;
        }

        var part = SubId(obx)?.Part;
        if (ofCode.Find(r => r.SubIdPart == part) is { } rule) return rule;
        Add(findings, obx.PathOf(4), RefusalReason.TableValue,
            $"OBX-4 of {code} is n.{string.Join(" or n.", ofCode.Select(r => r.SubIdPart))}");
        return null;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void Add(List<Finding> findings, Er7Path location, RefusalReason reason, string rule) =>
        findings.Add(new Finding(FindingSeverity.Error, location, reason, rule));
}
