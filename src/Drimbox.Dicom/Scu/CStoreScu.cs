using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Storage SCU over an established association. Source: PS3.4 B.2, PS3.7 9.1.1.
/// <see cref="SendAsync"/> may run beside other operations, within the window; <see cref="SendAllAsync"/> has the
/// association to itself.</summary>
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

    /// <summary>Those of <see cref="ContextsFor"/>, and for each SOP class whose instances can be converted one more, in
    /// the uncompressed syntaxes; at most 128.</summary>
    public static IReadOnlyList<ProposedContext> ConvertingContextsFor(IReadOnlyList<InstanceSource> instances)
    {
        var exact = ContextsFor(instances);
        var converted = instances
            .Where(instance => TransferSyntax.TryFind(instance.TransferSyntaxUid, out var syntax)
                && (TransferSyntaxConverter.CanConvert(syntax, TransferSyntax.ExplicitVRLittleEndian)
                    || TransferSyntaxConverter.CanConvert(syntax, TransferSyntax.ImplicitVRLittleEndian)))
            .Select(instance => instance.SopClassUid)
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
        if (association.InvokedMax == 1)
        {
            foreach (var instance in instances) answered(instance, await SendAsync(instance, cancellationToken));
            return;
        }

        await using var registration = association.AbortOn(cancellationToken);
        using var pipeline = new Pipeline(association, answered);
        var reading = pipeline.ReadAsync();
        try
        {
            foreach (var instance in instances) await SendOneAsync(instance, pipeline, reading);
            pipeline.Close();
        }
        catch (Exception e)
        {
            // A message cut short, or an end of the association that the reading task saw first.
            association.Provider.Expire("Sending failed.", orderly: true);
            pipeline.Close();
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (e is AssociationAbortedException && cancellationToken.IsCancellationRequested)
                throw new OperationCanceledException(cancellationToken);
            throw;
        }

        try
        {
            await reading;
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private async Task SendOneAsync(InstanceSource instance, Pipeline pipeline, Task reading)
    {
        if (association.FindContext(instance.SopClassUid, instance.TransferSyntaxUid) is not { } context)
        {
            pipeline.Answered(
                instance, DimseStatus.SopClassNotSupported.With("No accepted context for class and syntax."));
            return;
        }

        using var content = instance.Open();
        var request = RequestFor(instance, association.NextMessageId());
        // The window opens by a response; when none can come any more the reading task has failed, and so do we.
        await await Task.WhenAny(pipeline.EnterAsync(request.MessageId, instance), reading);
        await association.Channel.SendAsync(context, request, content);
        pipeline.Sent();
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

    /// <summary>What is outstanding in an asynchronous operations window (PS3.7 D.3.3.3).</summary>
    private sealed class Pipeline(Association association, Action<InstanceSource, DimseStatus> answered) : IDisposable
    {
        private readonly ConcurrentDictionary<ushort, InstanceSource> _outstanding = [];
        private readonly SemaphoreSlim _window = new(association.InvokedMax);
        private readonly SemaphoreSlim _sent = new(0);
        private readonly Lock _gate = new();
        private volatile bool _isClosed;

        public Task EnterAsync(ushort messageId, InstanceSource instance)
        {
            _outstanding[messageId] = instance;
            return _window.WaitAsync(CancellationToken.None);
        }

        public void Dispose()
        {
            _window.Dispose();
            _sent.Dispose();
        }

        public void Sent() => _sent.Release();

        /// <summary>Nothing more is sent: the reading task ends with the last response.</summary>
        public void Close()
        {
            _isClosed = true;
            _sent.Release();
        }

        public void Answered(InstanceSource instance, DimseStatus status)
        {
            lock (_gate) answered(instance, status);
        }

        public async Task ReadAsync()
        {
            while (true)
            {
                await _sent.WaitAsync(CancellationToken.None);
                if (_isClosed && (_outstanding.IsEmpty || association.Provider.State != Sta.Sta6)) return;
                var message = await association.Channel.ReadCommandAsync();
                if (message.IsEnd) throw association.Provider.Failure();
                if (message.Command.CommandField != CommandField.CStoreRsp
                    || !_outstanding.TryRemove(message.Command.MessageIdBeingRespondedTo, out var instance))
                {
                    throw await ScuChannel.ViolatedAsync(association);
                }

                Answered(instance, message.Command.Status ?? DimseStatus.ProcessingFailure);
                _window.Release();
            }
        }
    }
}
