using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Hl7.Acknowledgment;

namespace Drimbox.Hl7.Mllp;

/// <summary>Delivers one message and says what comes next. Nobody can be asked whether a message was taken, but it may be
/// sent again: its bytes are the same at every attempt, so the receiver answers a repeat with the stored acknowledgement.
/// </summary>
public static class MessageDelivery
{
    private const int CodeLengthMax = 20;

    /// <summary>AA is done; AE is final, a person must look; AR, no connection and no answer are tried again.</summary>
    /// <param name="controlId">MSH-10 of <paramref name="message"/>.</param>
    /// <param name="mayHaveArrived">An attempt before this one ended without an answer.</param>
    /// <returns>The outcome, with codes and words of ours for the operator, and whether there was any answer.</returns>
    public static async Task<(DispatchOutcome Outcome, string? Detail, bool IsUnreached)> SendAsync(
        MllpClient client,
        ReadOnlyMemory<byte> message,
        string controlId,
        bool mayHaveArrived,
        CancellationToken cancellationToken) => await client.SendAsync(message, cancellationToken) switch
        {
            MllpExchange.Answered answered => Judge(answered.Ack, controlId),
            MllpExchange.NoAnswer unknown => (DispatchOutcome.Ambiguous, unknown.Why, true),
            MllpExchange.NotSent unsent =>
                (mayHaveArrived ? DispatchOutcome.Ambiguous : DispatchOutcome.Retry, unsent.Why, true),
            var other => throw Invariant.Unreachable(other),
        };

    private static (DispatchOutcome Outcome, string? Detail, bool IsUnreached) Judge(
        ReadOnlyMemory<byte> bytes, string controlId)
    {
        var ack = AckReader.TryRead(bytes, controlId, out var refusal);
        return ack?.Code switch
        {
            AckCode.AA => (DispatchOutcome.Done, null, false),
            AckCode.AE => (DispatchOutcome.Quarantine, TextOf(ack), false),
            AckCode.AR => (DispatchOutcome.Retry, TextOf(ack), false),
            _ => (DispatchOutcome.Ambiguous, refusal!.Detail, false),
        };
    }

    // Codes and places only: the texts are the peer's own and may say anything of a patient.
    private static string TextOf(ReceivedAck ack) => string.Join(
        "; ",
        ack.Errors.Select(e => $"{Plain(e.Code)}/{Plain(e.ApplicationCode)} at {Plain(e.Location)}")
            .Prepend(ack.Code.ToString()));

    private static string Plain(string code) =>
        code.Length is > 0 and <= CodeLengthMax
            && code.All(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c) || c == '^')
            ? code
            : "-";
}
