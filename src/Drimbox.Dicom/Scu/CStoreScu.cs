using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Storage SCU over an established association. Source: PS3.4 B.2, PS3.7 9.1.1.
/// Operations may run beside each other, within the window.</summary>
public sealed class CStoreScu(Association association)
{
    /// <summary>For the sub-operations of a C-MOVE: who asked for it.</summary>
    public AeTitle MoveOriginator { get; init; }

    /// <summary>For the sub-operations of a C-MOVE: the message id of the request.</summary>
    public ushort? MoveOriginatorMessageId { get; init; }

    /// <summary>A context for each pair of SOP class and transfer syntax, so that what is accepted says exactly what
    /// can be sent; at most 128, the first ones met.</summary>
    public static IReadOnlyList<ProposedContext> ContextsFor(IEnumerable<InstanceSource> instances) =>
        ContextsFor(KindsOf(instances));

    /// <inheritdoc cref="ContextsFor(IEnumerable{InstanceSource})"/>
    public static IReadOnlyList<ProposedContext> ContextsFor(IEnumerable<InstanceKind> kinds) => kinds
        .Distinct()
        .Take(Limits.PresentationContextsMax)
        .Select(kind => new ProposedContext(kind.SopClassUid, kind.TransferSyntaxUid))
        .ToList();

    /// <summary>Those of <see cref="ContextsFor(IEnumerable{InstanceKind})"/>, and for each SOP class whose instances can
    /// be converted one more, in the uncompressed syntaxes; at most 128.</summary>
    public static IReadOnlyList<ProposedContext> ConvertingContextsFor(IReadOnlyList<InstanceKind> kinds)
    {
        var exact = ContextsFor(kinds);
        var converted = kinds
            .Where(kind => TransferSyntax.TryFind(kind.TransferSyntaxUid, out var syntax)
                && (TransferSyntaxConverter.CanConvert(syntax, TransferSyntax.ExplicitVRLittleEndian)
                    || TransferSyntaxConverter.CanConvert(syntax, TransferSyntax.ImplicitVRLittleEndian)))
            .Select(kind => kind.SopClassUid)
            .Distinct()
            .Select(CFindScu.ContextFor);
        return exact.Concat(converted).Take(Limits.PresentationContextsMax).ToList();
    }

    /// <summary>Sends one instance and waits for the response.</summary>
    /// <returns>The status of the peer; 0122 of our own, with a comment, if no accepted context fits.</returns>
    /// <exception cref="AssociationAbortedException">The association ended.</exception>
    /// <exception cref="IOException">The instance cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the association is aborted.</exception>
    public async ValueTask<DimseStatus> SendAsync(
        InstanceSource instance, CancellationToken cancellationToken = default)
    {
        if (association.FindContext(instance.SopClassUid, instance.TransferSyntaxUid) is not { } context)
            return DimseStatus.SopClassNotSupported.With("No accepted context for class and syntax.");
        using var content = instance.Open();
        await using var registration = association.AbortOn(cancellationToken);
        var request = RequestFor(instance, 0);
        request.MoveOriginator = MoveOriginator;
        request.MoveOriginatorMessageId = MoveOriginatorMessageId;
        try
        {
            using var operation = await association.Responses.BeginAsync(request);
            await association.Channel.SendAsync(context, request, content);
            return (await operation.NextAsync()).Status;
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Sends many instances, with as many outstanding as were negotiated
    /// (<see cref="Association.InvokedMax"/>).</summary>
    /// <param name="answered">Called for each, in the order of the responses, never two at once.</param>
    /// <inheritdoc cref="SendAsync" path="/exception"/>
    public async Task SendAllAsync(
        IEnumerable<InstanceSource> instances,
        Action<InstanceSource, DimseStatus> answered,
        CancellationToken cancellationToken = default)
    {
        var gate = new Lock();
        using var rest = instances.GetEnumerator();
        // Each takes the next instance when its own has been answered: as many are outstanding as there are of them.
        await Task.WhenAll(Enumerable.Range(0, association.InvokedMax).Select(_ => SendRestAsync()));

        async Task SendRestAsync()
        {
            try
            {
                while (Next() is { } instance)
                {
                    var status = await SendAsync(instance, cancellationToken);
                    lock (gate) answered(instance, status);
                }
            }
            catch (Exception e) when (e is not AssociationAbortedException)
            {
                // The others must not go on as if nothing had happened.
                association.Provider.Expire("Sending failed.", orderly: true);
                throw;
            }
        }

        InstanceSource? Next()
        {
            lock (gate) return rest.MoveNext() ? rest.Current : null;
        }
    }

    /// <summary>What the instances are, in each of their renditions.</summary>
    internal static IEnumerable<InstanceKind> KindsOf(IEnumerable<InstanceSource> instances) =>
        instances.SelectMany(WithRenditions).Select(instance => instance.Kind).Distinct();

    private static IEnumerable<InstanceSource> WithRenditions(InstanceSource instance) =>
        instance.Renditions.Count == 0 ? [instance] : instance.Renditions.Prepend(instance);

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
