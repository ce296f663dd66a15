using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>C-STORE: the data set goes to the sink as it arrives. Source: PS3.7 9.3.1, PS3.4 B.2.</summary>
internal sealed partial class AssociationSession
{
    private int _window = 1;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<IndicationKind> StoreAsync(PresentationContext context, CommandSet command)
    {
        if (!command.HasDataSet) return await AnswerAsync(context, command, DimseStatus.CannotUnderstand);
        var begun = DicomMetrics.Begin();
        _provider.UseLargeBuffer();
        var refusal = TryBegin(context, command, out var sink);
        while (true)
        {
            UpperLayerIndication piece;
            try
            {
                piece = await Channel.ReadDataAsync();
            }
            catch
            {
                if (sink is not null) await sink.AbandonAsync();
                throw;
            }

            if (piece.Kind != IndicationKind.Fragment)
            {
                if (sink is not null) await sink.AbandonAsync();
                return piece.Kind;
            }

            if (sink is not null && !piece.Payload.IsEmpty && !await TryWriteAsync(sink, piece.Payload))
            {
                // Rule of PS3.4 B.2.3 as we keep it: go on reading to the last fragment, then A700, never an abort.
                sink = null;
                refusal = DimseStatus.OutOfResources;
            }

            if (piece.IsLast) break;
        }

        if (sink is null)
        {
            await Channel.SendAsync(context, command.Respond(refusal));
            DicomMetrics.Operation(OwnAe, "C-STORE", refusal, begun);
            return IndicationKind.None;
        }

        if (_window == 1)
        {
            await CompleteAsync(context, command, sink, begun);
            return IndicationKind.None;
        }

        await BeginCompletionAsync(context, command, sink, begun);
        return IndicationKind.None;
    }

    /// <returns>Why nothing is stored, where <paramref name="sink"/> is null.</returns>
    private DimseStatus TryBegin(PresentationContext context, CommandSet command, out IInstanceSink? sink)
    {
        sink = null;
        if (_options.Store is null || !context.RequestorIsScu
            || !_negotiation.IsStorageClass(_provider.Request!, context.AbstractSyntax))
            return DimseStatus.UnrecognizedOperation;
        // PS3.7 9.1.1.1.3: the SOP class is the one that the context was negotiated for.
        if (command.AffectedSopClassUid != context.AbstractSyntax) return DimseStatus.SopClassNotSupported;
        if (command.AffectedSopInstanceUid.IsEmpty) return DimseStatus.InvalidSopInstance;
        Invariant.Holds(TransferSyntax.TryFind(context.TransferSyntax, out var syntax));
        try
        {
            sink = _options.Store.BeginStore(new CStoreRequest(
                _peer!,
                command.AffectedSopClassUid,
                command.AffectedSopInstanceUid,
                syntax,
                command.Priority ?? DimsePriority.Medium,
                command.MoveOriginator,
                command.MoveOriginatorMessageId)
            {
                MayBlock = _window == 1 && SessionThread.IsCurrent,
            });
            return default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DicomLog.OperationFailed(_log, e, "C-STORE", DimseStatus.OutOfResources.ToString());
            return DimseStatus.OutOfResources;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryWriteAsync(IInstanceSink sink, ReadOnlyMemory<byte> fragment)
    {
        try
        {
            await sink.WriteAsync(fragment, _ending.Token);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DicomLog.OperationFailed(_log, e, "C-STORE", DimseStatus.OutOfResources.ToString());
            await sink.AbandonAsync();
            return false;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CompleteAsync(
        PresentationContext context, CommandSet command, IInstanceSink sink, long begun)
    {
        try
        {
            DimseStatus status;
            try
            {
                status = await sink.CompleteAsync(_ending.Token);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                DicomLog.OperationFailed(_log, e, "C-STORE", DimseStatus.OutOfResources.ToString());
                status = DimseStatus.OutOfResources;
            }

            await Channel.SendAsync(context, command.Respond(status));
            DicomMetrics.Operation(OwnAe, "C-STORE", status, begun);
        }
        finally
        {
            sink.Answered();
        }
    }

    // With a window the next instance is received while this one becomes durable. More than the window in flight
    // only holds back the reading: the peer broke its promise, and pays in time.
    private async ValueTask BeginCompletionAsync(
        PresentationContext context, CommandSet command, IInstanceSink sink, long begun)
    {
        while (_operations.Count >= _window)
            await Task.WhenAny(_operations.Values.Select(operation => operation.Task));
        if (_operations.ContainsKey(command.MessageId))
        {
            await sink.AbandonAsync();
            await Channel.SendAsync(context, command.Respond(DimseStatus.DuplicateInvocation));
            return;
        }

        Begin(command.MessageId, "C-STORE", _ => CompleteAsync(context, command, sink, begun).AsTask());
    }
}
