using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Reports;
using Drimbox.Grains.Audit;
using Drimbox.Grains.Outages;
using Drimbox.Core.Statistics;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Grains.Tracing;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;
using Drimbox.Source.Statistics;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Studies;

/// <summary>The way of a message into the source: copies of reports from a RIS (DB.SO.03), and the notices of a PACS
/// that a study has changed. What a message says is committed together with it and its acknowledgement, and only then
/// answered (docs/adr/0009); the PACS and the DMP are asked later.</summary>
internal sealed class CopyDoor(
    Inbox inbox,
    StudyRegister register,
    Senders senders,
    AuditTrail audit,
    SourceStatistics statistics,
    StoreSpace space,
    ILogger<CopyDoor> logger)
{
    public static readonly IReadOnlyList<MessageProfile> Accepted =
        [CdaProfiles.Oru21, CdaProfiles.Mdm21, CdaProfiles.Oru20, CdaProfiles.Mdm20, StudyChangeProfile.Omi];

    /// <summary>Answers one frame; null where it has no readable MSH.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(
        ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellationToken)
    {
        if (MessageValidator.Read(frame, Accepted) is not { } reading)
        {
            statistics.Count(StatisticSubject.Messages, "unreadable");
            SourceLog.FrameUnreadable(logger, peer.Address);
            return null;
        }

        var reply = await AnswerAsync(reading, frame, peer, cancellationToken);
        return reading.Message.Charset.GetBytes(reply.Ack!);
    }

    private async Task<GrainReply> AnswerAsync(
        MessageReading reading, ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellationToken)
    {
        var type = reading.Profile?.Id ?? "of no profile";
        if (!senders.MaySend(reading.Key))
        {
            // Before anything of it is written: a stranger takes no room.
            SourceLog.StrangerRefused(logger, type);
            return inbox.NotNow(AckComposer.HeaderOf(reading.Message), Senders.Stranger);
        }

        if (!space.HasRoom)
        {
            // Before anything of it is written: what was acknowledged needs the rest. The outage is told, not this.
            statistics.Count(StatisticSubject.Messages, $"AR {StorageFault.Full}");
            return inbox.NotStored(AckComposer.HeaderOf(reading.Message));
        }

        try
        {
            await using var draft = inbox.Draft(
                reading.Key, frame, reading.TypeAndEvent, AckComposer.HeaderOf(reading.Message),
                cancellationToken);
            var reply = await inbox.FindRepeatAsync(draft, cancellationToken)
                ?? await DecideAsync(reading, draft, peer, cancellationToken);
            statistics.Count(
                StatisticSubject.Messages,
                reply.AckCode == "AA" ? null : $"{reply.AckCode} {reply.Refusal?.Reason.ToString() ?? "Repeated"}");
            if (reply.Refusal is { } refusal)
            {
                SourceLog.MessageRefused(
                    logger, type, reply.AckCode!, refusal.Reason.ToString(), refusal.Location, refusal.Detail);
            }
            else
            {
                SourceLog.MessageTaken(logger, type, reply.Repeated);
            }

            return reply;
        }
        catch (StorageFaultException e)
        {
            space.Met(e.Fault);
            statistics.Count(StatisticSubject.Messages, $"AR {e.Fault}");
            SourceLog.MessageNotStored(logger, type, e.Fault.ToString());
            return inbox.NotStored(AckComposer.HeaderOf(reading.Message));
        }
    }

    private Task<GrainReply> DecideAsync(
        MessageReading reading, InboxDraft draft, MllpPeer peer, CancellationToken cancellationToken)
    {
        if (reading.TypeAndEvent.StartsWith("OMI", StringComparison.Ordinal))
            return NoticeAsync(reading, draft, peer, cancellationToken);
        if (reading.Refusal is { } invalid)
            return inbox.RefuseAsync(Audited(draft, reading, peer, message: null), invalid, cancellationToken);
        return ReportMessageReader.TryRead(reading.Message, out var unread) is { } copy
            ? ReceiveAsync(copy.Message, reading, draft, peer, cancellationToken)
            : inbox.RefuseAsync(Audited(draft, reading, peer, message: null), unread!, cancellationToken);
    }

    private async Task<GrainReply> ReceiveAsync(
        ReportMessage message, MessageReading reading, InboxDraft draft, MllpPeer peer, CancellationToken cancellationToken)
    {
        var begun = StudyTrace.Now;
        var reply = await register.ReceiveAsync(
            Senders.Complete(message, senders.Find(reading.Key)), Audited(draft, reading, peer, message),
            cancellationToken);
        StudyTrace.Record(
            "source.message", message.Cda?.StudyInstanceUids ?? [], begun, reply.AckCode ?? "", reply.Refusal is not null);
        return reply;
    }

    private Task<GrainReply> NoticeAsync(
        MessageReading reading, InboxDraft draft, MllpPeer peer, CancellationToken cancellationToken)
    {
        var refusal = reading.Refusal;
        var notices = refusal is null ? TeleradiologyReader.TryReadStudyChanges(reading, out refusal) : null;
        var studies = (notices ?? []).Select(n => n.StudyInstanceUid).Distinct().ToList();
        if (studies.Count > Limits.StudiesPerMessageMax)
        {
            // Nothing of it is looked at, so nothing of it is in the record either.
            refusal = new Refusal(RefusalReason.OverLimit, "The message names too many studies.", "IPC^1^3");
            notices = null;
        }

        draft = draft with
        {
            Audit = refused => audit.Of(AuditEvents.StudyChangeReceived(
                audit.Node, SenderOf(reading, peer), notices ?? [], refused, audit.Now)),
        };
        return refusal is null
            ? register.NoticeAsync(studies, "OMI^O23", draft, cancellationToken)
            : inbox.RefuseAsync(draft, refusal, cancellationToken);
    }

    private InboxDraft Audited(InboxDraft draft, MessageReading reading, MllpPeer peer, ReportMessage? message) =>
        draft with
        {
            Audit = refusal => audit.Of(AuditEvents.ReportReceived(
                audit.Node, SenderOf(reading, peer), message, refusal, audit.Now)),
        };

    private static MessageSender SenderOf(MessageReading reading, MllpPeer peer) => new(
        $"{reading.Key.SendingApplication}|{reading.Key.SendingFacility}", peer.Address.ToString(),
        reading.TypeAndEvent);
}
