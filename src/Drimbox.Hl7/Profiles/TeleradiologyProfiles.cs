using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Hl7.Profiles.Table;

namespace Drimbox.Hl7.Profiles;

/// <summary>The four flows of the CI-SIS teleradiology volet 1.0. Source: pages st-profils (structures),
/// st-contraintes (MSH, PID, PV1), st_flux1 to st_flux4, sub-id, table_obr, table_obs, table_orga.</summary>
public static class TeleradiologyProfiles
{
    private const string Observation = "TLR_OBSERVATION";
    private const string Documents = "JDV_CodeDocumentImagerie-CISIS";

    private static readonly ProfileId[] Ids = [new("1.0", "CISIS_TLR_HL7_V2")];

    /// <summary>Flux 1: a request.</summary>
    public static MessageProfile Flux1 { get; } = new(
        "TLR-1", "Transmission de la demande d'examen d'imagerie", Hl7Volet.Teleradiology,
        "ORM", ["O01"], "ORM_O01", "2.5.1", Ids, ["NW"], "ORDER",
        Orm(observations: Usage.R, "1..*"),
        [
            .. Patient, .. Visit,
            V("ORC-1", "order control", "NW"),
            .. PlacerOrder,
            F("ORC-9", "date of the request", form: ValueForm.Time),
            F("ORC-11", "verified by", Usage.RE),
            .. Professional("ORC-12", "ordering provider", Usage.R),
            F("ORC-14", "call back phone number", Usage.RE),
            .. Sender("STRUCTURE_IMAGERIE"),
            .. Procedure("TRANSMISSION_DEMANDE"),
            F("OBR-13", "relevant clinical information"),
            F("OBR-16", "ordering provider"),
            .. AnyObservation,
        ],
        [
            Modality(Usage.R, "1..1", "O"),
            Region(Usage.R, "1..1", "O"),
            Topography("O"),
            // The text calls the history repeatable, its table says [0..1]: repetitions are taken.
            Obs("11322-5", "LN", Usage.O, "0..*", ["FT"], "O",
                F("OBX-5", "history"),
                V("OBX-8", "relevance", "SANS_IMPACT", "PERTINENT", "MAJEUR").IfSent()),
            Obs("8302-2", "LN", Usage.O, "0..1", ["NM"], "O",
                F("OBX-5", "body height", form: ValueForm.Number), F("OBX-6", "unit")),
            Obs("29463-7", "LN", Usage.O, "0..1", ["NM"], "O",
                F("OBX-5", "body weight", form: ValueForm.Number), F("OBX-6", "unit")),
            Obs("82810-3", "LN", Usage.O, "0..1", ["CE"], "O", YesNo("expandedYes-NoIndicator")),
        ],
        [SamePlacer, SameProvider],
        "st_flux1");

    /// <summary>Flux 2: the cancellation of a request.</summary>
    public static MessageProfile Flux2 { get; } = new(
        "TLR-2", "Annulation de la demande d'examen d'imagerie", Hl7Volet.Teleradiology,
        "ORM", ["O01"], "ORM_O01", "2.5.1", Ids, ["CA"], "ORDER",
        Orm(observations: Usage.O, "0..*"),
        [
            .. Patient, .. Visit,
            V("ORC-1", "order control", "CA"),
            .. PlacerOrder,
            F("ORC-9", "date of the cancellation", form: ValueForm.Time),
            F("ORC-11", "verified by", Usage.RE),
            .. Professional("ORC-12", "ordering provider", Usage.R),
            F("ORC-14", "call back phone number", Usage.RE),
            F("ORC-16", "reason", Usage.O),
            .. Sender("STRUCTURE_IMAGERIE"),
            .. Procedure("ANNULATION_DEMANDE"),
            F("OBR-16", "ordering provider"),
            .. AnyObservation,
        ],
        [],
        [SamePlacer, SameProvider],
        "st_flux2");

    /// <summary>Flux 3: the answer to a request.</summary>
    public static MessageProfile Flux3 { get; } = new(
        "TLR-3", "Réponse à la demande d'examen d'imagerie", Hl7Volet.Teleradiology,
        "ORU", ["R01"], "ORU_R01", "2.5.1", Ids, ["OK", "OC"], "ORDER_OBSERVATION",
        Group("ORU_R01", Usage.R, "1..1",
            Seg("MSH"), Any("SFT"),
            Group("PATIENT_RESULT", Usage.R, "1..1",
                Group("PATIENT", Usage.R, "1..1",
                    Seg("PID"), Opt("PD1"), Any("NTE"), Any("NK1"),
                    Group("VISIT", Usage.O, "0..1", Seg("PV1"), Opt("PV2"))),
                Group("ORDER_OBSERVATION", Usage.R, "1..*",
                    Seg("ORC"), Seg("OBR"), Any("NTE"),
                    Group("TIMING_QTY", Usage.O, "0..*", Seg("TQ1"), Any("TQ2")),
                    Opt("CTD"),
                    Group("OBSERVATION", Usage.C, "0..*", Seg("OBX"), Any("NTE")),
                    Any("FT1"), Any("CTI"),
                    Group("SPECIMEN", Usage.O, "0..*", Seg("SPM"), Any("OBX")))),
            Opt("DSC")),
        [
            .. Patient, .. Visit,
            V("ORC-1", "order control", "OK", "OC"),
            .. PlacerOrder,
            .. Professional("ORC-12", "ordering provider", Usage.R),
            F("ORC-16", "reason of the refusal", Usage.O),
            .. Sender("PLATEFORME_TLR"),
            .. Procedure("REPONSE_DEMANDE"),
            F("OBR-16", "ordering provider"),
            .. AnyObservation,
        ],
        [
            Obs("PROTOCOLE_IMAGERIE", Observation, Usage.C, "0..*", ["FT", "ED"], "F",
                F("OBX-5", "protocol"),
                V("OBX-5.2", "type", "TEXT").AnyCase().Where(Is("OBX-2", "ED")),
                V("OBX-5.4", "encoding", "Base64").AnyCase().Where(Is("OBX-2", "ED")),
                F("OBX-5.5", "protocol in base64", form: ValueForm.Base64, when: Is("OBX-2", "ED")))
                with { RequiredWhen = Is("ORC-1", "OK") },
        ],
        [SamePlacer, SameProvider],
        "st_flux3");

    /// <summary>Flux 4: what is known after the examination.</summary>
    public static MessageProfile Flux4 { get; } = new(
        "TLR-4", "Transmission d'un complément d'information post-acte", Hl7Volet.Teleradiology,
        "OMI", ["O23"], "OMI_O23", "2.5.1", Ids, ["SR"], "ORDER",
        Omi(Usage.R, "1..*"),
        [
            .. Patient, .. Visit,
            V("ORC-1", "order control", "SR"),
            .. PlacerOrder,
            F("TQ1-6", "days that the images are kept"),
            F("TQ1-6.1", "days that the images are kept", form: ValueForm.Count),
            F("TQ1-7", "time of the examination", form: ValueForm.Time),
            .. Procedure("COMPLEMENT_POST_ACTE"),
            F("IPC-1", "accession identifier"),
            F("IPC-1.1", "accession number"),
            F("IPC-1.3", "authority"),
            V("IPC-1.4", "type of the authority's id", "ISO"),
            F("IPC-2", "requested procedure id"),
            F("IPC-2.1", "code of the document (LOINC)").From(Documents),
            V("IPC-2.3", "OID of LOINC", "2.16.840.1.113883.6.1"),
            V("IPC-2.4", "type of the authority's id", "ISO"),
            F("IPC-3", "Study Instance UID"),
            F("IPC-3.1", "Study Instance UID", form: ValueForm.Uid),
            F("IPC-4", "scheduled procedure step id"),
            F("IPC-4.1", "code of the document (LOINC)").From(Documents),
            V("IPC-4.3", "OID of LOINC", "2.16.840.1.113883.6.1"),
            V("IPC-4.4", "type of the authority's id", "ISO"),
            .. AnyObservation,
        ],
        [
            Obs("URL_PARTIELLE_VIEWER", Observation, Usage.R, "1..1", ["ED"], "F",
                V("OBX-5.2", "type", "TEXT").AnyCase(),
                V("OBX-5.4", "encoding", "Base64").AnyCase(),
                F("OBX-5.5", "partial URL in base64", form: ValueForm.Base64)),
            Obs("CODE_ACTE_IMAGERIE", Observation, Usage.R, "1..1", ["CE"], "F", Coded(Documents, "LN")),
            Region(Usage.O, "0..1", "F"),
            Topography("F"),
            Modality(Usage.O, "0..1", "F"),
            Obs("PRODUIT_ADMINISTRE", Observation, Usage.O, "0..*", ["CE"], "F",
                V("OBX-5.1", "product (ATC level 2)", "V09", "V10"), V("OBX-5.3", "coding system", "ATC"))
                with { SubIdPart = 1 },
            // The table says NM, the page sub-id shows TX with letters: a lot number is text in any case.
            Obs("PRODUIT_ADMINISTRE", Observation, Usage.O, "0..*", ["NM", "TX", "ST"], "F",
                F("OBX-5", "lot number")) with { SubIdPart = 2 },
            Obs("PRODUIT_ADMINISTRE", Observation, Usage.O, "0..*", ["NM"], "F",
                F("OBX-5", "quantity", form: ValueForm.Number), F("OBX-6", "unit")) with { SubIdPart = 3 },
            Obs("APPAREIL_IMAGERIE", Observation, Usage.O, "0..*", ["TX"], "F",
                F("OBX-5", "unique device identifier")) with { SubIdPart = 1 },
            Obs("APPAREIL_IMAGERIE", Observation, Usage.O, "0..*", ["TX"], "F",
                F("OBX-5", "device model")) with { SubIdPart = 2 },
        ],
        [
            SamePlacer,
            new AgreementRule.SubIdPair("PRODUIT_ADMINISTRE", 1, 2, "a product comes with its lot number"),
            new AgreementRule.SubIdPair("PRODUIT_ADMINISTRE", 2, 1, "a lot number comes with its product"),
            new AgreementRule.SubIdPair("PRODUIT_ADMINISTRE", 3, 1, "a quantity comes with its product"),
        ],
        "st_flux4");

    private static IEnumerable<FieldRule> Patient =>
    [
        F("PID-3", "patient identifiers"), F("PID-3.1", "patient identifier"),
        F("PID-5", "patient name"), F("PID-5.1", "family name"),
        F("PID-18", "account number", Usage.RE),
    ];

    private static IEnumerable<FieldRule> Visit =>
    [
        F("PV1-2", "patient class"),
        F("PV1-19", "appointment", Usage.C, when: Is("PV1-2", "E", "I", "O", "R")),
        F("PV1-44", "admission", Usage.RE, ValueForm.Time),
        F("PV1-45", "discharge", Usage.RE, ValueForm.Time),
    ];

    private static IEnumerable<FieldRule> PlacerOrder =>
    [
        F("ORC-2", "placer order number"), F("ORC-2.1", "placer order number"),
        F("ORC-2.3", "authority"), F("ORC-2.4", "type of the authority's id"),
        F("OBR-2", "placer order number"),
    ];

    private static IEnumerable<FieldRule> AnyObservation =>
    [
        F("OBX-1", "set id", form: ValueForm.Count), F("OBX-2", "value type"),
        F("OBX-3", "observation identifier"), F("OBX-3.1", "code"), F("OBX-11", "result status"),
    ];

    private static AgreementRule SamePlacer => Same("OBR-2", "ORC-2", "OBR-2 is the order of ORC-2");

    private static AgreementRule SameProvider => Same("OBR-16.1", "ORC-12.1", "OBR-16 is the provider of ORC-12");

    private static IEnumerable<FieldRule> Sender(string kind) =>
    [
        F("ORC-17", "entering organization"),
        V("ORC-17.1", "kind of organization", kind),
        V("ORC-17.3", "coding system", "TLR_TYPE_ORGANISATION"),
        F("ORC-21", "ordering facility"),
        F("ORC-21.1", "organization name"),
        F("ORC-21.6", "authority"),
        // A service or unit is identified under the FINESS of its establishment instead.
        V("ORC-21.6.2", "OID of the authority", OrganizationsOid).Where(Is("ORC-21.7", "FINEJ", "FINEG", "IDNST")),
        V("ORC-21.7", "identifier type", "FINEJ", "FINEG", "IDNST", "UF", "SVR"),
        F("ORC-21.10", "organization number"),
    ];

    private static IEnumerable<FieldRule> Procedure(string code) =>
    [
        F("OBR-4", "universal service identifier"),
        V("OBR-4.1", "procedure", code),
        V("OBR-4.3", "coding system", "TLR_OBR_PROCEDURE"),
    ];

    private static ObservationRule Obs(
        string code, string system, Usage usage, string cardinality, string[] types, string status,
        params FieldRule[] fields) =>
        new(code, system, usage, Cardinality.Parse(cardinality), types, [status], fields);

    private static ObservationRule Modality(Usage usage, string cardinality, string status) => Obs(
        "MODALITE_IMAGERIE", Observation, usage, cardinality, ["CE"], status,
        Coded("JDV_modalitedemandeActeImagerie-CISIS", "terminologie-cisis-fr", "DCM"));

    private static ObservationRule Region(Usage usage, string cardinality, string status) => Obs(
        "REGION_ANATOMIQUE", Observation, usage, cardinality, ["CE"], status,
        Coded("JDV_RegionAnatomique-CISIS", "SCT")) with { SubIdPart = 1 };

    private static ObservationRule Topography(string status) => Obs(
        "REGION_ANATOMIQUE", Observation, Usage.O, "0..1", ["CE"], status,
        Coded("JDV_ModificateurTopographique-CISIS", "SCT")) with { SubIdPart = 2 };

    private static GroupRule PatientGroup() => Group("PATIENT", Usage.R, "1..1",
        Seg("PID"), Opt("PD1"), Any("NTE"),
        Group("PATIENT_VISIT", Usage.R, "1..1", Seg("PV1"), Opt("PV2")),
        Group("INSURANCE", Usage.O, "0..*", Seg("IN1"), Opt("IN2"), Opt("IN3")),
        Opt("GT1"), Any("AL1"));

    private static GroupRule Orm(Usage observations, string cardinality) => Group("ORM_O01", Usage.R, "1..1",
        Seg("MSH"), Any("NTE"), PatientGroup(),
        Group("ORDER", Usage.R, "1..*",
            Seg("ORC"),
            Group("ORDER_DETAIL", Usage.R, "1..1",
                Seg("OBR"), Opt("RQD"), Opt("RQ1"), Opt("RXO"), Opt("ODS"), Opt("ODT"),
                Any("NTE"), Opt("CTD"), Any("DG1"),
                Group("OBSERVATION", observations, cardinality, Seg("OBX"), Any("NTE"))),
            Any("FT1"), Any("CTI"), Opt("BLG")));

    private static GroupRule Omi(Usage observations, string cardinality) => Group("OMI_O23", Usage.R, "1..1",
        Seg("MSH"), Any("SFT"), Any("NTE"), PatientGroup(),
        Group("ORDER", Usage.R, "1..*",
            Seg("ORC"),
            Group("TIMING", Usage.R, "1..*", Seg("TQ1"), Any("TQ2")),
            Seg("OBR"), Any("NTE"), Opt("CTD"), Any("DG1"),
            Group("OBSERVATION", observations, cardinality, Seg("OBX"), Any("NTE")),
            Seg("IPC")));
}
