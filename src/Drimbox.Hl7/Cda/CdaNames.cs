using System.Xml.Linq;

namespace Drimbox.Hl7.Cda;

/// <summary>The namespaces and template identifiers of CDA R2 as the CI-SIS uses it.</summary>
internal static class CdaNames
{
    public const string Hl7V3 = "urn:hl7-org:v3";

    /// <summary>PS3.20 Annex A: the extension that carries the accession number.</summary>
    public const string DicomExtension = "urn:dicom-org:ps3-20";

    public static readonly XNamespace V3 = Hl7V3;
    public static readonly XNamespace Ps320 = DicomExtension;

    /// <summary>HL7 France, CI-SIS structuration minimale, IHE XDS-SD: together they mean level 1.</summary>
    public static readonly string[] Level1Templates =
        ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"];

    /// <summary>HL7 France, CI-SIS structuration minimale, PS3.20 imaging report, general and imaging header, CI-SIS
    /// IMG-CR-IMG 2024.01: together they mean level 3. Source: schematrons of the ANS, Entete_IMG-CR-IMG.</summary>
    public static readonly (string Root, string? Extension)[] Level3Templates =
    [
        ("2.16.840.1.113883.2.8.2.1", null), ("1.2.250.1.213.1.1.1.1", null), ("1.2.840.10008.9.1", null),
        ("1.2.840.10008.9.20", null), ("1.2.840.10008.9.21", null), ("1.2.250.1.213.1.1.1.45", "2024.01"),
    ];

    /// <summary>xsi:type tells which data type a value has.</summary>
    public const string Instance = "http://www.w3.org/2001/XMLSchema-instance";

    /// <summary>PS3.16 121139, "Modality": the qualifier of a translation that is one.</summary>
    public const string ModalityQualifier = "121139";

    /// <summary>LOINC 39111-0, "Body site": the qualifier of a translation that is an anatomical region.</summary>
    public const string RegionQualifier = "39111-0";
}
