using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
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
        var (outcome, detail, _) = await MessageDelivery.SendAsync(
            client, message, RisMessages.ControlIdOf(e),
            mayHaveArrived: attempt.Row.LastOutcome == DispatchOutcome.Ambiguous, cancellationToken);
        var verdict = new DispatchVerdict(outcome, detail);
        Log(attempt.Row.Id, verdict);
        return verdict;
    }

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
