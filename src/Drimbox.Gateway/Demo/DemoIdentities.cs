using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Gateway.Demo;

/// <summary>The invented people, places and numbers of the demo. The patient is the test identity of the ANS.</summary>
internal static class DemoIdentities
{
    public const string OrderRoot = "1.2.250.1.999.10.1";
    public const string AccessionRoot = "1.2.250.1.999.10.2";
    public const string RisRoot = "1.2.250.1.999.10.3";
    public const string PlatformRoot = "1.2.250.1.999.10.4";
    public const string SourceRoot = "1.2.250.1.999.10.5";

    /// <summary>The structure of the RIS: its certificates publish.</summary>
    public static readonly StructureOptions Site =
        new() { Id = "300017985", Name = "CENTRE D'IMAGERIE DES TILLEULS", IdentifierType = "FINEG" };

    /// <summary>The structure of the platform: the DMP does not know it.</summary>
    public static readonly StructureOptions Platform =
        new() { Id = "300017986", Name = "TELERADIOLOGIE DU LEVANT", IdentifierType = "FINEG" };

    public static readonly Professional SiteDoctor = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234567897"), "HODA", "ADAM");

    public static readonly Professional Radiologist = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");

    public static readonly Patient Patient = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP101", "1.2.250.1.999.10.6", "DEMO"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    public static StatedPatient Stated => new(Patient, ["VALI"], null);

    public static InstanceIdentifier Order(string number) => InstanceIdentifier.Create(OrderRoot, number);

    public static InstanceIdentifier Accession(string number) => InstanceIdentifier.Create(AccessionRoot, number);

    public static PatientVisit Visit { get; } = new(
        "O", new AssignedIdentifier("000897406", "DEMO", "1.2.250.1.999.10.7", "ISO", "VN"), "20261122080000+0100", null);

    public static ImagingRequest Request(string number) => new(
        Order(number), Stated, Visit, "20261122080500+0100", Radiologist, SiteDoctor, null,
        OrganizationOf(Site), "Douleur thoracique, recherche d'embolie pulmonaire", ["Avis en urgence"],
        new Code("CT", "DCM", "Scanner"), [],
        new AnatomicRegion(new Code("67734004", "SCT", "thorax"), null),
        [new MedicalHistory("Aucun antécédent notable", "SANS_IMPACT")],
        new Measurement("170", "cm"), new Measurement("68", "kg"), null);

    public static PostExamination PostExamination(string number, string accession, Uid study, string viewerHost) => new(
        Order(number), Stated, Visit, "20261122090000+0100", 730, Accession(accession),
        new Code("24627-2", "2.16.840.1.113883.6.1", "Scanner thoracique"), study,
        new Code("24627-2", "2.16.840.1.113883.6.1", "Scanner thoracique"),
        $"https://{viewerHost}/IHEInvokeImageDisplay?requestType=STUDY&studyUID={study}&accessionNumber={accession}",
        new Code("24627-2", "LN", "Scanner thoracique"),
        new AnatomicRegion(new Code("67734004", "SCT", "thorax"), null),
        new Code("CT", "DCM", "Scanner"),
        [new AdministeredProduct(new Code("V09", "ATC", ""), "123456789", new Measurement("80", "ml"))],
        [new ImagingDevice("1234567896363", "SCANNER-1")]);

    public static Organization OrganizationOf(StructureOptions structure) =>
        new(structure.OrganizationId, structure.Name, structure.IdentifierType);
}
