using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Tests.Hl7;

/// <summary>Good messages of the project's own, one a profile; the patient is one of the invented identities of the
/// national test set.</summary>
internal static class Fixtures
{
    public const string Pid =
        "PID|||279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP7^^^SITE&1.2.250.1.999.1&ISO^PI||"
        + "PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE^^^^L~MARTIN^DOMINIQUE^^^^^D||19790328|F|||"
        + "1 rue Neuve^^LYON^^69001^FRA^H~^^^^^^BDL^^63220|||||||A77^^^SITE&1.2.250.1.999.2&ISO^AN"
        + "|||||||||||||N|VALI";

    public const string Structure = "Clinique Neuve^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^1690000017";
    public const string OnSite = "810000000017^Durand^Alice^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS";
    public const string Remote = "810000000025^Petit^Jean^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS";

    private const string Pv1 = "PV1|1|O|||||||||||||||||RDV5^^^SITE&1.2.250.1.999.3&ISO^VN"
        + "|||||||||||||||||||||||||20260103134418";

    public static string Flux1 => Message(
        Msh("ORM^O01^ORM_O01", "2.5.1", "1.0^CISIS_TLR_HL7_V2"), Pid, Pv1,
        $"ORC|NW|OPN1^^1.2.250.1.999.9^ISO|||||||20260106134418||{Remote}|{OnSite}||^PRN^PH^^^^^^^^^0400000000|||"
        + $"STRUCTURE_IMAGERIE^^TLR_TYPE_ORGANISATION||||{Structure}",
        "OBR||OPN1^^1.2.250.1.999.9^ISO||TRANSMISSION_DEMANDE^Transmission^TLR_OBR_PROCEDURE|||||||||"
        + $"Céphalée brutale|||{OnSite}",
        "NTE|||Exclure une hémorragie|FINALITE_EXAMEN^^HL70364",
        "OBX|1|CE|MODALITE_IMAGERIE^^TLR_OBSERVATION||MR^IRM^DCM||||||O",
        "NTE|||sans injection|MODALITE_IMAGERIE^^HL70364",
        "OBX|2|CE|REGION_ANATOMIQUE^^TLR_OBSERVATION|1.1|774007^tête^SCT||||||O",
        "OBX|3|CE|REGION_ANATOMIQUE^^TLR_OBSERVATION|1.2|24028007^droit^SCT||||||O",
        "OBX|4|FT|11322-5^^LN||HTA\\.br\\diabète|||MAJEUR|||O",
        "OBX|5|NM|8302-2^^LN||170|cm|||||O",
        "OBX|6|NM|29463-7^^LN||68.5|kg|||||O",
        "OBX|7|CE|82810-3^^LN||N^^expandedYes-NoIndicator||||||O");

    public static string Flux2 => Message(
        Msh("ORM^O01^ORM_O01", "2.5.1", "1.0^CISIS_TLR_HL7_V2"), Pid, Pv1,
        $"ORC|CA|OPN1^^1.2.250.1.999.9^ISO|||||||20260106134518|||{OnSite}||||^Patient parti|"
        + $"STRUCTURE_IMAGERIE^^TLR_TYPE_ORGANISATION||||{Structure}",
        "OBR||OPN1^^1.2.250.1.999.9^ISO||ANNULATION_DEMANDE^^TLR_OBR_PROCEDURE||||||||||||" + OnSite);

    // UHJvdG9jb2xl: "Protocole"
    public static string Flux3 => Message(
        Msh("ORU^R01^ORU_R01", "2.5.1", "1.0^CISIS_TLR_HL7_V2"), Pid,
        $"ORC|OK|OPN1^^1.2.250.1.999.9^ISO||||||||||{Remote}|||||PLATEFORME_TLR^^TLR_TYPE_ORGANISATION||||"
        + "Plateforme^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^1690000025",
        "OBR||OPN1^^1.2.250.1.999.9^ISO||REPONSE_DEMANDE^^TLR_OBR_PROCEDURE||||||||||||" + Remote,
        "OBX|1|ED|PROTOCOLE_IMAGERIE^^TLR_OBSERVATION|1.1|^TEXT^^Base64^UHJvdG9jb2xl||||||F",
        "OBX|2|FT|PROTOCOLE_IMAGERIE^^TLR_OBSERVATION|2.1|T1\\.br\\T2||||||F");

    // aHR0cHM6…: "https://drimbox.example/view?studyUID=1.2.3&accessionNumber=ACN1"
    public static string Flux4 => Message(
        Msh("OMI^O23^OMI_O23", "2.5.1", "1.0^CISIS_TLR_HL7_V2"), Pid, Pv1,
        "ORC|SR|OPN1^^1.2.250.1.999.9^ISO",
        "TQ1||||||730^jours|20260106184418",
        "OBR||OPN1^^1.2.250.1.999.9^ISO||COMPLEMENT_POST_ACTE^^TLR_OBR_PROCEDURE",
        "OBX|1|ED|URL_PARTIELLE_VIEWER^^TLR_OBSERVATION||^TEXT^^Base64^"
        + "aHR0cHM6Ly9kcmltYm94LmV4YW1wbGUvdmlldz9zdHVkeVVJRD0xLjIuMyZhY2Nlc3Npb25OdW1iZXI9QUNOMQ==||||||F",
        "OBX|2|CE|CODE_ACTE_IMAGERIE^^TLR_OBSERVATION||24590-2^IRM cerveau^LN||||||F",
        "OBX|3|CE|REGION_ANATOMIQUE^^TLR_OBSERVATION|1.1|774007^tête^SCT||||||F",
        "OBX|4|CE|MODALITE_IMAGERIE^^TLR_OBSERVATION||MR^IRM^DCM||||||F",
        "OBX|5|CE|PRODUIT_ADMINISTRE^^TLR_OBSERVATION|1.1|V09^^ATC||||||F",
        "OBX|6|TX|PRODUIT_ADMINISTRE^^TLR_OBSERVATION|1.2|LOT-7||||||F",
        "OBX|7|NM|PRODUIT_ADMINISTRE^^TLR_OBSERVATION|1.3|1.5|ml|||||F",
        "OBX|8|TX|APPAREIL_IMAGERIE^^TLR_OBSERVATION|1.1|(01)1234||||||F",
        "OBX|9|TX|APPAREIL_IMAGERIE^^TLR_OBSERVATION|1.2|Modèle X||||||F",
        "IPC|ACN1^^1.2.250.1.999.8^ISO|24590-2^^2.16.840.1.113883.6.1^ISO|1.2.3.4|24590-2^^2.16.840.1.113883.6.1^ISO");

    public static string Notice => Message(
        Msh("OMI^O23^OMI_O23", "2.5.1", ""), Pid,
        "ORC|NW|OPN1^^1.2.250.1.999.9^ISO|F1||SC",
        "OBR|1",
        "OBX|1|ST|MODIF^Modification Examen Imagerie||||||||O",
        "IPC|ACN1|RP1|1.2.3.4|SPS1|CT||||PACS1");

    public static string Oru => Message(
        [Msh("ORU^R01^ORU_R01", "2.5", "2.1^CISIS_CDA_HL7_V2"), Pid, Pv1,
        "ORC|NW|OPN1^^1.2.250.1.999.9^ISO",
        "OBR|1|OPN1^^1.2.250.1.999.9^ISO||18748-4^CR d'imagerie^LN|||||||||||||||||||||F",
        "OBX|1|ED|18748-4^CR d'imagerie^LN||^TEXT^XML^Base64^PGNkYS8+||||||F",
        $"PRT||UC||SB^^participation|{OnSite}|||{Structure}",
        .. Flags("CE")]);

    public static string Mdm => Message(
        [Msh("MDM^T02^MDM_T02", "2.6", "2.1^CISIS_CDA_HL7_V2"), "EVN||20260106184418", Pid, Pv1,
        "ORC|NW|OPN1^^1.2.250.1.999.9^ISO",
        "OBR|1|OPN1^^1.2.250.1.999.9^ISO||18748-4^CR d'imagerie^LN",
        "TXA|1|18748-4|TEXT|||||||||D2^^1.2.250.1.999.7^ISO|||||AU",
        "OBX|1|ED|18748-4^CR d'imagerie^LN||^text^XML^Base64^PGNkYS8+||||||F",
        $"PRT||UC||SB^^participation|{OnSite}|||{Structure}",
        .. Flags("CWE")]);

    /// <summary>A replacement of D1 by D2.</summary>
    public static string MdmT10 =>
        Er7Text.Set(
            Er7Text.Set(
                Er7Text.Set(
                    Er7Text.Set(Mdm, "MSH-9.2", "T10"), "ORC-1", "RO"), "OBX-11", "C"),
            "TXA-13", "D1^^1.2.250.1.999.7^ISO");

    /// <summary>A deletion of D2.</summary>
    public static string MdmT04 =>
        Er7Text.Set(Er7Text.Set(Er7Text.Set(Mdm, "MSH-9.2", "T04"), "ORC-1", "CA"), "OBX-11", "D");

    public static Patient Patient { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP7", "1.2.250.1.999.1", "SITE"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE MARIE", "MARTIN", "19790328", "F", "63220");

    public static Professional Author { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "810000000017"), "Durand", "Alice");

    public static Organization Clinic { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "1690000017"), "Clinique Neuve", "FINEG");

    /// <summary>The header of the document D2 that replaces nothing.</summary>
    public static CdaHeader Header { get; } = new(
        InstanceIdentifier.Create("1.2.250.1.999.7", "D2"), null, 1, null,
        new Code("18748-4", "2.16.840.1.113883.6.1", "CR d'imagerie"), "CR", "20260106184418+0100",
        new Code("N", "2.16.840.1.113883.5.25", "Normal"), "fr-FR",
        Patient, [InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989")],
        Author, Clinic, Author, Clinic, Clinic,
        [new ImagingOrder(
            InstanceIdentifier.Create("1.2.250.1.999.9", "OPN1"),
            InstanceIdentifier.Create("1.2.250.1.999.8", "ACN1"))],
        [], null, false);

    public static (CdaHeader? Header, Refusal? Refusal) NoDocument(ReadOnlyMemory<byte> cda) =>
        (null, new Refusal(RefusalReason.DataType, "Not well-formed XML."));

    public static string Message(params string[] segments) => string.Join('\r', segments) + "\r";

    private static string Msh(string type, string version, string profile) =>
        $@"MSH|^~\&|RIS|CLINIQUE|TLR|PLATEFORME|20260106134418||{type}|MSG00001|P|{version}"
        + $"|||||FRA|UNICODE UTF-8|||{profile}";

    private static IEnumerable<string> Flags(string type)
    {
        string[] codes =
        [
            "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE", "MODIF_CONF_CODE", "DESTDMP",
            "DESTMSSANTEPS", "DESTMSSANTEPAT", "ACK_RECEPTION", "ACK_LECTURE_MSS",
        ];
        for (var i = 0; i < codes.Length; i++)
        {
            var active = codes[i] is "DESTDMP" or "INVISIBLE_PATIENT" ? "Y" : "N";
            yield return $"OBX|{i + 2}|{type}|{codes[i]}^^MetaDMPMSS||{active}^^expandedYes-NoIndicator||||||F";
        }
    }
}
