using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology.Requests;

using Order = (InstanceIdentifier Order, PlatformRequestCommand Command);

/// <summary>The way of a message of the RIS into the platform: request (flux 1), cancellation (flux 2), complement
/// after the examination (flux 4), documents of requests (CDA volet). What it says about all of its orders is committed
/// together with the message and its acknowledgement, and only then answered (docs/adr/0009).</summary>
internal sealed class RequestDoor(
    Inbox inbox, PlatformRequestGrain grain, AttachmentReader attachments, ILogger<RequestDoor> logger)
{
    public static readonly IReadOnlyList<MessageProfile> Accepted =
    [
        TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux4,
        .. AttachmentReader.Profiles,
    ];

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

    private async Task<GrainReply> AnswerAsync(
        MessageReading reading, ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        var type = reading.Profile?.Id ?? "of no profile";
        try
        {
            await using var draft = inbox.Draft(
                reading.Key, frame, reading.TypeAndEvent, AckComposer.HeaderOf(reading.Message),
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
            TeleradiologyLog.MessageNotStored(logger, type, e.Fault.ToString());
            return inbox.NotStored(AckComposer.HeaderOf(reading.Message));
        }
    }

    private async Task<GrainReply> DecideAsync(
        MessageReading reading, InboxDraft draft, CancellationToken cancellationToken)
    {
        if (reading.Refusal is { } invalid) return await inbox.RefuseAsync(draft, invalid, cancellationToken);
        var (orders, refusal) = reading.Profile is { } profile && AttachmentReader.Profiles.Contains(profile)
            ? await attachments.ReadAsync(reading.Message, cancellationToken)
            : (TryReadOrders(reading, out var unread), unread);
        return orders is null
            ? await inbox.RefuseAsync(draft, refusal!, cancellationToken)
            : await grain.ExecuteAsync(orders, draft, null, cancellationToken);
    }

    private static List<Order>? TryReadOrders(MessageReading reading, out Refusal? refusal)
    {
        var orders = Read(reading, out refusal)?.ToList();
        if (orders is null) return null;
        if (orders.DistinctBy(o => o.Order).Count() == orders.Count) return orders;
        // Each would have to be decided on what the other one leaves behind; of fluxes 1 and 2 no page allows it.
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

        // Page st-profils, flux 4: the ORDER group is repeated for each study, under one order number.
        return TeleradiologyReader.TryReadPostExaminations(reading, out refusal)
            ?.GroupBy(e => e.PlacerOrderNumber)
            .Select(o => (o.Key, (PlatformRequestCommand)new ReceivePostExaminations([.. o])));
    }
}
