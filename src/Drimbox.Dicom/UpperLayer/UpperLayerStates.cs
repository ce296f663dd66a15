using System.Diagnostics.CodeAnalysis;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The states of the upper layer. Source: PS3.8 9.2.2, tables 9-1 to 9-5.</summary>
[SuppressMessage("Naming", "CA1712", Justification = "Sta1 to Sta13 are the names of PS3.8.")]
public enum Sta : byte
{
    /// <summary>Idle.</summary>
    Sta1 = 1,

    /// <summary>Transport connection open, awaiting A-ASSOCIATE-RQ.</summary>
    Sta2,

    /// <summary>Awaiting the local A-ASSOCIATE response primitive.</summary>
    Sta3,

    /// <summary>Awaiting the transport connection to open.</summary>
    Sta4,

    /// <summary>Awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ.</summary>
    Sta5,

    /// <summary>Association established, ready for data transfer.</summary>
    Sta6,

    /// <summary>Awaiting A-RELEASE-RP.</summary>
    Sta7,

    /// <summary>Awaiting the local A-RELEASE response primitive.</summary>
    Sta8,

    /// <summary>Release collision, requestor side: awaiting the local A-RELEASE response primitive.</summary>
    Sta9,

    /// <summary>Release collision, acceptor side: awaiting A-RELEASE-RP.</summary>
    Sta10,

    /// <summary>Release collision, requestor side: awaiting A-RELEASE-RP.</summary>
    Sta11,

    /// <summary>Release collision, acceptor side: awaiting the local A-RELEASE response primitive.</summary>
    Sta12,

    /// <summary>Awaiting the transport connection to close; the association exists no longer.</summary>
    Sta13,
}

/// <summary>The events of the upper layer, in the order of PS3.8 table 9-10.</summary>
public enum UpperLayerEvent : byte
{
    /// <summary>A-ASSOCIATE request (local user).</summary>
    AssociateRequest = 1,

    /// <summary>Transport connection confirmation (local transport service).</summary>
    TransportConfirmed,

    /// <summary>A-ASSOCIATE-AC received.</summary>
    AssociateAcReceived,

    /// <summary>A-ASSOCIATE-RJ received.</summary>
    AssociateRjReceived,

    /// <summary>Transport connection indication (local transport service).</summary>
    TransportIndicated,

    /// <summary>A-ASSOCIATE-RQ received.</summary>
    AssociateRqReceived,

    /// <summary>A-ASSOCIATE response, accept (local user).</summary>
    AssociateAccept,

    /// <summary>A-ASSOCIATE response, reject (local user).</summary>
    AssociateReject,

    /// <summary>P-DATA request (local user).</summary>
    PDataRequest,

    /// <summary>P-DATA-TF received.</summary>
    PDataReceived,

    /// <summary>A-RELEASE request (local user).</summary>
    ReleaseRequest,

    /// <summary>A-RELEASE-RQ received.</summary>
    ReleaseRqReceived,

    /// <summary>A-RELEASE-RP received.</summary>
    ReleaseRpReceived,

    /// <summary>A-RELEASE response (local user).</summary>
    ReleaseResponse,

    /// <summary>A-ABORT request (local user).</summary>
    AbortRequest,

    /// <summary>A-ABORT received.</summary>
    AbortReceived,

    /// <summary>Transport connection closed.</summary>
    TransportClosed,

    /// <summary>ARTIM timer expired.</summary>
    ArtimExpired,

    /// <summary>Unrecognized or invalid PDU received.</summary>
    InvalidPduReceived,
}

/// <summary>The actions of the upper layer. Source: PS3.8 tables 9-6 to 9-9.</summary>
public enum UpperLayerAction : byte
{
    /// <summary>The cell is blank: the event cannot occur in the state.</summary>
    None = 0,

    /// <summary>Open the transport connection.</summary>
    AE1,

    /// <summary>Send A-ASSOCIATE-RQ.</summary>
    AE2,

    /// <summary>A-ASSOCIATE confirmation (accept).</summary>
    AE3,

    /// <summary>A-ASSOCIATE confirmation (reject), close the transport.</summary>
    AE4,

    /// <summary>Transport connection response; start ARTIM.</summary>
    AE5,

    /// <summary>Stop ARTIM; indicate the request, or reject it and start ARTIM.</summary>
    AE6,

    /// <summary>Send A-ASSOCIATE-AC.</summary>
    AE7,

    /// <summary>Send A-ASSOCIATE-RJ and start ARTIM.</summary>
    AE8,

    /// <summary>Send P-DATA-TF.</summary>
    DT1,

    /// <summary>P-DATA indication.</summary>
    DT2,

    /// <summary>Send A-RELEASE-RQ.</summary>
    AR1,

    /// <summary>A-RELEASE indication.</summary>
    AR2,

    /// <summary>A-RELEASE confirmation, close the transport.</summary>
    AR3,

    /// <summary>Send A-RELEASE-RP and start ARTIM.</summary>
    AR4,

    /// <summary>Stop ARTIM.</summary>
    AR5,

    /// <summary>P-DATA indication (while a release is awaited).</summary>
    AR6,

    /// <summary>Send P-DATA-TF (while a release is pending).</summary>
    AR7,

    /// <summary>A-RELEASE indication (release collision).</summary>
    AR8,

    /// <summary>Send A-RELEASE-RP.</summary>
    AR9,

    /// <summary>A-RELEASE confirmation (release collision).</summary>
    AR10,

    /// <summary>Send A-ABORT and start ARTIM.</summary>
    AA1,

    /// <summary>Stop ARTIM; close the transport.</summary>
    AA2,

    /// <summary>A-ABORT or A-P-ABORT indication, close the transport.</summary>
    AA3,

    /// <summary>A-P-ABORT indication.</summary>
    AA4,

    /// <summary>Stop ARTIM.</summary>
    AA5,

    /// <summary>Ignore the PDU.</summary>
    AA6,

    /// <summary>Send A-ABORT.</summary>
    AA7,

    /// <summary>Send A-ABORT (provider source), A-P-ABORT indication, start ARTIM.</summary>
    AA8,
}

/// <summary>One cell of PS3.8 table 9-10.</summary>
/// <param name="Next">The next state.</param>
/// <param name="Otherwise">The second state that the standard names where the action decides (AE-6: rejected at once;
/// AR-8: this side accepted the association), else equal to <paramref name="Next"/>.</param>
public readonly record struct Transition(UpperLayerAction Action, Sta Next, Sta Otherwise)
{
    /// <summary>True for a blank cell.</summary>
    public bool IsBlank => Action == UpperLayerAction.None;
}
