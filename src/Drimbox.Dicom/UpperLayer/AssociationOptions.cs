using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>A presentation context to propose.</summary>
/// <param name="TransferSyntaxes">In order of preference, at least one.</param>
public sealed record ProposedContext(Uid AbstractSyntax, params IReadOnlyList<Uid> TransferSyntaxes)
{
    /// <summary>Propose to be the SCU (the default role).</summary>
    public bool AsScu { get; init; } = true;

    /// <summary>Propose to be the SCP, as C-GET needs for the storage classes it retrieves (PS3.7 D.3.3.4).</summary>
    public bool AsScp { get; init; }
}

/// <summary>Whom to call, and how.</summary>
public sealed record AssociationOptions
{
    /// <summary>Name or address of the peer.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port of the peer, 1 to 65535.</summary>
    public required int Port { get; init; }

    public required AeTitle CallingAe { get; init; }

    public required AeTitle CalledAe { get; init; }

    /// <summary>1 to 128 contexts.</summary>
    public required IReadOnlyList<ProposedContext> Contexts { get; init; }

    /// <summary>Longest P-DATA-TF body that we receive, in bytes. Default: 128 KiB.</summary>
    public int MaximumLength { get; init; } = Limits.PduLengthOffered;

    /// <summary>Longest P-DATA-TF body that we send, in bytes, whatever more the peer allows. Default: 128 KiB.</summary>
    public int SendLengthMax { get; init; } = Limits.PduLengthSendMax;

    /// <summary>Operations that may be outstanding, invoked by this side, and sub-operations, invoked by the peer; 1
    /// proposes no window. Default: 1.</summary>
    public int Window { get; init; } = 1;

    /// <summary>Message id of the first operation; the others follow. A C-MOVE that has one of its own is told from others
    /// by the images that name it (PS3.7 9.1.1.1.9). Default: 1.</summary>
    public ushort FirstMessageId { get; init; } = 1;

    public UserIdentity? Identity { get; init; }

    /// <summary>TLS towards the peer; null: none.</summary>
    public TlsClientOptions? Tls { get; init; }

    /// <summary>Proposals of service classes (PS3.7 D.3.3.5); <see cref="ExtendedNegotiation.Encode"/> makes those of
    /// queries and retrieves.</summary>
    public IReadOnlyList<SopClassExtendedNegotiation> Extended { get; init; } = [];

    /// <summary>Of what kind a storage class is that the peer may not know (PS3.7 D.3.3.6).</summary>
    public IReadOnlyList<SopClassCommonExtendedNegotiation> CommonExtended { get; init; } = [];

    /// <summary>Takers of N-EVENT-REPORT that the peer sends over this association.</summary>
    public IReadOnlyList<INEventReportReceiver> EventReports { get; init; } = [];

    /// <summary>Time for the TCP connection and the TLS handshake together. Default: 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = Limits.ConnectTimeout;

    /// <summary>Time from the A-ASSOCIATE-RQ to its answer. Default: 30 s.</summary>
    public TimeSpan AssociateTimeout { get; init; } = Limits.ArtimTimeout;

    /// <summary>Longest silence of the peer while we wait for a response. Default: 60 s.</summary>
    public TimeSpan ResponseTimeout { get; init; } = Limits.DimseResponseTimeout;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
