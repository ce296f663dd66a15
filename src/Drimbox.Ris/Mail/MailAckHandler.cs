using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Mail;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Messages;
using Drimbox.Ris.Messages;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Mail;

/// <summary>ZAM^Z02 and ZAM^Z03, to the creator of a report that asked for them: what became of its mails.</summary>
internal sealed class MailAckHandler(MessagePeer creator, ILogger logger) : IOutboxHandler
{
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var payload = EventCodec.Read<MailAckPayload>(attempt.Row.Payload);
        var message = BusinessAckWriter.Write(payload.Ack, creator.Envelope(payload.ControlId, payload.MessageTime));
        return await creator.SendAsync(attempt, message, payload.ControlId, logger, cancellationToken);
    }
}
