using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>DIMSE-N: performed beside the reading, as queries are. Source: PS3.7 10.1 and 10.3.</summary>
internal sealed partial class AssociationSession
{
    private volatile bool _isReleasing;

    private async ValueTask<IndicationKind> BeginNormalizedAsync(PresentationContext context, CommandSet command)
    {
        byte[]? bytes = null;
        if (command.HasDataSet)
        {
            (bytes, var end) = await Channel.ReadDataSetAsync(Limits.NormalizedBytesMax);
            if (end != IndicationKind.None) return end;
        }

        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var refusal = NormalizedRefusalOf(context, command);
        NRequest? request = null;
        // Given back when the operation has ended.
        var held = 0;
        if (refusal is null)
        {
            DataSet? dataSet = null;
            if (command.HasDataSet && bytes is null)
                refusal = DimseStatus.ResourceLimitation.With("The data set is too long.");
            else if (bytes is not null && !_admission.Budget.TryTake(held = bytes.Length))
                (refusal, held) = (DimseStatus.ResourceLimitation.With("Too many requests are under way."), 0);
            else if (command.HasDataSet && !TryRead(bytes, context, out dataSet))
                refusal = DimseStatus.ProcessingFailure.With("The data set cannot be read.");
            else
                refusal = NRequests.Understand(command, _peer!, dataSet, out request);
        }

        if (refusal is { } status)
        {
            _admission.Budget.Return(held);
            await Channel.SendAsync(context, command.Respond(status));
            return IndicationKind.None;
        }

        request = request! with { Reporter = new EventReporter(this, context, answered.Task) };
        Begin(command.MessageId, command.CommandField.ToString(), async token =>
        {
            try
            {
                await PerformNormalizedAsync(context, command, request, token);
            }
            finally
            {
                answered.TrySetResult();
                _admission.Budget.Return(held);
            }
        });
        return IndicationKind.None;
    }

    private DimseStatus? NormalizedRefusalOf(PresentationContext context, CommandSet command)
    {
        // PS3.4 J.3.3: a notification comes from the SCP. Callers that report on an association of their own should
        // have negotiated the role; many do not, and what they mean is not in doubt.
        var isServed = command.CommandField == CommandField.NEventReportRq
            ? _negotiation.EventReportReceiver(context.AbstractSyntax) is not null
            : context.RequestorIsScu && _negotiation.NormalizedScp(context.AbstractSyntax) is not null;
        if (!isServed) return DimseStatus.UnrecognizedOperation;
        var sopClass = command.RequestedSopClassUid.IsEmpty ? command.AffectedSopClassUid : command.RequestedSopClassUid;
        if (sopClass != context.AbstractSyntax) return DimseStatus.NoSuchSopClass;
        if (_operations.ContainsKey(command.MessageId)) return DimseStatus.DuplicateInvocation;
        return _operations.Count >= Limits.AsyncOperationsMax ? DimseStatus.ResourceLimitation : null;
    }

    private async Task PerformNormalizedAsync(
        PresentationContext context, CommandSet command, NRequest request, CancellationToken cancellationToken)
    {
        NResponse response;
        try
        {
            response = request is NEventReportRequest report
                ? await _negotiation.EventReportReceiver(context.AbstractSyntax)!
                    .ReceiveAsync(report, cancellationToken)
                : await _negotiation.NormalizedScp(context.AbstractSyntax)!.PerformAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not AssociationAbortedException)
        {
            DicomLog.OperationFailed(
                _log, e, command.CommandField.ToString(), DimseStatus.ResourceLimitation.ToString());
            response = NResponse.Refused(DimseStatus.ResourceLimitation);
        }

        var answer = command.Respond(response.Status);
        NRequests.Complete(answer, response);
        if (response.DataSet is null)
        {
            await Channel.SendAsync(context, answer);
            return;
        }

        Invariant.Holds(TransferSyntax.TryFind(context.TransferSyntax, out var syntax));
        await Channel.SendAsync(context, answer, DataSetWriter.ToBytes(response.DataSet, syntax));
    }

    /// <inheritdoc cref="EventReporter.ReportAsync"/>
    internal async ValueTask<DimseStatus> ReportAsync(
        PresentationContext context,
        Uid sopInstanceUid,
        ushort eventTypeId,
        DataSet? argument,
        CancellationToken cancellationToken)
    {
        Invariant.Holds(TransferSyntax.TryFind(context.TransferSyntax, out var syntax));
        var request = new CommandSet
        {
            CommandField = CommandField.NEventReportRq,
            MessageId = _association!.NextMessageId(),
            AffectedSopClassUid = context.AbstractSyntax,
            AffectedSopInstanceUid = sopInstanceUid,
            EventTypeId = eventTypeId,
        };
        var bytes = argument is null ? null : DataSetWriter.ToBytes(argument, syntax);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended, cancellationToken);
        try
        {
            return await InvokeAsync(
                request.MessageId,
                async () =>
                {
                    if (_isReleasing) throw new AssociationAbortedException("The association is being released.");
                    if (bytes is null) await Channel.SendAsync(context, request);
                    else await Channel.SendAsync(context, request, bytes);
                },
                either.Token);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            throw new AssociationAbortedException("The association ended before the answer.");
        }
    }

    /// <summary>Invokes an operation on the requestor, within the window that was negotiated for what it performs, and
    /// waits for the response.</summary>
    private async Task<DimseStatus> InvokeAsync(
        ushort messageId, Func<ValueTask> send, CancellationToken cancellationToken)
    {
        await _invoking.WaitAsync(cancellationToken);
        var answered = new TaskCompletionSource<DimseStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        _subOperations[messageId] = answered;
        try
        {
            await send();
            return await answered.Task.WaitAsync(Limits.DimseResponseTimeout, _time, cancellationToken);
        }
        finally
        {
            _subOperations.TryRemove(messageId, out _);
            _invoking.Release();
        }
    }
}
