using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Storage;
using Drimbox.Teleradiology.Studies;

namespace Drimbox.Teleradiology;

/// <summary>A teleradiology platform node. It has no DMP section: it has no way to the DMP.</summary>
public sealed record TeleradiologyOptions : IValidatableObject
{
    /// <summary>Node id. Default "teleradiology".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "teleradiology";

    /// <summary>PostgreSQL for the flow of the node: its messages, events and outbox. Default: none, they are in a file in
    /// the node's folder.</summary>
    public DatabaseOptions? Database { get; init; }

    [Required]
    public Hl7NodeOptions Hl7 { get; init; } = new();

    [Required]
    public DicomNodeOptions Dicom { get; init; } = new();

    /// <summary>The organisation of the platform (ORC-21 of flux 3).</summary>
    [Required]
    public StructureOptions Structure { get; init; } = new();

    /// <summary>The RIS that sends requests and gets the reports. No default.</summary>
    [Required]
    public Hl7PeerOptions? Ris { get; init; }

    /// <summary>The archive that the studies are fetched from by C-MOVE, or null with <see cref="WebArchive"/>.</summary>
    public DicomPeerOptions? Archive { get; init; }

    /// <summary>The DICOMweb service that the studies are fetched from by WADO-RS, in place of <see cref="Archive"/>.
    /// Then nobody sends images, and the DICOM port is not opened. Default: none.</summary>
    public WebArchiveOptions? WebArchive { get; init; }

    /// <summary>OID under which the platform makes ids of documents. No default.</summary>
    [Required]
    public string DocumentRoot { get; init; } = "";

    /// <summary>Who answers requests and signs reports.</summary>
    [Required]
    public RadiologistOptions Radiologist { get; init; } = new();

    /// <summary>Where the images were made (healthCareFacility/code, JDV_J61): a code of 1.2.250.1.71.4.2.4. Default
    /// SA08, a group practice.</summary>
    [Required]
    public CodeOptions HealthcareFacilityType { get; init; } = new() { Code = "SA08", Display = "Cabinet de groupe" };

    /// <summary>In which setting (standardIndustryClassCode, JDV_J62): a code of 1.2.250.1.213.1.1.4.9. Default
    /// AMBULATOIRE.</summary>
    [Required]
    public CodeOptions PracticeSetting { get; init; } = new() { Code = "AMBULATOIRE", Display = "Ambulatoire" };

    /// <summary>How the desk works: times, templates, the form of its reports.</summary>
    [Required]
    public DeskOptions Desk { get; init; } = new();

    /// <summary>IANA time zone of the times that reports show. Default Europe/Paris.</summary>
    [Required]
    public string TimeZone { get; init; } = "Europe/Paris";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if ((Archive is null) == (WebArchive is null))
        {
            yield return new ValidationResult(
                "is required, or WebArchive in its place: studies come from one of the two", [nameof(Archive)]);
        }
    }
}

/// <summary>What the body of a report is.</summary>
public enum ReportBody
{
    /// <summary>Level 1: a PDF.</summary>
    Pdf,

    /// <summary>Level 3: the sections of IMG-CR-IMG 2024.01, with the PDF attached.</summary>
    Structured,
}

/// <summary>The desk of the radiologist.</summary>
public sealed record DeskOptions
{
    /// <summary>A request that is not answered after this time is late: 1 minute to 30 days. Default 30 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan AnswerWithin { get; init; } = Limits.AnswerWithinDefault;

    /// <summary>An examination without a report is late after this time: 1 minute to 30 days. Default 4 hours.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan ReportWithin { get; init; } = Limits.ReportWithinDefault;

    /// <summary>The folder of the report templates, one JSON file each; null for the one that is always there. Default
    /// null.</summary>
    public string? Templates { get; init; }

    /// <summary>What the body of a report is. Default Pdf, level 1.</summary>
    public ReportBody Body { get; init; } = ReportBody.Pdf;
}

/// <summary>The radiologist of a platform.</summary>
public sealed record RadiologistOptions
{
    /// <summary>PS_IdNat under 1.2.250.1.71.4.2.1. No default.</summary>
    [Required]
    public string Id { get; init; } = "";

    [Required]
    public string FamilyName { get; init; } = "";

    [Required]
    public string GivenName { get; init; } = "";

    /// <summary>Profession and specialty (JDV_J01): a code of 1.2.250.1.213.1.1.4.5. Default G15_10/SM44, physician,
    /// diagnostic radiology.</summary>
    [Required]
    public CodeOptions Specialty { get; init; } =
        new() { Code = "G15_10/SM44", Display = "Médecin - Radio-diagnostic (SM)" };
}

/// <summary>A code of a code system that the setting names.</summary>
public sealed record CodeOptions
{
    [Required]
    public string Code { get; init; } = "";

    [Required]
    public string Display { get; init; } = "";
}
