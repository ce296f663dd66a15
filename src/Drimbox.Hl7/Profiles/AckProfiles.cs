using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>The acknowledgements of both volets. No door takes them: they come on the connection of the message that
/// they answer. They are declared for who checks an answer by hand. Source: page acquittement of the teleradiology
/// volet; page profils-messages of the CDA volet, "Le message d'acquittement"; page error-codes (ERR-5).</summary>
public static class AckProfiles
{
    public static MessageProfile Teleradiology { get; } = Ack(
        "TLR-ACK", Hl7Volet.Teleradiology, "2.5.1", ["O01", "R01", "O23"], "acquittement", []);

    public static MessageProfile Oru { get; } = Ack(
        "CDA-ACK-ORU", Hl7Volet.CdaTransmission, "2.5", ["R01"], "profils-messages 2.1", ApplicationCode);

    public static MessageProfile Mdm { get; } = Ack(
        "CDA-ACK-MDM", Hl7Volet.CdaTransmission, "2.6", ["T02", "T10", "T04", "Z01", "Z02", "Z03"],
        "profils-messages 2.1", ApplicationCode);

    private static FieldRule[] ApplicationCode =>
    [
        F("ERR-5", "application error code", Usage.O),
        V("ERR-5.1", "application error code", "900", "901", "902", "903", "904", "905", "906"),
    ];

    private static MessageProfile Ack(
        string id, Hl7Volet volet, string version, string[] events, string source, FieldRule[] further) => new(
            id, "Acquittement", volet, "ACK", events, "ACK", version, [], [], "ACK",
            Group("ACK", Usage.R, "1..1", Seg("MSH"), Any("SFT"), Seg("MSA"), Seg("ERR", Usage.C, "0..*")),
            [
                V("MSH-17", "country", "FRA"),
                V("MSH-18", "character set", "UNICODE UTF-8", "8859/15"),
                V("MSA-1", "acknowledgement code", "AA", "AE", "AR"),
                F("MSA-2", "control id of the message"),
                F("ERR-2", "place of the error", Usage.O),
                F("ERR-3", "HL7 error code"),
                F("ERR-3.1", "HL7 error code (table 0357)"),
                // Table 0516. The example of the CDA page writes it with a space before it.
                V("ERR-4", "severity", "E", "F", "I", "W"),
                .. further,
            ],
            [],
            [new AgreementRule.Required("ERR", Is("MSA-1", "AE", "AR"), "a refusal says why in an ERR")],
            source);
}
