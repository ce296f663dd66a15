using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>A response, with the bytes of its data set if it has one.</summary>
internal sealed record DimseResponse(CommandSet Command, PresentationContext Context, byte[]? Bytes)
{
    public DimseStatus Status => Command.Status!.Value with { Comment = Command.ErrorComment };

    /// <summary>Reads the data set; null if the response has none.</summary>
    /// <exception cref="AssociationAbortedException">It cannot be read: the peer is out of step.</exception>
    public async ValueTask<DataSet?> ReadDataSetAsync(Association association) => Bytes is null
        ? null
        : await ScuChannel.ParseAsync(association, Context, Bytes);
}

/// <summary>Hands each response to the operation that waits for it. There is no task that reads: of the operations that
/// wait, one reads for all, until its own response has come. So a caller that takes responses slowly slows the peer
/// down, as long as it is alone. Source: PS3.7 D.3.3.3 for the window.</summary>
internal sealed class ResponseReader(Association association)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ushort, OutstandingOperation> _outstanding = [];
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private SemaphoreSlim? _window;
    private Exception? _failure;
    private int _heldBytes;
    private bool _isReading;

    /// <summary>Waits for a place in the window and gives the request its message id.</summary>
    /// <param name="store">Takes the sub-operations of a C-GET.</param>
    public async ValueTask<OutstandingOperation> BeginAsync(CommandSet request, ICStoreScp? store = null)
    {
        lock (_gate) _window ??= new SemaphoreSlim(association.InvokedMax);
        await _window.WaitAsync();
        request.MessageId = association.NextMessageId();
        var operation = new OutstandingOperation(this, request, store);
        lock (_gate) _outstanding.Add(request.MessageId, operation);
        return operation;
    }

    internal void End(OutstandingOperation operation)
    {
        lock (_gate)
        {
            if (!_outstanding.Remove(operation.Request.MessageId)) return;
            while (operation.Arrived.TryDequeue(out var response)) _heldBytes -= response.Bytes?.Length ?? 0;
        }

        _window!.Release();
    }

    /// <exception cref="AssociationAbortedException">The association ended, or the peer sent something that answers
    /// nothing and was sent an A-ABORT.</exception>
    internal async ValueTask<DimseResponse> NextAsync(OutstandingOperation operation)
    {
        while (true)
        {
            TaskCompletionSource? turn = null;
            lock (_gate)
            {
                if (operation.Arrived.TryDequeue(out var own))
                {
                    _heldBytes -= own.Bytes?.Length ?? 0;
                    return own;
                }

                turn = TakeTurn();
            }

            if (turn is not null) await turn.Task;
            else if (await ReadOneAsync(operation) is { } response) return response;
        }
    }

    /// <summary>Reads and answers what comes until <paramref name="until"/> has ended, where no response is awaited: for
    /// notifications.</summary>
    /// <inheritdoc cref="NextAsync" path="/exception"/>
    public async ValueTask ListenAsync(Task until)
    {
        while (!until.IsCompleted)
        {
            TaskCompletionSource? turn;
            lock (_gate) turn = TakeTurn();
            if (turn is null) await ReadOneAsync(null);
            else await Task.WhenAny(turn.Task, until);
        }
    }

    /// <returns>Null to the one who reads now; what the others wait for.</returns>
    private TaskCompletionSource? TakeTurn()
    {
        if (_failure is { } failure) throw failure;
        if (!_isReading)
        {
            _isReading = true;
            return null;
        }

        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.AddLast(turn);
        return turn;
    }

    /// <returns>The response, if it is for <paramref name="reader"/>.</returns>
    private async ValueTask<DimseResponse?> ReadOneAsync(OutstandingOperation? reader)
    {
        DimseResponse? response = null;
        OutstandingOperation? addressee = null;
        var isTooMuch = false;
        try
        {
            response = await ReadMessageAsync();
        }
        catch (Exception e)
        {
            lock (_gate) _failure ??= e;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                if (response is not null
                    && _outstanding.TryGetValue(response.Command.MessageIdBeingRespondedTo, out addressee)
                    && addressee != reader)
                {
                    addressee.Arrived.Enqueue(response);
                    _heldBytes += response.Bytes?.Length ?? 0;
                    isTooMuch = _heldBytes > Limits.ResponsesHeldBytesMax;
                }

                // Everyone looks again: one finds its response, one of the rest goes on reading.
                _isReading = false;
                foreach (var turn in _waiting) turn.TrySetResult();
                _waiting.Clear();
            }
        }

        if (isTooMuch)
            association.Provider.Expire("More responses came than their callers took.", orderly: true);
        return addressee == reader ? response : null;
    }

    private async ValueTask<DimseResponse?> ReadMessageAsync()
    {
        var message = await association.Channel.ReadCommandAsync();
        if (message.IsEnd) throw ScuChannel.EndOf(association, message.End);
        var command = message.Command;
        OutstandingOperation? operation;
        lock (_gate)
        {
            operation = command.CommandField == CommandField.CStoreRq
                ? _outstanding.Values.FirstOrDefault(o => o.Store is not null)
                : _outstanding.GetValueOrDefault(command.MessageIdBeingRespondedTo);
        }

        if (command.CommandField == CommandField.CStoreRq && operation is not null)
        {
            await Retrieval.StoreAsync(association, operation.Store!, message.Context, command);
            return null;
        }

        if (command.CommandField == CommandField.NEventReportRq)
        {
            await AnswerReportAsync(message.Context, command);
            return null;
        }

        if (operation is null || command.CommandField != CommandFields.ResponseOf(operation.Request.CommandField)
            || command.Status is null)
        {
            throw await ScuChannel.ViolatedAsync(association);
        }

        if (!command.HasDataSet) return new DimseResponse(command, message.Context, null);
        var (bytes, end) = await association.Channel.ReadDataSetAsync(
            operation.Request.CommandField.IsNormalizedRequest()
                ? Limits.NormalizedBytesMax
                : Limits.IdentifierBytesMax);
        if (end != IndicationKind.None) throw ScuChannel.EndOf(association, end);
        if (bytes is not null) return new DimseResponse(command, message.Context, bytes);
        await association.AbortAsync();
        throw new AssociationAbortedException("The peer sent a data set that is too long.");
    }

    private async ValueTask AnswerReportAsync(PresentationContext context, CommandSet command)
    {
        byte[]? bytes = null;
        if (command.HasDataSet)
        {
            (bytes, var end) = await association.Channel.ReadDataSetAsync(Limits.NormalizedBytesMax);
            if (end != IndicationKind.None) throw ScuChannel.EndOf(association, end);
        }

        var answer = await JudgeReportAsync(context, command, bytes);
        var response = command.Respond(answer.Status);
        NRequests.Complete(response, answer);
        Invariant.Holds(TransferSyntax.TryFind(context.TransferSyntax, out var syntax));
        if (answer.DataSet is null) await association.Channel.SendAsync(context, response);
        else await association.Channel.SendAsync(context, response, DataSetWriter.ToBytes(answer.DataSet, syntax));
    }

    private async ValueTask<NResponse> JudgeReportAsync(PresentationContext context, CommandSet command, byte[]? bytes)
    {
        var receiver = association.EventReports.FirstOrDefault(r => r.SopClasses.Contains(context.AbstractSyntax));
        if (receiver is null) return NResponse.Refused(DimseStatus.UnrecognizedOperation);
        if (command.AffectedSopClassUid != context.AbstractSyntax) return NResponse.Refused(DimseStatus.NoSuchSopClass);
        DataSet? dataSet = null;
        if (command.HasDataSet && !ScuChannel.TryParse(context, bytes, out dataSet))
            return NResponse.Refused(DimseStatus.ProcessingFailure.With("The data set cannot be read."));
        var refusal = NRequests.Understand(command, ScuChannel.PeerOf(association), dataSet, out var report);
        if (refusal is { } status) return NResponse.Refused(status);
        try
        {
            return await receiver.ReceiveAsync((NEventReportRequest)report!, CancellationToken.None);
        }
        catch (IOException)
        {
            return NResponse.Refused(DimseStatus.ResourceLimitation);
        }
    }
}

/// <summary>An operation that was invoked and is not answered to its end.</summary>
internal sealed class OutstandingOperation(ResponseReader reader, CommandSet request, ICStoreScp? store) : IDisposable
{
    public CommandSet Request => request;

    public ICStoreScp? Store => store;

    /// <summary>Responses that another operation read. Belongs to the reader.</summary>
    public Queue<DimseResponse> Arrived { get; } = [];

    /// <summary>The next response.</summary>
    /// <inheritdoc cref="ResponseReader.NextAsync" path="/exception"/>
    public ValueTask<DimseResponse> NextAsync() => reader.NextAsync(this);

    /// <summary>Leaves its place in the window. Only after the final response, or when the association is over.</summary>
    public void Dispose() => reader.End(this);
}
