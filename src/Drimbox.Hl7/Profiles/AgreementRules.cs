using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Checks the rules between several values of one order.</summary>
internal static class AgreementRules
{
    public static void Check(Er7Message message, MatchedGroup order, MessageProfile profile, List<Finding> findings)
    {
        foreach (var rule in profile.Agreements)
        {
            switch (rule)
            {
                case AgreementRule.Same same: Check(order, same, findings); break;
                case AgreementRule.Action action: Check(message, order, action, findings); break;
                case AgreementRule.DocumentType: CheckDocumentType(order, rule, findings); break;
                case AgreementRule.SubIdPair pair: Check(order, pair, findings); break;
                case AgreementRule.Participation participation: Check(order, participation, findings); break;
                case AgreementRule.Required required: Check(message, order, required, findings); break;
                default: throw Invariant.Unreachable(rule);
            }
        }
    }

    private static void Check(MatchedGroup order, AgreementRule.Same rule, List<Finding> findings)
    {
        if (order.Find(rule.First.Segment) is not { } first) return;
        if (order.Find(rule.Second.Segment) is not { } second) return;
        var (a, b) = (Er7Message.ValueIn(first, rule.First), Er7Message.ValueIn(second, rule.Second));
        // An absent value is the finding of its own line.
        if (!a.HasContent || !b.HasContent || Parts(a).SequenceEqual(Parts(b))) return;
        Add(findings, first.PathOf(rule.First.Field, rule.First.Component), RefusalReason.TableValue, rule);
    }

    private static void Check(
        Er7Message message, MatchedGroup order, AgreementRule.Action rule, List<Finding> findings)
    {
        var orderControl = order.Find("ORC") is { } orc ? orc[1].Code : "";
        var trigger = message.Header[9].Component(2).Code;
        foreach (var obx in order.All("OBX").Where(ObservationRules.IsDocument))
        {
            if (rule.Rows.FirstOrDefault(r => r.Status == obx[11].Code) is not { } row) continue;
            var agrees = (orderControl.Length == 0 || orderControl == row.OrderControl)
                && (trigger == "R01" || trigger == row.TriggerEvent);
            if (!agrees) Add(findings, obx.PathOf(11), RefusalReason.TableValue, rule);
        }
    }

    private static void CheckDocumentType(MatchedGroup order, AgreementRule rule, List<Finding> findings)
    {
        if (order.Find("OBR") is not { } obr || !obr[4].HasContent) return;
        foreach (var obx in order.All("OBX").Where(ObservationRules.IsDocument))
        {
            if (obx[3].Component(1).Code != obr[4].Component(1).Code)
                Add(findings, obx.PathOf(3, 1), RefusalReason.TableValue, rule);
        }
    }

    private static void Check(MatchedGroup order, AgreementRule.SubIdPair rule, List<Finding> findings)
    {
        var present = new HashSet<(int, int)>();
        var ofCode = new List<(Er7Segment Obx, int Occurrence, int Part)>();
        foreach (var obx in order.All("OBX").Where(o => o[3].Component(1).Code == rule.Code))
        {
            if (ObservationRules.SubId(obx) is not { } id) continue;
            ofCode.Add((obx, id.Occurrence, id.Part));
            if (!present.Add(id) && id.Part == rule.Part)
            {
                findings.Add(new Finding(
                    FindingSeverity.Error, obx.PathOf(4), RefusalReason.Cardinality,
                    $"OBX-4 of {rule.Code} is used once"));
            }
        }

        foreach (var (obx, occurrence, part) in ofCode)
        {
            if (part == rule.Part && !present.Contains((occurrence, rule.Other)))
                Add(findings, obx.PathOf(4), RefusalReason.SegmentSequence, rule);
        }
    }

    private static void Check(MatchedGroup order, AgreementRule.Participation rule, List<Finding> findings)
    {
        var flag = order.All("OBX").Where(
            obx => rule.Flags.Contains(obx[3].Component(1).Code) && obx[5].Component(1).Code == "Y").ToList();
        if (flag.Count == 0) return;
        var participations = order.All("PRT").Where(prt => prt[4].Component(1).Code == rule.Role).ToList();
        if (participations.Count == 0)
        {
            Add(findings, new Er7Path("PRT", order.All("PRT").Count() + 1, 0, 1, 0, 0),
                RefusalReason.SegmentSequence, rule);
        }
        else if (rule.Role == "SB" && !participations.Any(prt => prt[5].HasContent || prt[10].HasContent))
        {
            // PRT-5 for a professional, PRT-10 for a device.
            Add(findings, participations[0].PathOf(5), RefusalReason.RequiredFieldMissing, rule);
        }
    }

    private static void Check(
        Er7Message message, MatchedGroup order, AgreementRule.Required rule, List<Finding> findings)
    {
        if (order.Find(rule.When.Path.Segment) is not { } segment || order.Find(rule.Segment) is not null) return;
        if (!FieldRules.Holds(message, segment, rule.When)) return;
        Add(findings, new Er7Path(rule.Segment, 1, 0, 1, 0, 0), RefusalReason.SegmentSequence, rule);
    }

    // "A^^B" and "A^^B^" are the same identifier.
    private static List<string> Parts(Er7Value value)
    {
        var parts = value.Repetition(1).Parts().Select(p => p.Code).ToList();
        while (parts.Count > 0 && parts[^1].Length == 0) parts.RemoveAt(parts.Count - 1);
        return parts;
    }

    private static void Add(List<Finding> findings, Er7Path location, RefusalReason reason, AgreementRule rule) =>
        findings.Add(new Finding(FindingSeverity.Error, location, reason, rule.Text));
}
