using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Associations that a node requests, for its conformance statement.</summary>
/// <param name="Purpose">What for, a few words.</param>
/// <param name="Peer">Whom it calls.</param>
/// <param name="Contexts">What it proposes; empty: the SOP classes and transfer syntaxes of the instances that it
/// sends.</param>
public sealed record DeclaredRequest(string Purpose, DicomPeer Peer, params IReadOnlyList<ProposedContext> Contexts)
{
    /// <summary>The same for a peer as the configuration writes it.</summary>
    public DeclaredRequest(string purpose, DicomPeerOptions peer, params IReadOnlyList<ProposedContext> contexts)
        : this(purpose, PeerOf(peer), contexts)
    {
    }

    private static DicomPeer PeerOf(DicomPeerOptions peer) =>
        new(AeTitle.Parse(peer.AeTitle), peer.Host, peer.Port) { Tls = TlsClientOptions.From(peer.Tls) };
}
