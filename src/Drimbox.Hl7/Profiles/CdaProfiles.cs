using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>The messages of the CI-SIS volet "Transmission d'un document CDA-R2 en HL7v2", 2.1 and, from its samples,
/// 2.0. Source: pages profils-messages and meta-dmp-mss.</summary>
public static class CdaProfiles
{
    private const string Meta = "MetaDMPMSS";
    private const string Name = "CISIS_CDA_HL7_V2";
    private const string DocumentTypes = "JDV_J07-XdsTypeCode-CISIS";

    // ORC-1, OBX-11 and the event must agree: page profils-messages, "Le segment ORC".
    private static readonly ActionRow[] Actions = [new("NW", "F", "T02"), new("RO", "C", "T10"), new("CA", "D", "T04")];

    public static MessageProfile Oru21 { get; } = new(
        "CDA-ORU-2.1", "Transmission d'un document par ORU", Hl7Volet.CdaTransmission,
        "ORU", ["R01"], "ORU_R01", "2.5", [new("2.1", Name)], ["NW", "RO", "CA"], "ORDER_OBSERVATION",
        Group("ORU_R01", Usage.R, "1..1",
            Seg("MSH"),
            Group("PATIENT_RESULT", Usage.R, "1..1",
                Group("PATIENT", Usage.R, "1..1",
                    Seg("PID"),
                    // The structure table says RE; the text calls PV1 required. A report without it is understood.
                    Group("PATIENT_VISIT", Usage.RE, "0..1", Seg("PV1"))),
                // The table allows several; each would be a request of its own, which one MSA cannot answer.
                Group("ORDER_OBSERVATION", Usage.R, "1..1",
                    Seg("ORC"), Seg("OBR"), Any("NTE"),
                    Group("TIMING", Usage.O, "0..*", Seg("TQ1")),
                    Group("OBSERVATION", Usage.R, "1..*", Seg("OBX"), Any("PRT"), Any("NTE"))))),
        [.. Patient, .. Visit, .. Order, .. AnyObservation, .. Participation(Usage.R)],
        [Document("TEXT", "1..2"), .. Metadata("CE")],
        Agreements,
        "profils-messages 2.1");

    public static MessageProfile Mdm21 { get; } = new(
        "CDA-MDM-2.1", "Transmission d'un document par MDM", Hl7Volet.CdaTransmission,
        "MDM", ["T02", "T10", "T04"], "MDM_T02", "2.6", [new("2.1", Name)], ["NW", "RO", "CA"], "MDM_T02",
        Mdm(Usage.R, "1..1"),
        [
            .. Patient, .. Visit, .. Order, .. DocumentHeader("AU"), .. AnyObservation,
            .. Participation(Usage.R),
        ],
        [Document("text", "1..1"), .. Metadata("CWE")],
        Agreements,
        "profils-messages 2.1");

    /// <summary>ORU 2.0: as 2.1; no sample shows a difference.</summary>
    public static MessageProfile Oru20 { get; } = Oru21 with { Id = "CDA-ORU-2.0", ProfileIds = [new("2.0", Name)] };

    /// <summary>MDM 2.0, from its samples: no ORC and OBR, TXA-17 = LA, no name in PRT-8.</summary>
    public static MessageProfile Mdm20 { get; } = Mdm21 with
    {
        Id = "CDA-MDM-2.0",
        ProfileIds = [new("2.0", Name)],
        Structure = Mdm(Usage.O, "0..1"),
        Fields =
        [
            .. Patient, .. Visit, .. Order, .. DocumentHeader("AU", "LA"), .. AnyObservation,
            .. Participation(Usage.RE),
        ],
        Source = "samples of 2.0",
    };

    private static IEnumerable<FieldRule> Patient =>
    [
        F("PID-3", "patient identifiers"), F("PID-3.1", "patient identifier"),
        F("PID-5", "patient name"), F("PID-5.1", "family name"),
        F("PID-18", "account number", Usage.RE),
    ];

    private static IEnumerable<FieldRule> Visit =>
    [
        F("PV1-2", "patient class"),
        F("PV1-19", "visit number", Usage.C, when: Is("PV1-2", "E", "I", "O", "R")),
        F("PV1-44", "admission", Usage.RE, ValueForm.Time),
        F("PV1-45", "discharge", Usage.RE, ValueForm.Time),
    ];

    private static IEnumerable<FieldRule> Order =>
    [
        V("ORC-1", "order control", "NW", "RO", "CA"),
        F("OBR-4", "document type"),
        F("OBR-4.1", "document type").From(DocumentTypes),
        F("OBR-4.2", "label of the document type"),
        V("OBR-4.3", "coding system", "LN", "TRE_A05"),
    ];

    private static IEnumerable<FieldRule> AnyObservation =>
    [
        F("OBX-1", "set id", form: ValueForm.Count), F("OBX-2", "value type"),
        F("OBX-3", "observation identifier"), F("OBX-3.1", "code"), F("OBX-11", "result status"),
    ];

    private static AgreementRule[] Agreements =>
    [
        new AgreementRule.Action(Actions, "ORC-1, OBX-11 of the document and the trigger event agree"),
        new AgreementRule.DocumentType("OBX-3 of the document is OBR-4"),
        new AgreementRule.Participation(["DESTDMP"], "SB", "a document for the DMP names its sender (PRT-4 = SB)"),
        new AgreementRule.Participation(
            ["DESTMSSANTEPS", "DESTMSSANTEPAT"], "RCT", "a document for MSSanté names a recipient (PRT-4 = RCT)"),
    ];

    private static IEnumerable<FieldRule> Participation(Usage organizationName) =>
    [
        V("PRT-2", "action code", "UC"),
        V("PRT-4.1", "participation", "SB", "RCT", "REPLY"),
        V("PRT-4.3", "table of participations", "participation", "HL70912"),
        .. Professional("PRT-5", "sender", Usage.O, Is("PRT-4.1", "SB")),
        F("PRT-8", "organization of the sender", when: Is("PRT-4.1", "SB")),
        F("PRT-8.1", "organization name", organizationName, when: Is("PRT-4.1", "SB")),
        V("PRT-8.6.2", "OID of the authority", OrganizationsOid).Where(Is("PRT-4.1", "SB")),
        V("PRT-8.7", "identifier type", "FINEJ", "FINEG", "IDNST").Where(Is("PRT-4.1", "SB")),
        F("PRT-8.10", "organization number", when: Is("PRT-4.1", "SB")),
        F("PRT-15", "address", when: Is("PRT-4.1", "RCT", "REPLY")),
        V("PRT-15.3", "kind of address", "X.400").Where(Is("PRT-4.1", "RCT", "REPLY")),
        F("PRT-15.4", "mail address", when: Is("PRT-4.1", "RCT", "REPLY")),
    ];

    private static GroupRule Mdm(Usage order, string cardinality) => Group("MDM_T02", Usage.R, "1..1",
        Seg("MSH"), Seg("EVN"), Seg("PID"), Seg("PV1"),
        Group("COMMON_ORDER", order, cardinality,
            Seg("ORC"),
            Group("TIMING", Usage.O, "0..*", Seg("TQ1"), Any("TQ2")),
            Seg("OBR"), Any("NTE")),
        Seg("TXA"),
        Group("OBXNTE", Usage.R, "1..*", Seg("OBX"), Any("PRT"), Any("NTE")));

    private static IEnumerable<FieldRule> DocumentHeader(params string[] completion) =>
    [
        V("TXA-1", "set id", "1"),
        F("TXA-2", "document type").From(DocumentTypes),
        V("TXA-3", "content presentation", "TEXT").AnyCase(),
        F("TXA-12", "unique document number"),
        F("TXA-12.1", "unique document number"),
        F("TXA-13", "parent document number", Usage.C, when: Is("MSH-9.2", "T10")),
        V("TXA-17", "completion status", completion),
    ];

    // The examples write Text and TEXT for text: the case says nothing.
    private static ObservationRule Document(string type, string cardinality) => new(
        null, "", Usage.R, Cardinality.Parse(cardinality), ["ED"], ["F", "C", "D"],
        [
            F("OBX-3.2", "label of the document type"),
            V("OBX-3.3", "coding system", "LN", "TRE_A05"),
            V("OBX-5.2", "type", type).AnyCase(),
            V("OBX-5.3", "data subtype", "XML").AnyCase(),
            V("OBX-5.4", "encoding", "Base64").AnyCase(),
            F("OBX-5.5", "document in base64", form: ValueForm.Base64),
        ]);

    private static IEnumerable<ObservationRule> Metadata(string type) =>
    [
        Flag("MASQUE_PS", type, Usage.R),
        Flag("INVISIBLE_PATIENT", type, Usage.R),
        Flag("INVISIBLE_REP_LEGAUX", type, Usage.R),
        Flag("CONNEXION_SECRETE", type, Usage.R),
        Flag("MODIF_CONF_CODE", type, Usage.R),
        Flag("DESTDMP", type, Usage.R),
        Flag("DESTMSSANTEPS", type, Usage.R),
        Flag("DESTMSSANTEPAT", type, Usage.R),
        // Marked "Optional" in their tables, required by the sentence above them.
        Flag("ACK_RECEPTION", type, Usage.O),
        // Two examples of the page write ACK_LECTURE.
        Flag("ACK_LECTURE_MSS", type, Usage.O) with { Aliases = ["ACK_LECTURE"] },
        MailBody("CORPSMAIL_PS"), MailBody("CORPSMAIL_PATIENT"),
    ];

    // The samples of 2.0 name the HL7 table instead of its symbolic name.
    private static ObservationRule Flag(string code, string type, Usage usage) => new(
        code, Meta, usage, Cardinality.Parse(usage == Usage.R ? "1..1" : "0..1"), [type], ["F"],
        YesNo("expandedYes-NoIndicator", "HL70136"));

    private static ObservationRule MailBody(string code) => new(
        code, Meta, Usage.O, Cardinality.Parse("0..1"), ["ED"], ["F"], [F("OBX-5", "text of the mail")]);
}
