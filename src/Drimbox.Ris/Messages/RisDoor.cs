using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Tracing;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;
using Drimbox.Ris.Reports;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Messages;

/// <summary>
/// What the RIS takes over MLLP: the platform's responses (flux 3) and its reports (MDM and ORU of the CDA volet), what
/// the site says of patients (ADT of PAM-FR), and business acknowledgements (ZAM). A frame is read, validated and
/// decided; one transaction stores it with its answer and what it led to; then the answer goes out (docs/adr/0009).
/// </summary>
internal sealed class RisDoor(
    Inbox inbox,
    ObjectStore objects,
    ReportRegister reports,
    RisRequestGrain requests,
    PatientRegister patients,
    MailDocuments mail,
    TimeZoneInfo zone,
    ILogger logger)
{
    public static readonly IReadOnlyList<MessageProfile> Accepted =
    [
        TeleradiologyProfiles.Flux3, CdaProfiles.Oru21, CdaProfiles.Mdm21, CdaProfiles.Oru20, CdaProfiles.Mdm20,
        PamProfiles.Admission, PamProfiles.Identity,
        BusinessAckProfiles.DmpReception, BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading,
    ];

    /// <returns>The acknowledgement, or null for a frame whose header cannot be read: the connection closes.</returns>
    public async ValueTask<ReadOnlyMemory<byte>?> HandleAsync(
        ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellation)
    {
        if (MessageValidator.Read(frame, Accepted) is not { } reading)
        {
            RisLog.FrameUnreadable(logger, peer.Address);
            return null;
        }

        var controlId = reading.RepeatKey;
        try
        {
            var reply = await DecideAsync(frame, reading, cancellation);
            if (reply.Refusal is { } refusal)
                RisLog.MessageRefused(logger, controlId, reading.TypeAndEvent, refusal.Reason, refusal.Location);
            return reading.Message.Charset.GetBytes(reply.Ack!);
        }
        catch (StorageFaultException e)
        {
            RisLog.StoreFailed(logger, controlId, e.Fault.ToString());
            var reply = inbox.NotStored(AckComposer.HeaderOf(reading.Message));
            return reading.Message.Charset.GetBytes(reply.Ack!);
        }
    }

    private async Task<GrainReply> DecideAsync(
        ReadOnlyMemory<byte> frame, MessageReading reading, CancellationToken cancellation)
    {
        await using var draft = inbox.Draft(
            reading.Key, frame, reading.TypeAndEvent, AckComposer.HeaderOf(reading.Message), cancellation);
        if (await inbox.FindRepeatAsync(draft, cancellation) is { } repeated) return repeated;
        if (reading.Refusal is { } invalid) return await inbox.RefuseAsync(draft, invalid, cancellation);
        return reading.Profile!.MessageType switch
        {
            "ADT" => await KnowAsync(reading, draft, cancellation),
            "ZAM" => await AcknowledgeAsync(reading, draft, cancellation),
            _ when ReferenceEquals(reading.Profile, TeleradiologyProfiles.Flux3) =>
                await RespondAsync(reading, draft, cancellation),
            _ => await ReportAsync(reading, draft, cancellation),
        };
    }

    /// <summary>ADT: who a patient is, and the answer about the DMP.</summary>
    private async Task<GrainReply> KnowAsync(MessageReading reading, InboxDraft draft, CancellationToken cancellation)
    {
        if (PatientMessageReader.TryRead(reading.Message, zone, out var refusal) is not { } statement)
            return await inbox.RefuseAsync(draft, refusal!, cancellation);
        var reply = await patients.StateAsync(statement, draft, cancellation);
        var duplicates = await patients.DuplicatesOfAsync(statement.Patient, cancellation);
        if (duplicates.Count > 0) RisLog.SameTraits(logger, reading.RepeatKey, duplicates.Count);
        return reply;
    }

    /// <summary>ZAM: how a document that this RIS sent fared.</summary>
    private async Task<GrainReply> AcknowledgeAsync(
        MessageReading reading, InboxDraft draft, CancellationToken cancellation)
    {
        if (BusinessAckReader.TryRead(reading.Message, out var refusal) is not { } ack)
            return await inbox.RefuseAsync(draft, refusal!, cancellation);
        return await reports.AcknowledgeAsync(new ReceiveBusinessAck(ack), draft, cancellation)
            ?? await inbox.RefuseAsync(
                draft,
                new Refusal(
                    RefusalReason.UnknownTarget, "No message of this RIS has the identifier that OBX-4 names.",
                    "OBX^1^4"),
                cancellation);
    }

    /// <summary>Flux 3: the platform accepts or refuses requests.</summary>
    private async Task<GrainReply> RespondAsync(
        MessageReading reading, InboxDraft draft, CancellationToken cancellation)
    {
        if (TeleradiologyReader.TryReadResponses(reading, out var refusal) is not { } responses)
            return await inbox.RefuseAsync(draft, refusal!, cancellation);
        return await requests.ExecuteAsync(
            [.. responses.Select(r => (r.PlacerOrderNumber, (RisRequestCommand)new ReceiveResponse(r)))],
            draft, cancellation);
    }

    private async Task<GrainReply> ReportAsync(MessageReading reading, InboxDraft draft, CancellationToken cancellation)
    {
        var begun = StudyTrace.Now;
        if (ReportMessageReader.TryRead(reading.Message, out var refusal) is not { } received)
            return await inbox.RefuseAsync(draft, refusal!, cancellation);
        if (await OtherPatientAsync(received.Message, cancellation) is { } mismatch)
            return await inbox.RefuseAsync(draft, mismatch, cancellation);

        // The document is durable before the row that refers to it.
        var file = await objects.PutAsync(received.Cda, cancellation);
        var sha1 = Convert.ToHexStringLower(SHA1.HashData(received.Cda.Span));
        var command = new ReceiveReport(received.Message, file, sha1)
        {
            ControlId = reading.Message.Header[10].Text,
            Mail = await mail.KeepAsync(received.Message, received.Cda, cancellation),
            Requester = received.Message.PlacerOrderNumber is { IsEmpty: false } order
                ? (await requests.GetAsync(order, cancellation)).Request?.OrderingProvider
                : null,
        };
        var reply = await reports.ReceiveAsync(command, draft, cancellation);
        StudyTrace.Record(
            "ris.message", received.Message.Cda?.StudyInstanceUids ?? [], begun, reply.AckCode ?? "", reply.Refusal is not null);
        return reply;
    }

    /// <summary>A report that answers a request of this RIS is about the patient of the request.</summary>
    private async Task<Refusal?> OtherPatientAsync(ReportMessage message, CancellationToken cancellation)
    {
        if (message.PlacerOrderNumber is not { IsEmpty: false } order) return null;
        var request = (await requests.GetAsync(order, cancellation)).Request;
        if (request is null) return null;
        var identity = request.Patient.Identity;
        if (identity.Ins != message.Patient.Ins)
            return new Refusal(RefusalReason.PatientMismatch, "Another patient than that of the request.", "PID^1^3");
        return StrictTraits.FirstDifference(identity, message.Patient) is { } trait
            ? new Refusal(
                RefusalReason.PatientMismatch, "A trait differs from that of the request.",
                StrictTraits.LocationOf(trait))
            : null;
    }
}
