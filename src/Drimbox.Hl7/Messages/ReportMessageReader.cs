using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>A report message with the document that it carried.</summary>
/// <param name="Cda">The document byte for byte; for a deletion possibly a placeholder that is no document.</param>
public sealed record ReceivedReport(ReportMessage Message, ReadOnlyMemory<byte> Cda);

/// <summary>Reads the header of a CDA document.</summary>
/// <returns>One of the two.</returns>
internal delegate (CdaHeader? Header, Refusal? Refusal) CdaHeaderReader(ReadOnlyMemory<byte> cda);

/// <summary>Reads ORU^R01 and MDM of the CDA volet. Takes messages that passed their profile.</summary>
public static class ReportMessageReader
{
    /// <summary>Reads the message, its document and what the two must have in common.</summary>
    /// <returns>The report, or null with the reason.</returns>
    public static ReceivedReport? TryRead(Er7Message message, out Refusal? refusal) =>
        TryRead(message, static cda => (CdaReader.TryRead(cda, out var unread), unread), out refusal);

    /// <summary>The same with another reader of documents, so that a message can be judged without one.</summary>
    internal static ReceivedReport? TryRead(Er7Message message, CdaHeaderReader readCda, out Refusal? refusal)
    {
        var read = new CompositeReader();
        // An ORU may carry the same content twice, as level 1 and level 3 ("not applicable to Ségur wave 2"): the first
        // is the report, the second stays in the message as received.
        var obx = message.All("OBX").First(ObservationRules.IsDocument);
        var action = obx[11].Code switch
        {
            "F" => ReportAction.Initial,
            "C" => ReportAction.Replace,
            "D" => ReportAction.Delete,
            _ => throw Invariant.Unreachable(obx),
        };
        if (Er7Base64.TryDecode(message, obx[5].Component(5), Limits.CdaBytesMax, out var reason) is not { } cda)
        {
            refusal = new Refusal(reason, "The document is not base64, or too long.", obx.PathOf(5, 5).ToErl());
            return null;
        }

        var (header, cdaRefusal) = readCda(cda);
        var number = message.Find("TXA") is { } txa ? DocumentNumber.Read(txa[12]) : null;
        // A deletion by MDM names its document in TXA-12, and the samples carry a placeholder instead of it.
        var bodyMayBeAbsent = action == ReportAction.Delete && number is not null;
        if (header is null && !bodyMayBeAbsent)
        {
            refusal = cdaRefusal! with { Location = cdaRefusal.Location ?? obx.PathOf(5, 5).ToErl() };
            return null;
        }

        var pid = message.Find("PID")!.Value;
        var patient = PatientSegments.Read(pid, read);
        var sender = message.All("PRT").Where(prt => prt[4].Component(1).Code == "SB").Select(prt => (Er7Segment?)prt)
            .FirstOrDefault();
        var mail = MailInstructionReader.TryRead(message, out var mailRefusal);
        var (parent, disagree) = Parent(message, header);
        var report = new ReportMessage(
            action,
            header?.DocumentId ?? number!.ToIdentifier()
                ?? read.Fail<InstanceIdentifier>(message.Find("TXA")!.Value, 12),
            parent,
            header,
            patient.Identity,
            patient.Reliability,
            sender is { } person ? read.OptionalXcn(person, 5) : null,
            sender is { } organization ? read.OptionalXon(organization, 8) : null,
            PlacerOrderNumber(message, header, read),
            message.Find("PV1") is { } pv1 ? CompositeReader.Optional(pv1[2]) : null,
            Choices(message),
            disagree)
        {
            MailInstructions = mail,
        };
        refusal = read.Refusal ?? mailRefusal ?? ReportChecks.Check(report, number, sender);
        return refusal is null ? new ReceivedReport(report, cda) : null;
    }

    // The document itself wins over the message that carries it.
    private static (InstanceIdentifier? Parent, bool Disagree) Parent(Er7Message message, CdaHeader? header)
    {
        var number = message.Find("TXA") is { } txa ? DocumentNumber.Read(txa[13]) : null;
        if (header?.Replaces is not { } related) return (number?.ToIdentifier(), false);
        return (related, number is not null && !number.Matches(related));
    }

    private static InstanceIdentifier? PlacerOrderNumber(Er7Message message, CdaHeader? header, CompositeReader read)
    {
        if (message.Find("ORC") is { } orc && read.OptionalEi(orc, 2) is { } ofOrder) return ofOrder;
        if (message.Find("OBR") is { } obr && read.OptionalEi(obr, 2) is { } ofRequest) return ofRequest;
        return header?.Orders is [var first, ..] ? first.PlacerOrderNumber : null;
    }

    private static PublicationChoices Choices(Er7Message message)
    {
        var active = message.All("OBX")
            .Where(obx => obx[3].Component(3).Code == "MetaDMPMSS" && obx[5].Component(1).Code == "Y")
            .Select(obx => obx[3].Component(1).Code)
            .ToHashSet(StringComparer.Ordinal);
        var visibility = Visibility.Normal;
        if (active.Contains("MASQUE_PS")) visibility |= Visibility.MaskedFromProfessionals;
        if (active.Contains("INVISIBLE_PATIENT")) visibility |= Visibility.InvisibleToPatient;
        if (active.Contains("INVISIBLE_REP_LEGAUX")) visibility |= Visibility.InvisibleToLegalRepresentatives;
        return new PublicationChoices(
            visibility,
            SecretConnection: active.Contains("CONNEXION_SECRETE"),
            ChangesVisibilityOnly: active.Contains("MODIF_CONF_CODE"),
            ToDmp: active.Contains("DESTDMP"),
            ToProfessionals: active.Contains("DESTMSSANTEPS"),
            ToPatient: active.Contains("DESTMSSANTEPAT"),
            WantsReceipt: active.Contains("ACK_RECEPTION"),
            WantsReadReceipt: active.Contains("ACK_LECTURE_MSS") || active.Contains("ACK_LECTURE"));
    }
}
