using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Corrections;

/// <summary>The way of a message about a patient into the archive (IHE RAD-12 Patient Update): corrections first, then the
/// message with its answer. Whatever a crash leaves undone comes with the message again, and what is done already is
/// found to be so (docs/adr/0019).</summary>
internal sealed class PatientUpdateDoor(
    string nodeId,
    Inbox inbox,
    ArchiveIndex index,
    PatientCorrections corrections,
    AssigningAuthority local,
    ILogger log)
{
    /// <summary>Answers one frame; null where it has no readable MSH.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(
        ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellationToken)
    {
        if (MessageValidator.Read(frame, PatientUpdateProfiles.All) is not { } reading)
        {
            ArchiveLog.FrameUnreadable(log, nodeId, peer.Address);
            return null;
        }

        var reply = await AnswerAsync(reading, frame, cancellationToken);
        if (reply.Refusal is { } refusal)
        {
            ArchiveLog.MessageRefused(
                log, nodeId, reading.TypeAndEvent, reply.AckCode!, refusal.Reason.ToString(), refusal.Location);
        }

        return reading.Message.Charset.GetBytes(reply.Ack!);
    }

    private async Task<GrainReply> AnswerAsync(
        MessageReading reading, ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        try
        {
            await using var draft = inbox.Draft(
                reading.Key, frame, reading.TypeAndEvent, AckComposer.HeaderOf(reading.Message), cancellationToken);
            if (await inbox.FindRepeatAsync(draft, cancellationToken) is { } known) return known;
            var refusal = reading.Refusal ?? await CorrectAsync(reading, cancellationToken);
            return await inbox.AnswerAsync(draft, refusal, cancellationToken);
        }
        catch (StorageFaultException)
        {
            return inbox.NotStored(AckComposer.HeaderOf(reading.Message));
        }
    }

    private async Task<Refusal?> CorrectAsync(MessageReading reading, CancellationToken cancellationToken)
    {
        var updates = PatientUpdateReader.Read(reading);
        if (updates.Count > Limits.PatientsPerMessageMax)
            return new Refusal(RefusalReason.OverLimit, "The message is about too many patients.", "PID^1");
        var application = reading.Message.Header[3].Component(1).Code;
        var reason = $"{reading.TypeAndEvent}, message {reading.RepeatKey}";
        foreach (var update in updates)
        {
            var known = new List<PatientIdentity>();
            foreach (var value in update.Numbers.Concat(update.Former).Select(n => n.Value).Distinct())
                known.AddRange(await index.Corrections.PatientsAsync(value, cancellationToken));
            var (orders, refusal) = PatientUpdateRules.OrdersFor(update, known, local, $"HL7 {application}", reason);
            if (refusal is not null) return refusal;
            foreach (var order in orders)
            {
                var result = await corrections.RecordAsync(order, cancellationToken);
                // That it is so already, or that the study has gone meanwhile, is what was wanted.
                if (result.Refusal is { Reason: not (RefusalReason.WrongState or RefusalReason.UnknownTarget) } wrong)
                    return wrong with { Location = "PID^1" };
            }
        }

        return null;
    }
}
