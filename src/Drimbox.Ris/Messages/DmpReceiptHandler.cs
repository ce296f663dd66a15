using Drimbox.Core.Reports;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Messages;

/// <summary>ZAM^Z01, to the creator of a report that asked for it (ACK_RECEPTION): what the DMP answered. The RIS is
/// the manager (GESTIONNAIRE) of the CDA volet for the reports of others.</summary>
internal sealed class DmpReceiptHandler(MessagePeer creator, ILogger logger) : IOutboxHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var payload = EventCodec.Read<DmpReceiptPayload>(attempt.Row.Payload);
        var ack = new BusinessAck(
            BusinessAckKind.DmpReception,
            payload.Carrier,
            payload.Succeeded,
            AckWriter.Timestamp(payload.MessageTime),
            null,
            null,
            payload.Succeeded
                ? null
                : new BusinessError(payload.Detail ?? "Refused", "Refus du DMP", "DMP_ERROR_CODE"));
        var message = BusinessAckWriter.Write(ack, creator.Envelope(payload.ControlId, payload.MessageTime));
        return await creator.SendAsync(attempt, message, payload.ControlId, logger, cancellationToken);
    }
}
