using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology.Requests;

/// <summary>Delivers the messages of one lane to the RIS, one at a time, until each was answered.</summary>
internal sealed class RisDelivery(RisMessages messages, MllpClient client, ILogger<RisDelivery> logger) : IOutboxHandler
{
    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var e = EventCodec.Read<PlatformMessagePayload>(attempt.Row.Payload).Event;
        var message = await messages.WriteAsync(e, cancellationToken);
        attempt.Start();
        var verdict = await client.SendAsync(message, cancellationToken) switch
        {
            MllpExchange.Answered answered => Judge(answered.Ack, RisMessages.ControlIdOf(e)),
            MllpExchange.NoAnswer unknown => DispatchVerdict.Ambiguous(unknown.Why),
            MllpExchange.NotSent unsent => attempt.Row.LastOutcome == DispatchOutcome.Ambiguous
                ? DispatchVerdict.Ambiguous(unsent.Why)
                : DispatchVerdict.Retry(unsent.Why),
            var other => throw Core.Invariant.Unreachable(other),
        };
        Log(attempt.Row.Id, verdict);
        return verdict;
    }

    // Nobody can be asked whether a message was taken, but it may be sent again: its bytes are the same, so the RIS
    // answers a repeat with the stored acknowledgement.
    private static DispatchVerdict Judge(ReadOnlyMemory<byte> bytes, string controlId)
    {
        var ack = AckReader.TryRead(bytes, controlId, out var refusal);
        return ack?.Code switch
        {
            AckCode.AA => DispatchVerdict.Done,
            AckCode.AE => DispatchVerdict.Quarantine(TextOf(ack)),
            AckCode.AR => DispatchVerdict.Retry(TextOf(ack)),
            _ => DispatchVerdict.Ambiguous(refusal!.Detail),
        };
    }

    // Codes and places only: the texts are the RIS's own and may say anything of a patient.
    private static string TextOf(ReceivedAck ack) => string.Join(
        "; ",
        ack.Errors.Select(e => $"{Plain(e.Code)}/{Plain(e.ApplicationCode)} at {Plain(e.Location)}")
            .Prepend(ack.Code.ToString()));

    private static string Plain(string code) =>
        code.Length is > 0 and <= 20 && code.All(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c) || c == '^')
            ? code
            : "-";

    private void Log(long rowId, DispatchVerdict verdict)
    {
        switch (verdict.Outcome)
        {
            case DispatchOutcome.Done:
                TeleradiologyLog.MessageDelivered(logger, rowId);
                break;
            case DispatchOutcome.Quarantine:
                TeleradiologyLog.MessageRefusedByRis(logger, rowId, verdict.Detail!);
                break;
            default:
                TeleradiologyLog.MessageNotDelivered(logger, rowId, verdict.Detail!);
                break;
        }
    }
}
