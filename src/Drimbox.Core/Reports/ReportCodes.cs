using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>The codes and code systems that an imaging report is written with. Source: facts document 2.2 and 2.3;
/// JDV_J07, JDV_J57 and JDV_J60 of the French value sets.</summary>
public static class ReportCodes
{
    public const string Loinc = "2.16.840.1.113883.6.1";

    /// <summary>The modalities of DICOM (PS3.16 CID 29) are codes of this system.</summary>
    public const string Dcm = "1.2.840.10008.2.16.4";

    /// <summary>JDV_ModaliteAcquisition: some documents name the value set where the code system belongs.</summary>
    public const string AcquisitionModalities = "1.2.250.1.213.1.1.5.618";

    public const string SnomedCt = "2.16.840.1.113883.6.96";

    public const string Ccam = "1.2.250.1.215.300.1";

    /// <summary>The former identifier of CCAM; published level 1 documents put SNOMED CT regions under it.</summary>
    public const string CcamFormer = "1.2.250.1.213.2.5";

    public const string Confidentiality = "2.16.840.1.113883.5.25";

    /// <summary>TRE_A03, classes of documents.</summary>
    public const string DocumentClasses = "1.2.250.1.213.1.1.4.1";

    /// <summary>TRE_A05, types of documents that LOINC has no code for.</summary>
    public const string ComplementaryTypes = "1.2.250.1.213.1.1.4.12";

    /// <summary>TRE_A11, format codes of IHE.</summary>
    public const string IheFormats = "1.3.6.1.4.1.19376.1.2.3";

    /// <summary>The type of an imaging report (JDV_J07).</summary>
    public static Code ImagingReport { get; } = new("18748-4", Loinc, "CR d'imagerie médicale");

    /// <summary>The type of a request for imaging (JDV_J07).</summary>
    public static Code ImagingRequest { get; } = new("55115-0", Loinc, "Demande d'actes d'imagerie");

    /// <summary>The class of an imaging report (ASS_X04).</summary>
    public static Code ReportClass { get; } = new("10", DocumentClasses, "Compte rendu");

    public static Code Normal { get; } = new("N", Confidentiality, "Normal");
}
