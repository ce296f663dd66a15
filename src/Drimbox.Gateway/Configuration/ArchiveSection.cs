using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;

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

    /// <summary>AE titles that may call. Empty: none may.</summary>
    public IReadOnlyList<string> Callers { get; init; } = [];

    /// <summary>The allow-list of C-MOVE destinations.</summary>
    public IReadOnlyList<DicomPeerOptions> Destinations { get; init; } = [];

    /// <summary>Who gets each rejection note (RAD-66).</summary>
    public IReadOnlyList<DicomPeerOptions> IocmListeners { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var caller in Callers)
        {
            if (!AeTitle.TryParse(caller, out _))
                yield return new ValidationResult($"{caller}: {OptionPatterns.AeTitleError}", [nameof(Callers)]);
        }
    }

    public ArchiveOptions ToOptions(string dataFolder) => new()
    {
        NodeId = Node,
        DataFolder = dataFolder,
        AeTitle = AeTitle.Parse(Dicom.AeTitle),
        Address = IPAddress.Parse(Dicom.Address),
        Port = Dicom.Port,
        KnownCallers = [.. Callers.Select(c => new CallerRule(AeTitle.Parse(c)))],
        Destinations = [.. Destinations.Select(PeerOf)],
        IocmListeners = [.. IocmListeners.Select(PeerOf)],
    };

    private static DicomPeer PeerOf(DicomPeerOptions peer) => new(AeTitle.Parse(peer.AeTitle), peer.Host, peer.Port);
}
