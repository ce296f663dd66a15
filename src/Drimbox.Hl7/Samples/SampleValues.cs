using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Samples;

/// <summary>What stands in a field of a sample where the profile leaves it open. People and places are invented; the
/// patient is the test identity of the ANS.</summary>
internal sealed class SampleValues
{
    public const string OrderRoot = "1.2.250.1.999.10.1";
    public const string AccessionRoot = "1.2.250.1.999.10.2";
    public const string Accession = "ACC101";
    public const string SiteName = "CENTRE D'IMAGERIE DES TILLEULS";

    private const string Persons = "ASIP-SANTE-PS&" + NationalAuthorities.Persons + "&ISO^D^^^IDNPS";
    private const string Radiologist = "801234564895^ERIC^THOMAS^^^^^^" + Persons;
    private const string Doctor = "801234567897^HODA^ADAM^^^^^^" + Persons;

    private const string Site =
        SiteName + "^^^^^ASIP-SANTE-ST&" + NationalAuthorities.Organizations + "&ISO^FINEG^^^300017985";

    private readonly Dictionary<string, string> _fields;
    private readonly Dictionary<string, string> _observations;

    /// <param name="isFull">What is optional is there too: it may ask for more.</param>
    /// <param name="order">The placer order number.</param>
    public SampleValues(bool isFull, string order, Uid study, string time)
    {
        _fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MSH-3"] = "DRIMBOX", ["MSH-4"] = "TILLEULS", ["MSH-5"] = "DESTINATAIRE", ["MSH-6"] = "LEVANT",
            ["MSH-7"] = time,
            ["EVN-2"] = time,
            ["PID-3"] = $"279035121518989^^^ASIP-SANTE-INS-NIR&{NationalAuthorities.InsNirTest}&ISO^INS",
            ["PID-5"] = "PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L",
            ["PID-7"] = "19790328", ["PID-8"] = "F", ["PID-11"] = "^^^^^^BDL^^63220",
            ["PID-18"] = "DOSSIER7^^^TILLEULS&1.2.250.1.999.10.6&ISO^AN",
            ["PID-32"] = "VALI",
            ["MRG-1"] = $"279035121518990^^^ASIP-SANTE-INS-NIR&{NationalAuthorities.InsNirTest}&ISO^INS",
            ["PV1-1"] = "1", ["PV1-2"] = "O", ["PV1-19"] = "VISITE7^^^TILLEULS&1.2.250.1.999.10.7&ISO^VN",
            ["PV1-44"] = time, ["PV1-45"] = time,
            ["ORC-2"] = $"{order}^^{OrderRoot}^ISO",
            ["ORC-9"] = time, ["ORC-11"] = Radiologist, ["ORC-12"] = Doctor,
            ["ORC-14"] = "^PRN^PH^^^^^^^^^0400000000", ["ORC-16"] = "^Message d'essai", ["ORC-21"] = Site,
            ["OBR-1"] = "1", ["OBR-2"] = $"{order}^^{OrderRoot}^ISO",
            ["OBR-13"] = "Douleur thoracique", ["OBR-16"] = Doctor,
            ["TQ1-6"] = "730^jours", ["TQ1-7"] = time,
            ["IPC-1"] = $"{Accession}^^{AccessionRoot}^ISO",
            ["IPC-2"] = "24627-2", ["IPC-3"] = study.ToString(), ["IPC-4"] = "24627-2",
            ["TXA-2"] = "18748-4",
            ["PRT-5"] = Radiologist, ["PRT-8"] = Site,
            ["PRT-15"] = "^^X.400^medecin@tilleuls.mssante.example",
            ["ZFA-9"] = "INO", ["ZFA-10"] = time, ["ZFA-11"] = "IC", ["ZFA-12"] = time,
            ["MSA-1"] = isFull ? "AE" : "AA", ["MSA-2"] = "MESSAGE101",
            ["ERR-2"] = "PID^1^3", ["ERR-3"] = "207^Application error^messageErrorCondition", ["ERR-4"] = "E",
            ["ERR-5"] = "906^Erreur 'Autre'^applicationErrorCondition",
        };
        var url = $"https://visionneuse.example/IHEInvokeImageDisplay?requestType=STUDY&studyUID={study}"
            + $"&accessionNumber={Accession}";
        _observations = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MODALITE_IMAGERIE"] = "CT^Scanner^DCM",
            ["REGION_ANATOMIQUE n.1"] = "67734004^thorax^SCT",
            ["REGION_ANATOMIQUE n.2"] = "24028007^droit^SCT",
            ["11322-5"] = "Aucun antécédent notable",
            ["8302-2"] = "170", ["29463-7"] = "68",
            ["82810-3"] = "N^^expandedYes-NoIndicator",
            ["PROTOCOLE_IMAGERIE"] = "Scanner sans injection",
            ["URL_PARTIELLE_VIEWER"] = $"^TEXT^^Base64^{Base64(url)}",
            ["CODE_ACTE_IMAGERIE"] = "24627-2^Scanner thoracique^LN",
            ["PRODUIT_ADMINISTRE n.1"] = "V09^^ATC",
            ["PRODUIT_ADMINISTRE n.2"] = "123456789",
            ["PRODUIT_ADMINISTRE n.3"] = "80",
            ["APPAREIL_IMAGERIE n.1"] = "1234567896363",
            ["APPAREIL_IMAGERIE n.2"] = "SCANNER-1",
            ["ACK_RECEPTION_DMP"] = "Y", ["ACK_RECEPTION_MSS"] = "Y", ["ACK_LECTURE_MSS"] = "Y",
            ["DESTDMP"] = "Y^^expandedYes-NoIndicator",
            ["DESTMSSANTEPS"] = (isFull ? "Y" : "N") + "^^expandedYes-NoIndicator",
            ["CORPSMAIL_PS"] = $"^TEXT^^Base64^{Base64("Message d'essai")}",
            ["CORPSMAIL_PATIENT"] = $"^TEXT^^Base64^{Base64("Message d'essai")}",
        };
    }

    /// <summary>The fields that a segment has beyond its table: a message would be a poor one without them.</summary>
    public static IReadOnlyList<int> Further(string segment) => segment switch
    {
        "EVN" => [2],
        // The traits of the INS, and that it is qualified (annex "INS" of the CI-SIS).
        "PID" => [5, 7, 8, 11, 32],
        "PV1" or "OBR" => [1],
        // What is known of the DMP, each with its date.
        "ZFA" => [9, 10, 11, 12],
        _ => [],
    };

    /// <summary>A field as text, <c>A^B&amp;C</c>; empty where nothing is foreseen.</summary>
    public string Field(string segment, int field) => _fields.GetValueOrDefault($"{segment}-{field}", "");

    /// <summary>OBX-5 of an observation as text. What is not foreseen is answered no.</summary>
    public string Observation(ObservationRule rule) =>
        _observations.GetValueOrDefault(rule.Title, rule.Lines.Any(IsYesNo) ? "N" : "");

    /// <summary>OBX-6.</summary>
    public static string Unit(ObservationRule rule) => rule.Title switch
    {
        "8302-2" => "cm",
        "29463-7" => "kg",
        "PRODUIT_ADMINISTRE n.3" => "ml",
        _ => "",
    };

    /// <summary>True where the flag <paramref name="code"/> is set in the sample.</summary>
    public bool IsSet(string code) =>
        _observations.TryGetValue(code, out var value) && value.StartsWith('Y');

    /// <summary>A value of a form of which nothing else is known.</summary>
    public static string OfForm(ValueForm form, string time) => form switch
    {
        ValueForm.Time => time,
        ValueForm.Number or ValueForm.Count => "1",
        ValueForm.Uid => "2.25.1",
        ValueForm.Base64 => Base64("essai"),
        _ => "ESSAI",
    };

    private static bool IsYesNo(FieldRule rule) =>
        rule.Path is { Field: 5, Component: 1 } && rule.Values.SequenceEqual(["Y", "N"]);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
