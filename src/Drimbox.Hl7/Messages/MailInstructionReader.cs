using System.Text;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>Reads what a report message says about its mail: PRT with PRT-4 = RCT and REPLY, CORPSMAIL_PS and
/// CORPSMAIL_PATIENT, NTE-4 = FIN. Source: CDA volet, pages profils-messages and mapping-mss.</summary>
internal static class MailInstructionReader
{
    /// <returns>Null where the message says nothing, and with a reason where an address is none.</returns>
    public static MailInstructions? TryRead(Er7Message message, out Refusal? refusal)
    {
        refusal = null;
        var named = new List<NamedMailbox>();
        MailAddress? replyTo = null;
        foreach (var prt in message.All("PRT"))
        {
            var participation = prt[4].Component(1).Code;
            if (participation is not ("RCT" or "REPLY")) continue;
            if (!MailAddress.TryParse(prt[15].Component(4).Code, null, out var address))
            {
                refusal = new Refusal(
                    RefusalReason.DataType, "PRT-15.4 is no mail address.", prt.PathOf(15, 4).ToErl());
                return null;
            }

            if (participation == "REPLY") replyTo ??= address;
            else named.Add(new NamedMailbox(address, PersonId(prt)));
        }

        var (professional, patient) = (Text(message, "CORPSMAIL_PS"), Text(message, "CORPSMAIL_PATIENT"));
        var isFinal = EndsTheExchange(message);
        return named.Count == 0 && replyTo is null && professional is null && patient is null && !isFinal
            ? null
            : new MailInstructions(named, replyTo, professional, patient, isFinal);
    }

    // A professional or patient (PRT-5.1), an organisation (PRT-8.10) or an application (PRT-10.1).
    private static string? PersonId(Er7Segment prt) =>
        CompositeReader.Optional(prt[5].Component(1))
        ?? CompositeReader.Optional(prt[8].Component(10))
        ?? CompositeReader.Optional(prt[10].Component(1));

    /// <summary>OBX-5 of an ED whose content the volet leaves open: base64 where its encoding says so, else
    /// text.</summary>
    private static string? Text(Er7Message message, string code)
    {
        foreach (var obx in message.All("OBX"))
        {
            if (obx[3].Component(1).Code != code) continue;
            var text = obx[5].Component(4).Code.Equals("Base64", StringComparison.OrdinalIgnoreCase)
                ? Decoded(message, obx[5].Component(5))
                : obx[5].Component(5).HasContent ? obx[5].Component(5).FreeText : obx[5].FreeText;
            if (string.IsNullOrWhiteSpace(text)) return null;
            return text.Length > Limits.MailTextCharactersMax ? text[..Limits.MailTextCharactersMax] : text;
        }

        return null;
    }

    private static string? Decoded(Er7Message message, Er7Value value) =>
        Er7Base64.TryDecode(message, value, Limits.MailTextCharactersMax * 4, out _) is { } bytes
            ? Encoding.UTF8.GetString(bytes.Span)
            : null;

    // NTE-4 = FIN below the OBX that sends to the patient: he shall not answer.
    private static bool EndsTheExchange(Er7Message message)
    {
        var toPatient = false;
        foreach (var segment in message.Segments)
        {
            if (segment.Name == "OBX") toPatient = segment[3].Component(1).Code == "DESTMSSANTEPAT";
            else if (segment.Name == "NTE" && toPatient && segment[4].Code == "FIN") return true;
        }

        return false;
    }
}
