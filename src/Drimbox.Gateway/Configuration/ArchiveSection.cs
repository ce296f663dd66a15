using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Storage;

namespace Drimbox.Gateway.Configuration;

/// <summary>An archive node, as the configuration file writes it.</summary>
internal sealed record ArchiveSection : IValidatableObject
{
    /// <summary>Node id, the name of its folder: a letter, then letters, digits and hyphens. Default
    /// "archive".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "archive";

    /// <summary>PostgreSQL for the index. Default: none, the index is a file in the node's folder.</summary>
    public DatabaseOptions? Database { get; init; }

    [Required]
    public DicomNodeOptions Dicom { get; init; } = new();

    /// <summary>Who may call: an AE title, or an object that binds it. Empty: none may.</summary>
    public IReadOnlyList<CallerSection> Callers { get; init; } = [];

    /// <summary>The allow-list of C-MOVE destinations.</summary>
    public IReadOnlyList<DicomPeerOptions> Destinations { get; init; } = [];

    /// <summary>Who gets each rejection note (RAD-66).</summary>
    public IReadOnlyList<DicomPeerOptions> IocmListeners { get; init; } = [];

    /// <summary>Matches of one C-FIND, then A700. Default 10,000.</summary>
    [Range(1, Limits.FindResultsCeiling)]
    public int FindResultsMax { get; init; } = Limits.FindResultsMax;

    /// <summary>Calling AE titles that see what was rejected for quality reasons. Default: none.</summary>
    [AeTitles, MaxLength(Limits.ShowRejectedToMax)]
    public IReadOnlyList<string> ShowRejectedTo { get; init; } = [];

    /// <summary>Below how much free space nothing is stored.</summary>
    public DiskSpaceOptions Disk { get; init; } = new();

    /// <summary>Which studies are purged. Default: none.</summary>
    public RetentionOptions Retention { get; init; } = new();

    /// <summary>How files are read again and compared.</summary>
    public ScrubOptions Scrub { get; init; } = new();

    /// <summary>Days in which a deleted study can be brought back, 0 to 3650. Default 30.</summary>
    [Range(0, 3650)]
    public int TrashDays { get; init; } = Limits.TrashDays;

    /// <summary>How the reports of storage commitment go out.</summary>
    public CommitmentSection Commitment { get; init; } = new();

    /// <summary>When a study is complete, and who is told.</summary>
    public CompletenessSection Completeness { get; init; } = new();

    /// <summary>What to do with another data set under a known SOP Instance UID: replace, keep-first or always-replace.
    /// Default replace.</summary>
    [Required, RegularExpression("replace|keep-first|always-replace",
        ErrorMessage = "must be replace, keep-first or always-replace")]
    public string Duplicates { get; init; } = "replace";

    /// <summary>Modalities with their PACS, which correct each other. Default: each AE corrects only what it sent
    /// itself.</summary>
    public IReadOnlyList<SiteSection> Sites { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => SiteSection.Overlaps(Sites);

    /// <summary>Messages about patients (IHE RAD-12). Default: none are taken.</summary>
    public PatientUpdateSection? PatientUpdates { get; init; }

    /// <summary>DICOMweb (PS3.18). Default: none.</summary>
    public ArchiveWebSection? Web { get; init; }

    public ArchiveOptions ToOptions(string dataFolder) => new()
    {
        NodeId = Node,
        DataFolder = dataFolder,
        Postgres = Database?.ToIndex(Node),
        SharedFolder = Database?.SharedFolder is { } shared ? Path.GetFullPath(shared) : null,
        AeTitle = AeTitle.Parse(Dicom.AeTitle),
        Address = IPAddress.Parse(Dicom.Address),
        Port = Dicom.Port,
        Tls = TlsServerOptions.From(Dicom.Tls),
        KnownCallers = [.. Callers.Select(caller => caller.ToRule())],
        Destinations = [.. Destinations.Select(PeerOf)],
        IocmListeners = [.. IocmListeners.Select(PeerOf)],
        FindResultsMax = FindResultsMax,
        ShowRejectedTo = ShowRejectedTo.Select(title => AeTitle.Parse(title)).ToHashSet(),
        Disk = Disk,
        Retention = Retention,
        Scrub = Scrub,
        TrashKept = TimeSpan.FromDays(TrashDays),
        Commitment = Commitment.ToOptions(),
        Completeness = Completeness.ToOptions(),
        Duplicates = Duplicates switch
        {
            "keep-first" => DuplicatePolicy.KeepFirst,
            "always-replace" => DuplicatePolicy.AlwaysReplace,
            _ => DuplicatePolicy.Replace,
        },
        Sites = new ArchiveSites(Sites.Select(site => site.ToSite())),
        PatientUpdates = PatientUpdates?.ToOptions(Node),
        Web = Web?.ToOptions(),
    };

    internal static DicomPeer PeerOf(DicomPeerOptions peer) => new(AeTitle.Parse(peer.AeTitle), peer.Host, peer.Port)
    {
        Tls = TlsClientOptions.From(peer.Tls),
        Associations = peer.Associations,
    };
}
