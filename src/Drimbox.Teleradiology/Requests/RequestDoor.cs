using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology.Requests;

using Order = (InstanceIdentifier Order, PlatformRequestCommand Command);

/// <summary>The way of a message of the RIS into the platform: request (flux 1), cancellation (flux 2), complement
/// after the examination (flux 4). What it says about all of its orders is committed together with the message and
/// its acknowledgement, and only then answered (docs/adr/0009).</summary>
internal sealed class RequestDoor(
    Inbox inbox, PlatformRequestGrain grain, AckComposer acks, ILogger<RequestDoor> logger)
{
    private static readonly IReadOnlyList<MessageProfile> Accepted =
        [TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux4];

    /// <summary>Answers one frame; null where it has no readable MSH.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(
        ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellationToken)
    {
        if (MessageValidator.Read(frame, Accepted) is not { } reading)
        {
            TeleradiologyLog.FrameUnreadable(logger, peer.Address);
            return null;
        }

        var reply = await AnswerAsync(reading, frame, cancellationToken);
        return reading.Message.Charset.GetBytes(reply.Ack!);
    }

    /// <summary>Answers bytes that never become a whole frame.</summary>
    public ReadOnlyMemory<byte>? RefuseFrame(ReadOnlyMemory<byte> beginning, Refusal refusal)
    {
        var end = beginning.Span.IndexOfAny((byte)'\r', (byte)'\n');
        if (Er7Message.TryRead(end < 0 ? beginning : beginning[..end], out _) is not { } message) return null;
        return message.Charset.GetBytes(acks.Compose(AckComposer.HeaderOf(message), refusal).Ack);
    }

    private async Task<GrainReply> AnswerAsync(
        MessageReading reading, ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        var type = reading.Profile?.Id ?? "of no profile";
        try
        {
            var draft = await inbox.DraftAsync(
                KeyOf(reading.Message), frame, TypeOf(reading.Message), AckComposer.HeaderOf(reading.Message),
                cancellationToken);
            var reply = await inbox.FindRepeatAsync(draft, cancellationToken)
                ?? await DecideAsync(reading, draft, cancellationToken);
            if (reply.Refusal is { } refusal)
            {
                TeleradiologyLog.MessageRefused(
                    logger, type, reply.AckCode!, refusal.Reason.ToString(), refusal.Location, refusal.Detail);
            }
            else
            {
                TeleradiologyLog.MessageTaken(logger, type, reply.Repeated);
            }

            return reply;
        }
        catch (StorageFaultException e)
        {
            // Nothing was stored, or nobody knows: either way the same message may be sent again.
            TeleradiologyLog.MessageNotStored(logger, type, e.Fault.ToString());
            var refusal = new Refusal(RefusalReason.Unavailable, "The message could not be stored.");
            var (ack, code) = acks.Compose(AckComposer.HeaderOf(reading.Message), refusal);
            return new GrainReply(refusal, ack, code);
        }
    }

    private Task<GrainReply> DecideAsync(
        MessageReading reading, InboxDraft draft, CancellationToken cancellationToken)
    {
        var refusal = reading.Refusal;
        var orders = refusal is null ? TryReadOrders(reading, out refusal) : null;
        return orders is null
            ? inbox.RefuseAsync(draft, refusal!, cancellationToken)
            : grain.ExecuteAsync(orders, draft, null, cancellationToken);
    }

    private static List<Order>? TryReadOrders(MessageReading reading, out Refusal? refusal)
    {
        var orders = Read(reading, out refusal)?.ToList();
        if (orders is null) return null;
        if (orders.DistinctBy(o => o.Order).Count() == orders.Count) return orders;
        // Each would have to be decided on what the other one leaves behind; no page allows it.
        refusal = new Refusal(
            RefusalReason.Cardinality, "Two orders of the message have the same placer order number.", "ORC^2^2");
        return null;
    }

    private static IEnumerable<Order>? Read(MessageReading reading, out Refusal? refusal)
    {
        if (reading.Profile == TeleradiologyProfiles.Flux1)
        {
            return TeleradiologyReader.TryReadRequests(reading, out refusal)
                ?.Select(r => (r.PlacerOrderNumber, (PlatformRequestCommand)new ReceiveRequest(r)));
        }

        if (reading.Profile == TeleradiologyProfiles.Flux2)
        {
            return TeleradiologyReader.TryReadCancellations(reading, out refusal)
                ?.Select(c => (c.PlacerOrderNumber, (PlatformRequestCommand)new ReceiveCancellation(c)));
        }

        return TeleradiologyReader.TryReadPostExaminations(reading, out refusal)
            ?.Select(e => (e.PlacerOrderNumber, (PlatformRequestCommand)new ReceivePostExamination(e)));
    }

    private static InboxKey KeyOf(Er7Message message)
    {
        var header = message.Header;
        var controlId = header[10].Text;
        // Without a usable MSH-10 the bytes themselves are the name: two such messages are not repeats of each other.
        if (!AckWriter.IsPlainControlId(controlId))
            controlId = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(message.Bytes.Span))}";
        return new InboxKey(header[3].Text, header[4].Text, header[5].Text, header[6].Text, controlId);
    }

    private static string TypeOf(Er7Message message) =>
        $"{message.Header[9].Component(1).Code}^{message.Header[9].Component(2).Code}";
}
