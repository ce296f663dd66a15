using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Ris.Mail;
using Drimbox.Storage;

namespace Drimbox.Ris;

/// <summary>A RIS node.</summary>
public sealed record RisOptions : IValidatableObject
{
    /// <summary>Node id, the first part of every stream and the name of its folder: a letter, then letters, digits
    /// and hyphens. Default "ris".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "ris";

    /// <summary>PostgreSQL for the flow of the node: its messages, events and outbox. Default: none, they are in a file in
    /// the node's folder.</summary>
    public DatabaseOptions? Database { get; init; }

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

    /// <summary>OID of the order numbers that the RIS assigns (DB/RIS.03). Default: <see cref="SourceId"/>.</summary>
    public string? OrderAuthority { get; init; }

    /// <summary>OID of the accession numbers (DB/RIS.05). Default: <see cref="SourceId"/>.</summary>
    public string? AccessionAuthority { get; init; }

    /// <summary>OID below which Study Instance UIDs are made (DB/RIS.07), at most 43 characters. Default:
    /// <see cref="SourceId"/>.</summary>
    public string? StudyRoot { get; init; }

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

    /// <summary>The kinds of documents that users write, beside the plain one. A user names one: none is taken by
    /// itself. Default: none.</summary>
    public IReadOnlyList<RisTemplateOptions> Templates { get; init; } = [];

    /// <summary>The host name of the DRIMbox viewer, for the partial URL of flux 4 and for the links of documents that
    /// the RIS writes. Default: none is sent or written.</summary>
    [RegularExpression(@"[A-Za-z0-9.-]+(:[0-9]{1,5})?", ErrorMessage = "must be a host name, with a port or without")]
    public string? ViewerHost { get; init; }

    /// <summary>What the RIS writes around a PDF that is given to a request.</summary>
    [Required]
    public ScanOptions Scans { get; init; } = new();

    /// <summary>IANA time zone of timestamps that come without an offset. Default Europe/Paris.</summary>
    public string TimeZone { get; init; } = "Europe/Paris";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (oid, name) in ((string?, string)[])
            [(OrderAuthority, nameof(OrderAuthority)), (AccessionAuthority, nameof(AccessionAuthority))])
        {
            if (oid is not null && !Uid.TryParse(oid, out _))
                yield return new ValidationResult("must be an OID", [name]);
        }

        if (StudyRoot is not null && (!Uid.TryParse(StudyRoot, out _) || StudyRoot.Length > Limits.StudyRootLengthMax))
        {
            yield return new ValidationResult(
                $"must be an OID of at most {Limits.StudyRootLengthMax} characters", [nameof(StudyRoot)]);
        }

        if (StudyRoot is null && SourceId.Length > Limits.StudyRootLengthMax)
        {
            yield return new ValidationResult(
                $"is required where SourceId has more than {Limits.StudyRootLengthMax} characters",
                [nameof(StudyRoot)]);
        }
    }

    /// <summary>Under which OIDs the RIS assigns identifiers.</summary>
    internal RisAuthorities ToAuthorities() => new(
        Uid.Parse(OrderAuthority ?? SourceId), Uid.Parse(AccessionAuthority ?? SourceId),
        Uid.Parse(StudyRoot ?? SourceId));
}
