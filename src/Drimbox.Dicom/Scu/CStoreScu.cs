using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Storage SCU over an established association. Source: PS3.4 B.2, PS3.7 9.1.1. Not for concurrent
/// use.</summary>
public sealed class CStoreScu(Association association)
{
    /// <summary>For the sub-operations of a C-MOVE: who asked for it.</summary>
    public AeTitle MoveOriginator { get; init; }

    /// <summary>For the sub-operations of a C-MOVE: the message id of the request.</summary>
    public ushort? MoveOriginatorMessageId { get; init; }

    /// <summary>A context for each pair of SOP class and transfer syntax, so that what is accepted says exactly what
    /// can be sent; at most 128, the first ones met.</summary>
    public static IReadOnlyList<ProposedContext> ContextsFor(IEnumerable<InstanceSource> instances) => instances
        .Select(instance => (instance.SopClassUid, instance.TransferSyntaxUid))
        .Distinct()
        .Take(Limits.PresentationContextsMax)
        .Select(pair => new ProposedContext(pair.SopClassUid, pair.TransferSyntaxUid))
        .ToList();

    /// <summary>Sends one instance and waits for the response.</summary>
    /// <returns>The status of the peer; 0122 of our own, with a comment, if no accepted context fits.</returns>
    /// <exception cref="AssociationAbortedException">The association ended.</exception>
    /// <exception cref="IOException">The instance cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the association is aborted.</exception>
    public async ValueTask<DimseStatus> SendAsync(InstanceSource instance, CancellationToken cancellationToken = default)
    {
        if (association.FindContext(instance.SopClassUid, instance.TransferSyntaxUid) is not { } context)
            return DimseStatus.SopClassNotSupported.With("No accepted context for class and syntax.");
        using var content = instance.Open();
        await using var registration = association.AbortOn(cancellationToken);
        var request = RequestFor(instance, association.NextMessageId());
        request.MoveOriginator = MoveOriginator;
        request.MoveOriginatorMessageId = MoveOriginatorMessageId;
        try
        {
            await association.Channel.SendAsync(context, request, content);
            var response = await ScuChannel.ReadResponseAsync(association, request);
            return response.Status!.Value with { Comment = response.ErrorComment };
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Sends many instances, with as many outstanding as were negotiated (<see cref="Association.InvokedMax"/>).
    /// </summary>
    /// <param name="answered">Called for each, in the order of the responses, on the task that reads them.</param>
    /// <inheritdoc cref="SendAsync" path="/exception"/>
    public async Task SendAllAsync(
        IEnumerable<InstanceSource> instances,
        Action<InstanceSource, DimseStatus> answered,
        CancellationToken cancellationToken = default)
    {
        if (association.InvokedMax == 1)
        {
            foreach (var instance in instances) answered(instance, await SendAsync(instance, cancellationToken));
            return;
        }

        await using var registration = association.AbortOn(cancellationToken);
        var outstanding = new ConcurrentDictionary<ushort, InstanceSource>();
        using var window = new SemaphoreSlim(association.InvokedMax);
        using var sent = new SemaphoreSlim(0);
        var isLastSent = false;
        var reading = ReadAllAsync();
        try
        {
            foreach (var instance in instances)
            {
                if (association.FindContext(instance.SopClassUid, instance.TransferSyntaxUid) is not { } context)
                {
                    answered(instance, DimseStatus.SopClassNotSupported.With("No accepted context for class and syntax."));
                    continue;
                }

                // The window opens by a response; without one the reading task fails, and so do we.
                await (await Task.WhenAny(window.WaitAsync(CancellationToken.None), reading));
                using var content = instance.Open();
                var request = RequestFor(instance, association.NextMessageId());
                outstanding[request.MessageId] = instance;
                await association.Channel.SendAsync(context, request, content);
                sent.Release();
            }

            isLastSent = true;
            sent.Release();
            await reading;
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }

        async Task ReadAllAsync()
        {
            while (true)
            {
                await sent.WaitAsync(CancellationToken.None);
                if (isLastSent && outstanding.IsEmpty) return;
                var message = await association.Channel.ReadCommandAsync();
                if (message.IsEnd) throw association.Provider.Failure();
                if (message.Command.CommandField != CommandField.CStoreRsp
                    || !outstanding.TryRemove(message.Command.MessageIdBeingRespondedTo, out var instance))
                {
                    throw await ScuChannel.ViolatedAsync(association);
                }

                answered(instance, message.Command.Status ?? DimseStatus.ProcessingFailure);
                window.Release();
            }
        }
    }

    internal static CommandSet RequestFor(InstanceSource instance, ushort messageId) => new()
    {
        CommandField = CommandField.CStoreRq,
        MessageId = messageId,
        AffectedSopClassUid = instance.SopClassUid,
        AffectedSopInstanceUid = instance.SopInstanceUid,
        Priority = DimsePriority.Medium,
        DataSetType = CommandSet.WithDataSet,
    };
}
