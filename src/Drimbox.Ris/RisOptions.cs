using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Ris.Mail;

namespace Drimbox.Ris;

/// <summary>A RIS node.</summary>
public sealed record RisOptions
{
    /// <summary>Node id, the first part of every stream and the name of its folder: a letter, then letters, digits
    /// and hyphens. Default "ris".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "ris";

    [Required]
    public Hl7NodeOptions Hl7 { get; init; } = new();

    /// <summary>The worklist and procedure steps of the modalities; null: none.</summary>
    public RisDicomOptions? Dicom { get; init; }

    /// <summary>The structures that the RIS publishes for. At least one.</summary>
    [MinLength(1)]
    public IReadOnlyList<StructureOptions> Structures { get; init; } = [];

    /// <summary>OID of this RIS: SubmissionSet.sourceId, and the root of the ids of its documents. No
    /// default.</summary>
    [Required]
    public string SourceId { get; init; } = "";

    /// <summary>The platform that reads for this RIS, or null.</summary>
    public Hl7PeerOptions? Teleradiology { get; init; }

    /// <summary>The DRIMbox that gets a copy of each report, or null.</summary>
    public Hl7PeerOptions? Source { get; init; }

    /// <summary>Who gets the business acknowledgements (ZAM^Z01) of the reports that asked for one with ACK_RECEPTION,
    /// or null: none are sent.</summary>
    public Hl7PeerOptions? Creator { get; init; }

    /// <summary>Reports by MSSanté; null: none are sent.</summary>
    public RisMailOptions? Mail { get; init; }

    /// <summary>Refuse reports of patients that neither an ADT nor a request of this RIS told of (902). Default false:
    /// the INS of the document is enough.</summary>
    public bool KnownPatientsOnly { get; init; }

    /// <summary>The host name of the DRIMbox viewer, for the partial URL of flux 4. Default: none is sent.</summary>
    public string? ViewerHost { get; init; }

    /// <summary>IANA time zone of timestamps that come without an offset. Default Europe/Paris.</summary>
    public string TimeZone { get; init; } = "Europe/Paris";
}
