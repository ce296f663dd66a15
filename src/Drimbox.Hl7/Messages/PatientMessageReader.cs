using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>Reads ADT of PAM-FR. Takes messages that passed their profile.</summary>
public static class PatientMessageReader
{
    /// <summary>What the message says of the patient.</summary>
    /// <param name="zone">Of MSH-7 without an offset.</param>
    /// <returns>The statement, or null with the reason.</returns>
    public static PatientStatement? TryRead(Er7Message message, TimeZoneInfo zone, out Refusal? refusal)
    {
        var read = new CompositeReader();
        var header = message.Header;
        // Two statements are compared by the time of their messages (MSH-7): a date alone would leave a day open.
        if (!Timestamp.TryParse(header[7].Component(1).Code, out var time)
            || time.Precision < TimestampPrecision.Minute || time.ToUtc(zone) is not { } statedAt)
        {
            refusal = new Refusal(
                RefusalReason.DataType, "MSH-7 does not say when the message was made, to the minute.", "MSH^1^7");
            return null;
        }

        var patient = PatientSegments.Read(message.Find("PID")!.Value, read);
        // ROL||UC|ODRP|10000023084^AGNES^Isabelle^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^L^^^RPPS: HL7 0443, as
        // PAM-FR names the treating physician.
        var physician = message.All("ROL").Where(rol => rol[3].Component(1).Code == "ODRP")
            .Select(rol => read.OptionalXcn(rol, 4)).FirstOrDefault();
        refusal = read.Refusal;
        if (refusal is not null) return null;
        var zfa = message.Find("ZFA");
        return new PatientStatement(
            patient.Identity, patient.Reliability, Feeding(zfa), Consultation(zfa), statedAt.PadRight(14, '0'))
        {
            TreatingPhysician = physician,
        };
    }

    private static DmpFeeding Feeding(Er7Segment? zfa) => zfa?[9].Component(1).Code switch
    {
        "IO" => DmpFeeding.Opposed,
        "INO" => DmpFeeding.NotOpposed,
        _ => DmpFeeding.NotCollected,
    };

    private static DmpConsultation Consultation(Er7Segment? zfa) => zfa?[11].Component(1).Code switch
    {
        "INC" => DmpConsultation.Refused,
        "IC" => DmpConsultation.Consented,
        _ => DmpConsultation.NotCollected,
    };
}
