using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>How a retrieve ended.</summary>
/// <param name="Status">Success, B000 with failures, FE00, or a failure.</param>
/// <param name="FailedInstances">(0008,0058), if the peer told.</param>
public sealed record RetrieveResult(DimseStatus Status, SubOperations Counts, IReadOnlyList<Uid> FailedInstances);

/// <summary>C-MOVE SCU. Source: PS3.4 C.4.2, PS3.7 9.1.4.</summary>
public sealed class CMoveScu(Association association)
{
    /// <summary>Asks the peer to send what matches to <paramref name="destination"/>.</summary>
    /// <param name="progress">Called on each pending response.</param>
    /// <param name="cancellationToken">Sends C-CANCEL-RQ; the result then says how far it came.</param>
    /// <exception cref="AssociationAbortedException">The association ended.</exception>
    public Task<RetrieveResult> MoveAsync(
        Uid sopClass,
        DataSet identifier,
        AeTitle destination,
        Action<SubOperations>? progress = null,
        CancellationToken cancellationToken = default) => Retrieval.RunAsync(
            association, CommandField.CMoveRq, sopClass, identifier, destination, null, progress, cancellationToken);
}

/// <summary>C-GET SCU: the instances come over the same association. Source: PS3.4 C.4.3, PS3.7 9.1.3.</summary>
public sealed class CGetScu(Association association)
{
    /// <param name="store">Takes the instances, as the store of an acceptor does. Their contexts must have been
    /// proposed with <see cref="ProposedContext.AsScp"/>.</param>
    /// <inheritdoc cref="CMoveScu.MoveAsync"/>
    public Task<RetrieveResult> GetAsync(
        Uid sopClass,
        DataSet identifier,
        ICStoreScp store,
        Action<SubOperations>? progress = null,
        CancellationToken cancellationToken = default) => Retrieval.RunAsync(
            association, CommandField.CGetRq, sopClass, identifier, default, store, progress, cancellationToken);
}

/// <summary>What C-MOVE and C-GET have in common.</summary>
internal static class Retrieval
{
    public static async Task<RetrieveResult> RunAsync(
        Association association,
        CommandField field,
        Uid sopClass,
        DataSet identifier,
        AeTitle destination,
        ICStoreScp? store,
        Action<SubOperations>? progress,
        CancellationToken cancellationToken)
    {
        if (association.FindContext(sopClass) is not { } context
            || !TransferSyntax.TryFind(context.TransferSyntax, out var syntax))
        {
            return new RetrieveResult(DimseStatus.SopClassNotSupported, default, []);
        }

        var request = new CommandSet
        {
            CommandField = field,
            AffectedSopClassUid = sopClass,
            Priority = DimsePriority.Medium,
            MoveDestination = destination,
        };
        using var operation = await association.Responses.BeginAsync(request, store);
        await association.Channel.SendAsync(context, request, DataSetWriter.ToBytes(identifier, syntax));
        await using var cancel = new ScuCancel(association, context, request, cancellationToken);
        while (true)
        {
            var response = await operation.NextAsync();
            var failures = await response.ReadDataSetAsync(association);
            var counts = response.Command.SubOperations ?? default;
            if (!response.Status.IsPending)
            {
                return new RetrieveResult(
                    response.Status, counts, failures?.GetUids(Tag.FailedSOPInstanceUIDList) ?? []);
            }

            progress?.Invoke(counts);
        }
    }

    internal static async Task StoreAsync(
        Association association,
        ICStoreScp store,
        PresentationContext context,
        CommandSet command)
    {
        association.Provider.UseLargeBuffer();
        var sink = Begin(association, store, context, command);
        var status = sink is null ? DimseStatus.OutOfResources : default;
        while (command.HasDataSet)
        {
            var piece = await association.Channel.ReadDataAsync();
            if (piece.Kind != IndicationKind.Fragment)
            {
                if (sink is not null) await sink.AbandonAsync();
                throw ScuChannel.EndOf(association, piece.Kind);
            }

            try
            {
                if (sink is not null) await sink.WriteAsync(piece.Payload, CancellationToken.None);
            }
            catch (IOException)
            {
                await sink!.AbandonAsync();
                sink = null;
                status = DimseStatus.OutOfResources;
            }

            if (piece.IsLast) break;
        }

        // What has arrived whole is kept, also while the rest is being cancelled.
        try
        {
            if (sink is not null) status = await sink.CompleteAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            status = DimseStatus.OutOfResources;
        }

        await association.Channel.SendAsync(context, command.Respond(status));
    }

    private static IInstanceSink? Begin(
        Association association, ICStoreScp store, PresentationContext context, CommandSet command)
    {
        if (!context.RequestorIsScp || command.AffectedSopInstanceUid.IsEmpty
            || !TransferSyntax.TryFind(context.TransferSyntax, out var syntax))
        {
            return null;
        }

        try
        {
            return store.BeginStore(new CStoreRequest(
                ScuChannel.PeerOf(association),
                command.AffectedSopClassUid,
                command.AffectedSopInstanceUid,
                syntax,
                command.Priority ?? DimsePriority.Medium,
                command.MoveOriginator,
                command.MoveOriginatorMessageId));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
