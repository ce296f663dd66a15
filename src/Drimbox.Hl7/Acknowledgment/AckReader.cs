using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Acknowledgment;

/// <summary>One ERR of an acknowledgement.</summary>
/// <param name="Location">ERR-2 as written, components joined by <c>^</c>; empty if absent.</param>
/// <param name="Code">ERR-3.1.</param>
/// <param name="Severity">ERR-4.</param>
/// <param name="ApplicationCode">ERR-5.1; empty if absent.</param>
public sealed record ReportedError(
    string Location, string Code, string Text, string Severity, string ApplicationCode, string ApplicationText);

/// <summary>What a receiver answered.</summary>
/// <param name="MessageControlId">MSA-2: the message that is answered.</param>
public sealed record ReceivedAck(AckCode Code, string MessageControlId, IReadOnlyList<ReportedError> Errors);

/// <summary>Reads acknowledgements, for the sending side.</summary>
public static class AckReader
{
    /// <summary>Reads the answer to the message <paramref name="expectedControlId"/>.</summary>
    /// <returns>The acknowledgement, or null with the reason: an answer that is none, or one to another message, leaves
    /// open whether the message was taken.</returns>
    public static ReceivedAck? TryRead(ReadOnlyMemory<byte> bytes, string expectedControlId, out Refusal? refusal)
    {
        var message = Er7Message.TryRead(bytes, out refusal);
        if (message is null) refusal = new Refusal(RefusalReason.Malformed, "The answer is no HL7 message.");
        if (message is null || refusal is not null) return null;
        if (message.Find("MSA") is not { } msa)
        {
            refusal = new Refusal(RefusalReason.SegmentSequence, "The answer has no MSA.", "MSA^1");
            return null;
        }

        if (CodeOf(msa[1].Code) is not { } code)
        {
            refusal = new Refusal(RefusalReason.TableValue, "MSA-1 is neither AA, AE nor AR.", "MSA^1^1");
            return null;
        }

        if (msa[2].Text != expectedControlId)
        {
            refusal = new Refusal(RefusalReason.TableValue, "MSA-2 names another message.", "MSA^1^2");
            return null;
        }

        return new ReceivedAck(code, msa[2].Text, [.. message.All("ERR").Select(Read)]);
    }

    // HL7 v2.5.1 2.9.3: the commit codes of the enhanced mode. The volets do not use them, some engines do.
    private static AckCode? CodeOf(string code) => code switch
    {
        "AA" or "CA" => AckCode.AA,
        "AE" or "CE" => AckCode.AE,
        "AR" or "CR" => AckCode.AR,
        _ => null,
    };

    private static ReportedError Read(Er7Segment err) => new(
        string.Join('^', err[2].Repetition(1).Parts().Select(part => part.Text)),
        err[3].Component(1).Code,
        err[3].Component(2).Code,
        err[4].Code,
        err[5].Component(1).Code,
        err[5].Component(2).Code);
}
