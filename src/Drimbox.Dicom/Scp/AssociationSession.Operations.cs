using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>Operations that run beside the reading of the association.</summary>
internal sealed partial class AssociationSession
{
    private async ValueTask<IndicationKind> BeginOperationAsync(PresentationContext context, CommandSet command)
    {
        var begun = DicomMetrics.Begin();
        byte[]? identifier = null;
        if (command.HasDataSet)
        {
            (identifier, var end) = await Channel.ReadDataSetAsync();
            if (end != IndicationKind.None) return end;
        }

        if (RefusalOf(context, command) is { } refusal)
        {
            await Channel.SendAsync(context, command.Respond(refusal));
            return IndicationKind.None;
        }

        // Given back when the operation has ended.
        var held = identifier?.Length ?? 0;
        if (held > 0 && !_admission.Budget.TryTake(held))
        {
            await Channel.SendAsync(
                context, command.Respond(DimseStatus.OutOfResources.With("Too many queries are under way.")));
            return IndicationKind.None;
        }

        if (!command.HasDataSet || !TryRead(identifier, context, out var query))
        {
            _admission.Budget.Return(held);
            var status = command.HasDataSet && identifier is null
                ? DimseStatus.OutOfResources.With("The identifier is too long.")
                : DimseStatus.CannotUnderstand.With("The identifier cannot be read.");
            await Channel.SendAsync(context, command.Respond(status));
            return IndicationKind.None;
        }

        var name = command.CommandField.ToString();
        Begin(command.MessageId, name, async token =>
        {
            try
            {
                var final = command.CommandField == CommandField.CFindRq
                    ? await FindAsync(context, command, query!, token)
                    : await RetrieveAsync(context, command, query!, token);
                DicomMetrics.Operation(OwnAe, OperationName(command.CommandField), final, begun);
            }
            finally
            {
                _admission.Budget.Return(held);
            }
        });
        return IndicationKind.None;
    }

    private static string OperationName(CommandField field) => field switch
    {
        CommandField.CFindRq => "C-FIND",
        CommandField.CMoveRq => "C-MOVE",
        _ => "C-GET",
    };

    private DimseStatus? RefusalOf(PresentationContext context, CommandSet command)
    {
        var isServed = command.CommandField == CommandField.CFindRq
            ? _negotiation.FindScp(context.AbstractSyntax) is not null
            : _negotiation.RetrieveScp(context.AbstractSyntax) is not null;
        if (!isServed || !context.RequestorIsScu) return DimseStatus.UnrecognizedOperation;
        if (command.AffectedSopClassUid != context.AbstractSyntax) return DimseStatus.SopClassNotSupported;
        if (_operations.ContainsKey(command.MessageId)) return DimseStatus.DuplicateInvocation;
        return _operations.Count >= Limits.AsyncOperationsMax ? DimseStatus.ResourceLimitation : null;
    }

    private static bool TryRead(byte[]? bytes, PresentationContext context, out DataSet? dataSet)
    {
        dataSet = null;
        if (bytes is null || !TransferSyntax.TryFind(context.TransferSyntax, out var syntax)) return false;
        dataSet = DataSetReader.TryRead(bytes, syntax, out _);
        return dataSet is not null;
    }

    private void Begin(ushort messageId, string name, Func<CancellationToken, Task> perform)
    {
        var operation = new Operation(CancellationTokenSource.CreateLinkedTokenSource(_ending.Token));
        Invariant.Holds(_operations.TryAdd(messageId, operation));
        operation.Task = Task.Run(() => PerformAsync(messageId, name, operation, perform), CancellationToken.None);
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "The top of an operation: the fault is logged and ends this association alone.")]
    private async Task PerformAsync(
        ushort messageId, string name, Operation operation, Func<CancellationToken, Task> perform)
    {
        try
        {
            await perform(operation.Token);
        }
        catch (AssociationAbortedException)
        {
            // The reading task sees the same end and logs it.
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The association ends; nobody waits for an answer.
        }
        catch (Exception e)
        {
            DicomLog.SessionFault(_log, e, CallingAe, Address.ToString());
            _provider.Expire($"{name} failed by a fault of this program.", orderly: true);
        }
        finally
        {
            _operations.TryRemove(messageId, out _);
            operation.Dispose();
        }
    }

    /// <summary>A running operation and what stops it.</summary>
    private sealed class Operation(CancellationTokenSource source) : IDisposable
    {
        private readonly Lock _gate = new();
        private bool _disposed;

        public CancellationToken Token { get; } = source.Token;

        public Task Task { get; set; } = Task.CompletedTask;

        public void Cancel()
        {
            // C-CANCEL may come in the moment in which the operation ends.
            lock (_gate)
            {
                if (!_disposed) source.Cancel();
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
                source.Dispose();
            }
        }
    }
}
