using System.ComponentModel.DataAnnotations;
using Drimbox.Core;

namespace Drimbox.Teleradiology;

/// <summary>A teleradiology platform node. It has no DMP section: it has no way to the DMP.</summary>
public sealed record TeleradiologyOptions
{
    /// <summary>Node id. Default "teleradiology".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "teleradiology";

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

    /// <summary>The archive that the studies are fetched from. No default.</summary>
    [Required]
    public DicomPeerOptions? Archive { get; init; }

    /// <summary>OID under which the platform makes ids of documents. No default.</summary>
    [Required]
    public string DocumentRoot { get; init; } = "";
}
