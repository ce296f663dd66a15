using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;

namespace Drimbox.Dicom.Dimse;

/// <summary>A DIMSE-N request with its data set. Source: PS3.7 10.1 and 10.3.</summary>
/// <param name="SopClassUid">The Affected or Requested SOP Class UID, which is the abstract syntax of the
/// context.</param>
/// <param name="SopInstanceUid">A well-formed UID; the default value only in an N-CREATE that leaves it to the
/// performer.</param>
public abstract record NRequest(AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid)
{
    /// <summary>Sends N-EVENT-REPORT over the association that the request came on, after its response.</summary>
    public EventReporter? Reporter { get; init; }
}

/// <summary>Source: PS3.7 10.1.5.</summary>
public sealed record NCreateRequest(AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid, DataSet Attributes)
    : NRequest(Peer, SopClassUid, SopInstanceUid);

/// <summary>Source: PS3.7 10.1.3.</summary>
public sealed record NSetRequest(AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid, DataSet Modifications)
    : NRequest(Peer, SopClassUid, SopInstanceUid);

/// <summary>Source: PS3.7 10.1.2.</summary>
/// <param name="AttributeIdentifiers">Empty: all attributes.</param>
public sealed record NGetRequest(
    AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid, IReadOnlyList<Tag> AttributeIdentifiers)
    : NRequest(Peer, SopClassUid, SopInstanceUid);

/// <summary>Source: PS3.7 10.1.4.</summary>
/// <param name="Argument">Action Information, if there is any.</param>
public sealed record NActionRequest(
    AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid, ushort ActionTypeId, DataSet? Argument)
    : NRequest(Peer, SopClassUid, SopInstanceUid);

/// <summary>Source: PS3.7 10.1.6.</summary>
public sealed record NDeleteRequest(AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid)
    : NRequest(Peer, SopClassUid, SopInstanceUid);

/// <summary>Source: PS3.7 10.1.1.</summary>
/// <param name="Argument">Event Information, if there is any.</param>
public sealed record NEventReportRequest(
    AssociationPeer Peer, Uid SopClassUid, Uid SopInstanceUid, ushort EventTypeId, DataSet? Argument)
    : NRequest(Peer, SopClassUid, SopInstanceUid);

/// <summary>How a DIMSE-N request is answered, on both sides. Source: PS3.7 10.1 and annex C.</summary>
public sealed record NResponse(DimseStatus Status)
{
    public static readonly NResponse Success = new(DimseStatus.Success);

    /// <summary>The instance, where an N-CREATE left its UID to the performer.</summary>
    public Uid SopInstanceUid { get; init; }

    /// <summary>Attribute List, Action Reply or Event Reply.</summary>
    public DataSet? DataSet { get; init; }

    /// <summary>(0000,0903), whose values belong to the service class.</summary>
    public ushort? ErrorId { get; init; }

    /// <summary>(0000,1005): the attributes that the status speaks of.</summary>
    public IReadOnlyList<Tag> AttributeIdentifiers { get; init; } = [];

    public static NResponse Refused(DimseStatus status, params IReadOnlyList<Tag> attributes) =>
        new(status) { AttributeIdentifiers = attributes };
}
