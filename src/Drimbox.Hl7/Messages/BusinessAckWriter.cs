using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>Writes business acknowledgements: ZAM^Z01, Z02, Z03. Source: that of <see cref="BusinessAckProfiles"/>.
/// </summary>
public static class BusinessAckWriter
{
    private const string Codes = "AckMetierZAM";

    public static byte[] Write(BusinessAck ack, MessageEnvelope envelope)
    {
        var (profile, code, label) = ack.Kind switch
        {
            BusinessAckKind.DmpReception =>
                (BusinessAckProfiles.DmpReception, "ACK_RECEPTION_DMP", "Accusé de réception DMP"),
            BusinessAckKind.MailReception =>
                (BusinessAckProfiles.MailReception, "ACK_RECEPTION_MSS", "Accusé de réception MSSanté"),
            BusinessAckKind.MailReading => (BusinessAckProfiles.MailReading, "ACK_LECTURE_MSS", "Accusé de lecture"),
            _ => throw Invariant.Unreachable(ack),
        };
        var writer = envelope.Begin(profile, profile.TriggerEvents[0]);
        writer.Segment("EVN").Set(2, ack.OccurredAt);
        writer.Segment("OBX")
            .Set(1, "1").Set(2, "CWE").Set(3, code, label, Codes).Set(4, ack.MessageControlId)
            .Set(5, ack.Succeeded ? "Y" : "N", null, "expandedYes-NoIndicator").Set(11, "F");
        if (ack.Kind != BusinessAckKind.DmpReception) Address(writer, ack);
        if (ack.Error is not { } error) return writer.ToArray();
        writer.Segment("ERR")
            .Set(3, "207", "Application error", "messageErrorCondition")
            .Set(4, "E")
            .Set(5, error.Code, error.Text, error.Table);
        return writer.ToArray();
    }

    private static void Address(Er7Writer writer, BusinessAck ack)
    {
        var (code, label) = ack.Kind == BusinessAckKind.MailReception
            ? ("DESTINATAIRE_MSS", "Destinataire MSSanté")
            : ("LECTEUR_MSS", "Lecteur du courriel MSSanté");
        writer.Segment("OBX")
            .Set(1, "2").Set(2, "XTN").Set(3, code, label, Codes).Set(4, ack.PersonId)
            .Set(5, null, null, "X.400", ack.Address).Set(11, "F");
    }
}
