using System.ComponentModel.DataAnnotations;

namespace Drimbox.Ris;

/// <summary>What a CDA says that the RIS makes of a PDF: who scanned it is not in the PDF.</summary>
public sealed record ScanOptions
{
    /// <summary>Profession and specialty (JDV_J01) of those who answer for requests on site: a code of
    /// 1.2.250.1.213.1.1.4.5. Default G15_10/SM44, physician, diagnostic radiology.</summary>
    [Required]
    public ScanCodeOptions Specialty { get; init; } =
        new() { Code = "G15_10/SM44", Display = "Médecin - Radio-diagnostic (SM)" };

    /// <summary>What kind of place it is (JDV_J02): a code of 1.2.250.1.71.4.2.4. Default SA08, a group practice.
    /// </summary>
    [Required]
    public ScanCodeOptions HealthcareFacilityType { get; init; } =
        new() { Code = "SA08", Display = "Cabinet de groupe" };

    /// <summary>In which setting (standardIndustryClassCode, JDV_J62): a code of 1.2.250.1.213.1.1.4.9. Default
    /// AMBULATOIRE.</summary>
    [Required]
    public ScanCodeOptions PracticeSetting { get; init; } = new() { Code = "AMBULATOIRE", Display = "Ambulatoire" };
}

/// <summary>A code of the code system that its setting names.</summary>
public sealed record ScanCodeOptions
{
    [Required]
    public string Code { get; init; } = "";

    [Required]
    public string Display { get; init; } = "";
}
