using Drimbox.Dicom.Scp;

namespace Drimbox.Dicom.Dimse;

/// <summary>DIMSE-N requests and responses as command sets. Which UID fields each carries: PS3.7 10.3, tables 10.3-1
/// to 10.3-12.</summary>
internal static class NRequests
{
    /// <summary>The request that a command set and its data set say.</summary>
    /// <returns>Why it says none, or null.</returns>
    public static DimseStatus? Understand(
        CommandSet command, AssociationPeer peer, DataSet? dataSet, out NRequest? request)
    {
        request = null;
        var isRequested = command.CommandField is not (CommandField.NCreateRq or CommandField.NEventReportRq);
        var sopClass = isRequested ? command.RequestedSopClassUid : command.AffectedSopClassUid;
        var instance = isRequested ? command.RequestedSopInstanceUid : command.AffectedSopInstanceUid;
        if (sopClass.IsEmpty) return DimseStatus.MistypedArgument.With("The SOP Class UID is in another element.");
        if (instance.IsEmpty && command.CommandField != CommandField.NCreateRq) return DimseStatus.InvalidSopInstance;
        switch (command.CommandField)
        {
            case CommandField.NCreateRq:
                request = new NCreateRequest(peer, sopClass, instance, dataSet ?? new DataSet());
                return null;
            case CommandField.NSetRq when dataSet is not null:
                request = new NSetRequest(peer, sopClass, instance, dataSet);
                return null;
            case CommandField.NSetRq:
                return DimseStatus.MistypedArgument.With("An N-SET needs a Modification List.");
            case CommandField.NGetRq:
                request = new NGetRequest(peer, sopClass, instance, command.AttributeIdentifiers);
                return null;
            case CommandField.NActionRq when command.ActionTypeId is { } action:
                request = new NActionRequest(peer, sopClass, instance, action, dataSet);
                return null;
            case CommandField.NActionRq:
                return DimseStatus.NoSuchAction;
            case CommandField.NEventReportRq when command.EventTypeId is { } type:
                request = new NEventReportRequest(peer, sopClass, instance, type, dataSet);
                return null;
            case CommandField.NEventReportRq:
                return DimseStatus.NoSuchEventType;
            default:
                request = new NDeleteRequest(peer, sopClass, instance);
                return null;
        }
    }

    /// <summary>Adds to the command set of a response what only the performer knows.</summary>
    public static void Complete(CommandSet command, NResponse response)
    {
        if (!response.SopInstanceUid.IsEmpty) command.AffectedSopInstanceUid = response.SopInstanceUid;
        command.ErrorId = response.ErrorId;
        command.AttributeIdentifiers = response.AttributeIdentifiers;
    }

    /// <summary>What a response says.</summary>
    public static NResponse Read(CommandSet command, DataSet? dataSet) =>
        new(command.Status!.Value with { Comment = command.ErrorComment })
        {
            SopInstanceUid = command.AffectedSopInstanceUid,
            DataSet = dataSet,
            ErrorId = command.ErrorId,
            AttributeIdentifiers = command.AttributeIdentifiers,
        };
}
