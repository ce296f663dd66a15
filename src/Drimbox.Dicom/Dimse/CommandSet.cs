using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.Dimse;

/// <summary>The command set of a DIMSE message: group 0000. Source: PS3.7 6.3 and E.1. An absent element is null, or
/// the default value for UIDs and titles.</summary>
public sealed class CommandSet
{
    /// <summary>(0000,0800): this value says that no data set follows; any other says that one does.</summary>
    public const ushort NoDataSet = 0x0101;

    /// <summary>What we write where a data set follows (as DCMTK does; PS3.7 leaves the value open).</summary>
    public const ushort WithDataSet = 0x0001;

    public CommandField CommandField { get; set; }

    /// <summary>(0000,0002). The default value also where the peer's text is no UID.</summary>
    public Uid AffectedSopClassUid { get; set; }

    /// <summary>(0000,0003)</summary>
    public Uid RequestedSopClassUid { get; set; }

    /// <summary>(0000,0110)</summary>
    public ushort MessageId { get; set; }

    /// <summary>(0000,0120)</summary>
    public ushort MessageIdBeingRespondedTo { get; set; }

    /// <summary>(0000,0600). The default value also where the peer's text is no AE title.</summary>
    public AeTitle MoveDestination { get; set; }

    /// <summary>(0000,0700)</summary>
    public DimsePriority? Priority { get; set; }

    /// <summary>(0000,0800)</summary>
    public ushort DataSetType { get; set; } = NoDataSet;

    /// <summary>(0000,0900)</summary>
    public DimseStatus? Status { get; set; }

    /// <summary>(0000,0901): where a C- operation says which elements were at fault (PS3.7 C.4 and C.5).</summary>
    public IReadOnlyList<Tag> OffendingElements { get; set; } = [];

    /// <summary>(0000,0902), LO: at most 64 characters. Ours never hold a value of the data set.</summary>
    public string? ErrorComment { get; set; }

    /// <summary>(0000,0903)</summary>
    public ushort? ErrorId { get; set; }

    /// <summary>(0000,1000). The default value also where the peer's text is no UID.</summary>
    public Uid AffectedSopInstanceUid { get; set; }

    /// <summary>(0000,1001)</summary>
    public Uid RequestedSopInstanceUid { get; set; }

    /// <summary>(0000,1002)</summary>
    public ushort? EventTypeId { get; set; }

    /// <summary>(0000,1005): what an N-GET asks for, or the attributes that a status speaks of (PS3.7 C.4 and C.5). At
    /// most <see cref="Limits.AttributeIdentifiersMax"/>.</summary>
    public IReadOnlyList<Tag> AttributeIdentifiers { get; set; } = [];

    /// <summary>(0000,1008)</summary>
    public ushort? ActionTypeId { get; set; }

    /// <summary>(0000,1020) to (0000,1023), in C-MOVE and C-GET responses.</summary>
    public SubOperations? SubOperations { get; set; }

    /// <summary>(0000,1030)</summary>
    public AeTitle MoveOriginator { get; set; }

    /// <summary>(0000,1031)</summary>
    public ushort? MoveOriginatorMessageId { get; set; }

    public bool HasDataSet => DataSetType != NoDataSet;

    /// <summary>A response to this request with <paramref name="status"/> and the UIDs that it must echo.</summary>
    public CommandSet Respond(DimseStatus status) => new()
    {
        CommandField = CommandFields.ResponseOf(CommandField),
        MessageIdBeingRespondedTo = MessageId,
        AffectedSopClassUid = AffectedSopClassUid.IsEmpty ? RequestedSopClassUid : AffectedSopClassUid,
        AffectedSopInstanceUid = AffectedSopInstanceUid.IsEmpty ? RequestedSopInstanceUid : AffectedSopInstanceUid,
        // PS3.7 tables 10.3-2 and 10.3-8: a reply names the event or the action that it answers.
        EventTypeId = EventTypeId,
        ActionTypeId = ActionTypeId,
        Status = status,
        ErrorComment = status.Comment,
    };
}

/// <summary>Counters of a retrieve. Source: PS3.7 9.1.4.1.7 to 9.1.4.1.10.</summary>
/// <param name="Remaining">Null in a final response other than a cancel (PS3.4 C.4.2.1.6).</param>
public readonly record struct SubOperations(ushort? Remaining, ushort Completed, ushort Failed, ushort Warning);
