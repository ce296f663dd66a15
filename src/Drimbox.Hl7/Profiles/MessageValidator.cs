using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>What a received message turned out to be.</summary>
/// <param name="Message">Its header can be read.</param>
/// <param name="Profile">The profile it was checked against, or null if it has none here.</param>
/// <param name="Root">Its groups; null without a profile.</param>
/// <param name="Findings">In the order in which they decide: header, structure, fields, observations, agreements.
/// </param>
/// <param name="Refusal">The first error: it decides the acknowledgement. Null if there is none.</param>
public sealed record MessageReading(
    Er7Message Message,
    MessageProfile? Profile,
    MatchedGroup? Root,
    IReadOnlyList<Finding> Findings,
    Refusal? Refusal)
{
    /// <summary>MSH-9.1 and MSH-9.2, as <c>MDM^T02</c>.</summary>
    public string TypeAndEvent => $"{Message.Header[9].Component(1).Code}^{Message.Header[9].Component(2).Code}";

    /// <summary>What tells a repeat from a new message of the same sender: MSH-10, or <c>sha256:</c> and the hash of the
    /// bytes where that is absent or unusable. Two such messages are not repeats of each other.</summary>
    public string RepeatKey => AckWriter.IsPlainControlId(Message.Header[10].Text)
        ? Message.Header[10].Text
        : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Message.Bytes.Span))}";

    /// <summary>What makes it the same message, for the inbox of a node.</summary>
    public InboxKey Key => new(
        Message.Header[3].Text, Message.Header[4].Text, Message.Header[5].Text, Message.Header[6].Text, RepeatKey);
}

/// <summary>Reads a frame and checks it against the profiles that a door accepts.</summary>
public static class MessageValidator
{
    /// <summary>Reads and checks a frame.</summary>
    /// <returns>Null if its header cannot be read: such a frame gets no acknowledgement, the connection
    /// closes.</returns>
    public static MessageReading? Read(ReadOnlyMemory<byte> frame, IReadOnlyList<MessageProfile> accepted) =>
        Er7Message.TryRead(frame, out var refusal) is { } message ? Check(message, refusal, accepted) : null;

    private static MessageReading Check(Er7Message message, Refusal? refusal, IReadOnlyList<MessageProfile> accepted)
    {
        var findings = new List<Finding>();
        // A message that is broken below its header is not looked into; its type still decides before that.
        if (HeaderRules.Select(message, accepted, findings) is not { } profile)
            return new MessageReading(message, null, null, findings, findings[0].ToRefusal());
        if (refusal is not null) return new MessageReading(message, profile, null, findings, refusal);

        HeaderRules.Check(message, profile, findings);
        var root = StructureMatcher.Match(message, profile.Structure, findings);
        FieldRules.Check(message, root, profile.Fields, findings);
        foreach (var order in root.Occurrences(profile.OrderGroup))
        {
            ObservationRules.Check(message, order, profile, findings);
            AgreementRules.Check(message, order, profile, findings);
        }

        var first = findings.Find(f => f.Severity == FindingSeverity.Error);
        return new MessageReading(message, profile, root, findings, first?.ToRefusal());
    }
}
