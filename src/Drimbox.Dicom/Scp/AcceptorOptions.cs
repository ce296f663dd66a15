using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.Scp;

/// <summary>What a caller may ask for.</summary>
[Flags]
public enum AllowedServices
{
    None = 0,
    Echo = 1,
    Store = 2,
    Find = 4,
    Retrieve = 8,

    /// <summary>Modality Worklist.</summary>
    Worklist = 16,

    /// <summary>Modality Performed Procedure Step, with its retrieval and notification.</summary>
    ProcedureStep = 32,

    /// <summary>Storage Commitment: requests for it, and reports about it.</summary>
    Commitment = 64,

    /// <summary>Instance Availability Notification.</summary>
    Availability = 128,

    /// <summary>Any other SOP class of <see cref="AcceptorOptions.Normalized"/>.</summary>
    Normalized = 256,
    All = Echo | Store | Find | Retrieve | Worklist | ProcedureStep | Commitment | Availability | Normalized,
}

/// <summary>An AE that may call us, and what it is bound to (attack A12): each of these that is set must fit. Several
/// rules for one title add up.</summary>
public sealed record CallerRule(AeTitle CallingAe)
{
    /// <summary>Networks that it may call from; empty: from anywhere.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>The title of ours that it may call; null: each of them.</summary>
    public AeTitle? CalledAe { get; init; }

    /// <summary>The certificate that it must have shown; null: any, or none.</summary>
    public CertificateBinding? Certificate { get; init; }

    /// <summary>Default: all.</summary>
    public AllowedServices Services { get; init; } = AllowedServices.All;
}

/// <summary>A listening AE: its address, who may call it, and what it does.</summary>
public sealed record AcceptorOptions
{
    /// <summary>Where to listen; port 0 takes a free one. Default: all addresses, port 11112 (IANA).</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.IPv6Any, 11112);

    /// <summary>The titles that we answer to, compared exactly; others get A-ASSOCIATE-RJ 1/1/7.</summary>
    public required IReadOnlyList<AeTitle> AeTitles { get; init; }

    /// <summary>Who may call; others get A-ASSOCIATE-RJ 1/1/3. Null: anyone, for laboratories and tests.</summary>
    public IReadOnlyList<CallerRule>? Callers { get; init; }

    /// <summary>Associations at once, at least 1; the next is answered 2/3/2. Default: 200.</summary>
    public int AssociationsMax { get; init; } = Limits.AssociationsMax;

    /// <summary>Associations at once from one address, at least 1. Default: 50.</summary>
    public int AssociationsPerPeerMax { get; init; } = Limits.AssociationsPerPeerMax;

    /// <summary>Operations that a caller may have outstanding (PS3.7 D.3.3.3). Default: 16.</summary>
    public int WindowMax { get; init; } = Limits.AsyncOperationsMax;

    /// <summary>How long a caller may be silent. Default: 60 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = Limits.AssociationIdleTimeout;

    /// <summary>TLS for every connection; null: none. Without it no rule with a certificate can be met.</summary>
    public TlsServerOptions? Tls { get; init; }

    /// <summary>Null: no storage.</summary>
    public ICStoreScp? Store { get; init; }

    public IReadOnlyList<ICFindScp> Find { get; init; } = [];

    public IReadOnlyList<IRetrieveScp> Retrieve { get; init; } = [];

    /// <summary>SCPs of DIMSE-N operations.</summary>
    public IReadOnlyList<INormalizedScp> Normalized { get; init; } = [];

    /// <summary>Takers of N-EVENT-REPORT from SCPs that call us, as storage commitment does.</summary>
    public IReadOnlyList<INEventReportReceiver> EventReports { get; init; } = [];

    /// <summary>Judges the user identity of a request (PS3.7 D.3.3.7). Null: identities are neither judged nor
    /// answered.</summary>
    public IUserIdentityCheck? UserIdentity { get; init; }

    /// <summary>The allow-list of C-MOVE destinations; null for an unknown one, which is answered A801.</summary>
    public Func<AeTitle, DicomPeer?> MoveDestination { get; init; } = static _ => null;

    /// <summary>Called once for each association that stood, when all it asked for has ended: with the same object that its
    /// requests came with, and whether it was released in order (PS3.8 7.2) and not broken off. Must not wait or
    /// throw.</summary>
    public Action<AssociationPeer, bool>? AssociationEnded { get; init; }

    /// <summary>SOP classes to store beside those of PS3.6: private ones, or newer than this program.</summary>
    public IReadOnlySet<Uid> FurtherStorageClasses { get; init; } = new HashSet<Uid>();

    /// <summary>Transfer syntaxes in the order in which we would rather receive. Empty: the first that the caller
    /// proposes, since it is the one in which the caller has the object.</summary>
    public IReadOnlyList<Uid> TransferSyntaxPreference { get; init; } = [];
}
