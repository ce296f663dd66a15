using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>The business acknowledgements of the CI-SIS volet "Transmission d'un document CDA-R2 en HL7v2": ZAM^Z01,
/// Z02 and Z03. Source: page profils-messages, "Description des messages HL7 d'accusés métier"; pages ack-metier-zam
/// and error-codes. The page has no table of the structure: it is that of the published examples.</summary>
public static class BusinessAckProfiles
{
    private const string Codes = "AckMetierZAM";

    /// <summary>ACK_RECEPTION_DMP.</summary>
    public static MessageProfile DmpReception { get; } =
        Zam("ZAM-Z01", "Accusé métier de réception DMP", "Z01", [Status("ACK_RECEPTION_DMP")]);

    /// <summary>ACK_RECEPTION_MSS.</summary>
    public static MessageProfile MailReception { get; } = Zam(
        "ZAM-Z02", "Accusé métier de réception MSSanté", "Z02",
        [Status("ACK_RECEPTION_MSS"), Address("DESTINATAIRE_MSS")]);

    /// <summary>ACK_LECTURE_MSS.</summary>
    public static MessageProfile MailReading { get; } = Zam(
        "ZAM-Z03", "Accusé métier de lecture MSSanté", "Z03", [Status("ACK_LECTURE_MSS"), Address("LECTEUR_MSS")]);

    private static MessageProfile Zam(string id, string title, string trigger, ObservationRule[] observations) => new(
        id, title, Hl7Volet.CdaTransmission,
        "ZAM", [trigger], "ZAM_Z01", "2.6", [new ProfileId("2.1", "CISIS_CDA_HL7_V2")], [], "ZAM_Z01",
        Group("ZAM_Z01", Usage.R, "1..1",
            Seg("MSH"), Seg("EVN"), Seg("OBX", Usage.R, "1..2"),
            // Required where OBX-5 of the first OBX is N: BusinessAckReader checks that.
            Seg("ERR", Usage.O, "0..1")),
        [
            F("EVN-2", "date and time of the event", form: ValueForm.Time),
            F("OBX-1", "set id", form: ValueForm.Count), F("OBX-2", "value type"),
            F("OBX-3", "observation identifier"), F("OBX-3.1", "code"), F("OBX-5", "value"),
            F("OBX-11", "result status"),
            V("ERR-3.1", "HL7 error code", "207"),
            // HL7 table 0516.
            V("ERR-4", "severity", "E", "F", "I", "W"),
            F("ERR-5", "application error code"), F("ERR-5.1", "application error code"),
        ],
        observations,
        [],
        "profils-messages 2.1");

    private static ObservationRule Status(string code) => new(
        code, Codes, Usage.R, Cardinality.Parse("1..1"), ["CWE"], ["F"],
        [F("OBX-4", "identifier of the message that carried the document"), .. YesNo("expandedYes-NoIndicator")]);

    private static ObservationRule Address(string code) => new(
        code, Codes, Usage.R, Cardinality.Parse("1..1"), ["XTN"], ["F"],
        [V("OBX-5.3", "kind of address", "X.400"), F("OBX-5.4", "MSSanté address")]);
}
