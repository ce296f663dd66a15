using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>MSH: which profile a message is of, and what both volets ask of every header. Source: page st-contraintes,
/// "Eléments de l'entête"; page profils-messages, "Le segment MSH".</summary>
internal static class HeaderRules
{
    /// <summary>The profile of the message, or null with the finding that says why it has none here.</summary>
    public static MessageProfile? Select(
        Er7Message message, IReadOnlyList<MessageProfile> accepted, List<Finding> findings)
    {
        var header = message.Header;
        var type = header[9].Component(1).Code;
        var trigger = header[9].Component(2).Code;
        if (type.Length == 0)
            return None(findings, header, 9, 1, RefusalReason.RequiredFieldMissing, "MSH-9 is required");
        var ofType = accepted.Where(p => p.MessageType == type).ToList();
        if (ofType.Count == 0)
        {
            return None(findings, header, 9, 1, RefusalReason.UnsupportedMessageType,
                $"the message types taken here are {Join(accepted.Select(p => p.MessageType))}");
        }

        var candidates = ofType.Where(p => p.TriggerEvents.Contains(trigger)).ToList();
        if (candidates.Count == 0)
        {
            return None(findings, header, 9, 2, RefusalReason.UnsupportedEvent,
                $"the events taken here are {Join(ofType.SelectMany(p => p.TriggerEvents))}");
        }

        var processing = header[11].Component(1).Code;
        if (processing.Length == 0)
            return None(findings, header, 11, 0, RefusalReason.RequiredFieldMissing, "MSH-11 is required");
        if (processing is not ("P" or "T" or "D"))
            return None(findings, header, 11, 0, RefusalReason.UnsupportedProcessingId, "MSH-11 is P, T or D");

        var profile = Choose(message, candidates);
        var version = header[12].Component(1).Code;
        if (version.Length == 0)
            return None(findings, header, 12, 0, RefusalReason.RequiredFieldMissing, "MSH-12 is required");
        return version == profile.Version
            ? profile
            : None(findings, header, 12, 0, RefusalReason.UnsupportedVersion, $"MSH-12 is {profile.Version}");
    }

    public static void Check(Er7Message message, MessageProfile profile, List<Finding> findings)
    {
        var header = message.Header;
        if (message.Separators != Er7Separators.Standard)
            Add(findings, header, 2, 0, RefusalReason.TableValue, @"MSH-1 is | and MSH-2 is ^~\&");
        foreach (var line in profile.Header) FieldRules.Check(message, header, line, findings);
        if (profile.ProfileIds.Count == 0) return;
        if (Require(findings, header, 21) && !profile.ProfileIds.Intersect(IdsOf(header)).Any())
            Add(findings, header, 21, 0, RefusalReason.TableValue, $"MSH-21 is {Join(profile.ProfileIds)}");
    }

    // MSH-21 decides; then, as where it says nothing, the version; between request and cancellation, ORC-1.
    private static MessageProfile Choose(Er7Message message, List<MessageProfile> candidates)
    {
        var ids = IdsOf(message.Header);
        var named = candidates.Where(p => p.ProfileIds.Any(ids.Contains)).ToList();
        if (named.Count == 0) named = candidates.Where(p => p.ProfileIds.Count == 0).ToList();
        if (named.Count == 0) named = candidates;
        var version = message.Header[12].Component(1).Code;
        if (named.Exists(p => p.Version == version)) named = named.FindAll(p => p.Version == version);
        var orderControl = message.Get("ORC-1").Trim();
        return named.Find(p => p.OrderControls.Contains(orderControl)) ?? named[0];
    }

    private static List<ProfileId> IdsOf(Er7Segment header) =>
        [.. header[21].Parts().Select(p => new ProfileId(p.Component(1).Code, p.Component(2).Code)).Distinct()];

    private static MessageProfile? None(
        List<Finding> findings, Er7Segment header, int field, int component, RefusalReason reason, string rule)
    {
        Add(findings, header, field, component, reason, rule);
        return null;
    }

    private static bool Require(List<Finding> findings, Er7Segment header, int field)
    {
        if (header[field].HasContent) return true;
        Add(findings, header, field, 0, RefusalReason.RequiredFieldMissing, $"MSH-{field} is required");
        return false;
    }

    private static void Add(
        List<Finding> findings, Er7Segment header, int field, int component, RefusalReason reason, string rule) =>
        findings.Add(new Finding(FindingSeverity.Error, header.PathOf(field, component), reason, rule));

    private static string Join<T>(IEnumerable<T> values) => string.Join(", ", values.Distinct());
}
