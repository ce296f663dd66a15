using Drimbox.Core.Publications;
using Drimbox.Hl7.Acknowledgment;

namespace Drimbox.Hl7.Mllp;

/// <summary>Delivers one message and says what comes next. The same bytes go out at every attempt, and a receiver knows
/// control ids, so an answer that is lost costs a repetition and nothing else.</summary>
public static class MessageDelivery
{
    /// <summary>AA is done; AE is final, a person must look; AR, no connection and no answer are tried again.</summary>
    /// <param name="controlId">MSH-10 of <paramref name="message"/>.</param>
    /// <returns>The outcome, with codes and words of ours for the operator.</returns>
    public static async Task<(DispatchOutcome Outcome, string? Detail)> SendAsync(
        MllpClient client, ReadOnlyMemory<byte> message, string controlId, CancellationToken cancellationToken)
    {
        var exchange = await client.SendAsync(message, cancellationToken);
        if (exchange is MllpExchange.NotSent notSent) return (DispatchOutcome.Retry, notSent.Why);
        if (exchange is MllpExchange.NoAnswer noAnswer) return (DispatchOutcome.Retry, noAnswer.Why);
        var answered = (MllpExchange.Answered)exchange;
        if (AckReader.TryRead(answered.Ack, controlId, out var refusal) is not { } ack)
            return (DispatchOutcome.Retry, refusal!.Detail);
        return ack.Code switch
        {
            AckCode.AA => (DispatchOutcome.Done, null),
            AckCode.AR => (DispatchOutcome.Retry, "AR " + CodesOf(ack)),
            _ => (DispatchOutcome.Quarantine, "AE " + CodesOf(ack)),
        };
    }

    private static string CodesOf(ReceivedAck ack) => string.Join(
        ", ", ack.Errors.Select(e => e.ApplicationCode.Length > 0 ? $"{e.Code}/{e.ApplicationCode}" : e.Code));
}
