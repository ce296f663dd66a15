using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Source.ImageAccess;

namespace Drimbox.Source;

/// <summary>A DRIMbox source node.</summary>
public sealed record SourceOptions
{
    /// <summary>Node id. Default "source".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "source";

    [Required]
    public Hl7NodeOptions Hl7 { get; init; } = new();

    /// <summary>Where the PACS sends its rejection notes (RAD-66).</summary>
    [Required]
    public DicomNodeOptions Dicom { get; init; } = new();

    /// <summary>The PACS that is asked about studies. No default.</summary>
    [Required]
    public DicomPeerOptions? Pacs { get; init; }

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

    /// <summary>The access point that other DRIMboxes ask for images. Default: none.</summary>
    public ImageAccessOptions? ImageAccess { get; init; }

    /// <summary>How long a study must be quiet before its manifest is rebuilt, 0 s to 30 s. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan QuietTime { get; init; } = Limits.ManifestQuietTime;

    /// <summary>IANA time zone of the site. Default Europe/Paris.</summary>
    public string TimeZone { get; init; } = "Europe/Paris";
}
