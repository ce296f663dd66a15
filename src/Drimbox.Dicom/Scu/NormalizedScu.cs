using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Invokes DIMSE-N operations. May be used by several tasks at once, within the window of the association.
/// Source: PS3.7 10.1 and 10.3.</summary>
/// <remarks>Each operation answers with the status of the peer, 0122 of our own if no context was accepted for the SOP
/// class; throws <see cref="AssociationAbortedException"/> if the association ended and
/// <see cref="OperationCanceledException"/> if it was cancelled, which aborts the association.</remarks>
public sealed class NormalizedScu(Association association)
{
    /// <summary>The context that operations of <paramref name="sopClass"/> need.</summary>
    public static ProposedContext ContextFor(Uid sopClass) => CFindScu.ContextFor(sopClass);

    /// <param name="sopInstanceUid">The default value leaves it to the SCP: see the response.</param>
    public ValueTask<NResponse> CreateAsync(
        Uid sopClass, Uid sopInstanceUid, DataSet attributes, CancellationToken cancellationToken = default) =>
        InvokeAsync(Affected(CommandField.NCreateRq, sopClass, sopInstanceUid), attributes, cancellationToken);

    public ValueTask<NResponse> SetAsync(
        Uid sopClass, Uid sopInstanceUid, DataSet modifications, CancellationToken cancellationToken = default) =>
        InvokeAsync(Requested(CommandField.NSetRq, sopClass, sopInstanceUid), modifications, cancellationToken);

    /// <param name="attributes">Empty: all of them. At most <see cref="Core.Limits.AttributeIdentifiersMax"/>.</param>
    public ValueTask<NResponse> GetAsync(
        Uid sopClass, Uid sopInstanceUid, IReadOnlyList<Tag> attributes, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(attributes.Count, Core.Limits.AttributeIdentifiersMax);
        var request = Requested(CommandField.NGetRq, sopClass, sopInstanceUid);
        request.AttributeIdentifiers = attributes;
        return InvokeAsync(request, null, cancellationToken);
    }

    public ValueTask<NResponse> ActionAsync(
        Uid sopClass,
        Uid sopInstanceUid,
        ushort actionTypeId,
        DataSet? argument = null,
        CancellationToken cancellationToken = default)
    {
        var request = Requested(CommandField.NActionRq, sopClass, sopInstanceUid);
        request.ActionTypeId = actionTypeId;
        return InvokeAsync(request, argument, cancellationToken);
    }

    public ValueTask<NResponse> DeleteAsync(
        Uid sopClass, Uid sopInstanceUid, CancellationToken cancellationToken = default) =>
        InvokeAsync(Requested(CommandField.NDeleteRq, sopClass, sopInstanceUid), null, cancellationToken);

    /// <summary>As the SCP of the SOP class, on an association that this side opened; the SCP role must have been
    /// proposed (<see cref="ProposedContext.AsScp"/>).</summary>
    public ValueTask<NResponse> EventReportAsync(
        Uid sopClass,
        Uid sopInstanceUid,
        ushort eventTypeId,
        DataSet? argument = null,
        CancellationToken cancellationToken = default)
    {
        var request = Affected(CommandField.NEventReportRq, sopClass, sopInstanceUid);
        request.EventTypeId = eventTypeId;
        return InvokeAsync(request, argument, cancellationToken);
    }

    // PS3.7 tables 10.3-1 and 10.3-9: N-EVENT-REPORT and N-CREATE name what is affected, the others what is requested.
    private static CommandSet Affected(CommandField field, Uid sopClass, Uid sopInstanceUid) => new()
    {
        CommandField = field,
        AffectedSopClassUid = sopClass,
        AffectedSopInstanceUid = sopInstanceUid,
    };

    private static CommandSet Requested(CommandField field, Uid sopClass, Uid sopInstanceUid) => new()
    {
        CommandField = field,
        RequestedSopClassUid = sopClass,
        RequestedSopInstanceUid = sopInstanceUid,
    };

    private async ValueTask<NResponse> InvokeAsync(
        CommandSet request, DataSet? dataSet, CancellationToken cancellationToken)
    {
        var sopClass = request.AffectedSopClassUid.IsEmpty ? request.RequestedSopClassUid : request.AffectedSopClassUid;
        if (association.FindContext(sopClass) is not { } context
            || !TransferSyntax.TryFind(context.TransferSyntax, out var syntax))
        {
            return NResponse.Refused(DimseStatus.SopClassNotSupported.With("No accepted context for the class."));
        }

        await using var registration = association.AbortOn(cancellationToken);
        try
        {
            using var operation = await association.Responses.BeginAsync(request);
            if (dataSet is null) await association.Channel.SendAsync(context, request);
            else await association.Channel.SendAsync(context, request, DataSetWriter.ToBytes(dataSet, syntax));
            var response = await operation.NextAsync();
            return NRequests.Read(response.Command, await response.ReadDataSetAsync(association));
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
