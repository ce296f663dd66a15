using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>The peer answered an operation with a failure.</summary>
public sealed class DimseFailureException(string operation, DimseStatus status)
    : IOException(
        $"{operation} was answered {status}{(status.Comment is { Length: > 0 } comment ? ": " + comment : ".")}")
{
    public DimseStatus Status { get; } = status;
}

/// <summary>Query SCU: Query/Retrieve FIND and Modality Worklist. Source: PS3.4 C.4.1, PS3.7 9.1.2.</summary>
public sealed class CFindScu(Association association)
{
    /// <summary>The context that queries of <paramref name="sopClass"/> need.</summary>
    public static ProposedContext ContextFor(Uid sopClass) =>
        new(sopClass, TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid);

    /// <summary>The matches as they come. A caller that stops early, or cancels, sends C-CANCEL-RQ; the association
    /// stays usable either way.</summary>
    /// <exception cref="DimseFailureException">The final status is a failure, or no context was accepted.</exception>
    /// <exception cref="AssociationAbortedException">The association ended.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, after the peer confirmed it.</exception>
    public async IAsyncEnumerable<DataSet> FindAsync(
        Uid sopClass, DataSet identifier, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (association.FindContext(sopClass) is not { } context
            || !TransferSyntax.TryFind(context.TransferSyntax, out var syntax))
        {
            throw new DimseFailureException("C-FIND", DimseStatus.SopClassNotSupported);
        }

        var request = new CommandSet
        {
            CommandField = CommandField.CFindRq,
            AffectedSopClassUid = sopClass,
            Priority = DimsePriority.Medium,
        };
        cancellationToken.ThrowIfCancellationRequested();
        using var operation = await association.Responses.BeginAsync(request);
        await association.Channel.SendAsync(context, request, DataSetWriter.ToBytes(identifier, syntax));
        await using var cancel = new ScuCancel(association, context, request, cancellationToken);
        var isOver = false;
        try
        {
            while (true)
            {
                var response = await operation.NextAsync();
                var match = await response.ReadDataSetAsync(association);
                var status = response.Status;
                isOver = !status.IsPending;
                if (isOver)
                {
                    // FE00, or what was decided before the cancel arrived (PS3.7 9.3.2.3).
                    cancellationToken.ThrowIfCancellationRequested();
                    if (status.Category == StatusCategory.Failure) throw new DimseFailureException("C-FIND", status);
                    yield break;
                }

                // After a cancel there is nobody to take the matches that were on their way.
                if (match is not null && !cancellationToken.IsCancellationRequested) yield return match;
            }
        }
        finally
        {
            // The caller stopped early.
            if (!isOver && association.Provider.State == Sta.Sta6)
            {
                await cancel.SendAsync();
                while ((await operation.NextAsync()).Status.IsPending)
                {
                    // Matches that were on their way.
                }
            }
        }
    }
}
