using System.Net;
using Drimbox.Archive.Commitment;
using Drimbox.Archive.Web;
using Drimbox.Dicom;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Web;
using Drimbox.Hl7.Profiles;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>What an archive accepts and asks for, without its store: for the conformance statement.</summary>
public static class ArchiveDeclaration
{
    /// <summary>The messages that it takes over MLLP.</summary>
    public static IReadOnlyList<MessageProfile> Messages => PatientUpdateProfiles.All;

    /// <summary>What it answers over HTTP.</summary>
    public static IReadOnlyList<CapabilityResource> WebResources => WebCapabilities.Resources;

    /// <summary>The keys of a query, by the level that they belong to.</summary>
    public static IReadOnlyList<(FindLevel Level, IReadOnlyList<Tag> Keys)> QueryKeys { get; } =
    [
        .. Enum.GetValues<FindLevel>().Select(level => (level, Archive.QueryKeys.TagsAt(level))),
    ];

    /// <summary>The listening AE.</summary>
    public static AcceptorOptions Acceptor(ArchiveOptions options) => new()
    {
        EndPoint = new IPEndPoint(options.Address, options.Port),
        AeTitles = [options.AeTitle],
        Tls = options.Tls,
        Callers = options.KnownCallers,
        AssociationsMax = options.AssociationsMax,
        AssociationsPerPeerMax = options.AssociationsPerPeerMax,
        FurtherStorageClasses = options.FurtherStorageClasses,
        Store = DeclaredScp.Storage,
        Find = [new DeclaredScp(ArchiveFind.Classes, ArchiveFind.Agreed)],
        Retrieve = [new DeclaredScp(ArchiveRetrieve.Classes, ArchiveRetrieve.Agreed)],
        Normalized = [new DeclaredScp(CommitmentScp.Classes), new DeclaredScp(AvailabilityScp.Classes)],
    };

    /// <summary>The associations that it requests.</summary>
    public static IReadOnlyList<DeclaredRequest> Requests(ArchiveOptions options) =>
    [
        .. options.Destinations.Select(peer => new DeclaredRequest("C-STORE sub-operations of C-MOVE", peer)),
        .. options.IocmListeners.Select(peer => new DeclaredRequest("Rejection notes (RAD-66)", peer)),
        .. options.Commitment.Peers.Select(
            peer => new DeclaredRequest("Reports of storage commitment", peer, CommitmentReporter.Context)),
        .. options.Completeness.Peers.Select(
            peer => new DeclaredRequest("Availability of complete studies", peer, AvailabilityScu.Context)),
    ];
}
