using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Resynchronisation;
using Drimbox.Source.Audit;
using Drimbox.Source.ImageAccess;
using Drimbox.Source.Manifests;
using Drimbox.Storage;

namespace Drimbox.Source;

/// <summary>A DRIMbox source node.</summary>
public sealed record SourceOptions : IValidatableObject
{
    /// <summary>Node id. Default "source".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "source";

    /// <summary>PostgreSQL for the flow of the node: its messages, events and outbox. Default: none, they are in a file in
    /// the node's folder.</summary>
    public DatabaseOptions? Database { get; init; }

    [Required]
    public Hl7NodeOptions Hl7 { get; init; } = new();

    /// <summary>Where the PACS sends its rejection notes (RAD-66).</summary>
    [Required]
    public DicomNodeOptions Dicom { get; init; } = new();

    /// <summary>The PACS that is asked about studies, where there is one. No default.</summary>
    public DicomPeerOptions? Pacs { get; init; }

    /// <summary>The PACS where there are several, in the order in which they are asked; in place of
    /// <see cref="Pacs"/>. Default: none.</summary>
    public IReadOnlyList<SourcePacsOptions> PacsList { get; init; } = [];

    /// <summary>Who may send messages. Default: everybody.</summary>
    public IReadOnlyList<SenderOptions> Senders { get; init; } = [];

    /// <summary>The structures that manifests are published for. At least one.</summary>
    [MinLength(1)]
    public IReadOnlyList<StructureOptions> Structures { get; init; } = [];

    /// <summary>OID of this DRIMbox: SubmissionSet.sourceId. No default.</summary>
    [Required]
    public string SourceId { get; init; } = "";

    /// <summary>The stable host name of the retrieve URL in the manifests, with its port where it is not 443. No
    /// default.</summary>
    [Required]
    public string RetrieveHost { get; init; } = "";

    /// <summary>Former host names, with their port where it is not 443, that still lead here: a manifest that was not
    /// fetched again since <see cref="RetrieveHost"/> changed goes on working. Other names are refused (421). Default:
    /// none.</summary>
    public IReadOnlyList<string> RetrieveHostAliases { get; init; } = [];

    /// <summary>What kind of manifest is made. Default: that of DRIM-M.</summary>
    [Required]
    public ManifestOptions Manifest { get; init; } = new();

    /// <summary>The access point that other DRIMboxes ask for images. Default: none.</summary>
    public ImageAccessOptions? ImageAccess { get; init; }

    /// <summary>The audit trail. Default: kept here for 365 days, sent to nobody.</summary>
    [Required]
    public AuditOptions Audit { get; init; } = new();

    /// <summary>How long a study that changed must be quiet before its manifest is rebuilt, 0 s to 30 s. The first report of
    /// one that is quiet is followed at once. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan QuietTime { get; init; } = Limits.ManifestQuietTime;

    [Required]
    public ResyncOptions Resynchronisation { get; init; } = new();

    /// <summary>IANA time zone of the site. Default Europe/Paris.</summary>
    public string TimeZone { get; init; } = "Europe/Paris";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Pacs is null == (PacsList.Count == 0))
            yield return new ValidationResult("either Pacs or PacsList is needed", [nameof(Pacs)]);
        if (PacsList.DistinctBy(p => p.Name).Count() < PacsList.Count)
            yield return new ValidationResult("two PACS have one name", [nameof(PacsList)]);
        if (Senders.DistinctBy(s => s.Name).Count() < Senders.Count)
            yield return new ValidationResult("two senders have one name", [nameof(Senders)]);

        // Two sites may give one number to two patients: with several PACS each says whose numbers it holds.
        if (PacsList.Count > 1 && PacsList.Any(p => p.PatientIdIssuers.All(i => i.Written.Length > 0)))
        {
            yield return new ValidationResult(
                "PatientIdIssuers of each of several PACS needs one that is not Written", [nameof(PacsList)]);
        }

        if (PacsList.SelectMany(p => p.Senders).Except(Senders.Select(s => s.Name)).Any())
            yield return new ValidationResult("a PACS names an unknown sender", [nameof(PacsList)]);
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
            yield return new ValidationResult("is no time zone", [nameof(TimeZone)]);
        if (!WorkingHours.TryParse(Resynchronisation.Hours, TimeZoneInfo.Utc, out _))
            yield return new ValidationResult("Hours are written as 20:00-06:00", [nameof(Resynchronisation)]);
    }
}
