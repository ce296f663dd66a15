using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;

namespace Drimbox.Gateway.Configuration;

/// <summary>An archive node, as the configuration file writes it.</summary>
internal sealed record ArchiveSection : IValidatableObject
{
    /// <summary>Node id, the name of its folder: a letter, then letters, digits and hyphens. Default
    /// "archive".</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Node { get; init; } = "archive";

    [Required]
    public DicomNodeOptions Dicom { get; init; } = new();

    /// <summary>Who may call: an AE title, or an object that binds it. Empty: none may.</summary>
    public IReadOnlyList<CallerSection> Callers { get; init; } = [];

    /// <summary>The allow-list of C-MOVE destinations.</summary>
    public IReadOnlyList<DicomPeerOptions> Destinations { get; init; } = [];

    /// <summary>Who gets each rejection note (RAD-66).</summary>
    public IReadOnlyList<DicomPeerOptions> IocmListeners { get; init; } = [];

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

    public ArchiveOptions ToOptions(string dataFolder) => new()
    {
        NodeId = Node,
        DataFolder = dataFolder,
        AeTitle = AeTitle.Parse(Dicom.AeTitle),
        Address = IPAddress.Parse(Dicom.Address),
        Port = Dicom.Port,
        Tls = TlsServerOptions.From(Dicom.Tls),
        KnownCallers = [.. Callers.Select(caller => caller.ToRule())],
        Destinations = [.. Destinations.Select(PeerOf)],
        IocmListeners = [.. IocmListeners.Select(PeerOf)],
        Commitment = Commitment.ToOptions(),
        Completeness = Completeness.ToOptions(),
        Duplicates = Duplicates switch
        {
            "keep-first" => DuplicatePolicy.KeepFirst,
            "always-replace" => DuplicatePolicy.AlwaysReplace,
            _ => DuplicatePolicy.Replace,
        },
        Sites = new ArchiveSites(Sites.Select(site => site.ToSite())),
    };

    internal static DicomPeer PeerOf(DicomPeerOptions peer) => new(AeTitle.Parse(peer.AeTitle), peer.Host, peer.Port)
    {
        Tls = TlsClientOptions.From(peer.Tls),
        Associations = peer.Associations,
    };
}
