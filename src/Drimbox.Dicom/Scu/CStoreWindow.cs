using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Storage SCU for many callers at once: as many C-STORE are outstanding on the association as were negotiated
/// (<see cref="Association.InvokedMax"/>), further callers wait. Nothing else may use the association meanwhile. Source:
/// PS3.7 D.3.3.3 (asynchronous operations window), PS3.4 B.2.</summary>
public sealed class CStoreWindow(Association association) : IDisposable
{
    private readonly SemaphoreSlim _room = new(association.InvokedMax);
    private readonly Dictionary<ushort, TaskCompletionSource<DimseStatus>> _outstanding = [];
    private readonly Lock _gate = new();
    private Task _reading = Task.CompletedTask;
    private bool _isReading;
    private Exception? _fault;

    /// <summary>Sends one instance and waits for its response; a window of one sends the next after it.</summary>
    /// <returns>The status of the peer; 0122 of our own, with a comment, if no accepted context fits.</returns>
    /// <exception cref="AssociationAbortedException">The association ended.</exception>
    /// <exception cref="IOException">The instance cannot be read; the association is aborted.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before it was sent. Once sent, its response is awaited:
    /// the others must not suffer.</exception>
    public async Task<DimseStatus> SendAsync(InstanceSource instance, CancellationToken cancellationToken = default)
    {
        if (association.FindContext(instance.SopClassUid, instance.TransferSyntaxUid) is not { } context)
            return DimseStatus.SopClassNotSupported.With("No accepted context for class and syntax.");
        await _room.WaitAsync(cancellationToken);
        try
        {
            using var content = instance.Open();
            var (request, answered) = Register(instance);
            try
            {
                await association.Channel.SendAsync(context, request, content);
            }
            catch
            {
                // The association has ended, and nobody waits for this response any more.
                lock (_gate) _outstanding.Remove(request.MessageId);
                throw;
            }

            return await answered;
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Call it when no caller is left.</summary>
    public void Dispose() => _room.Dispose();

    private (CommandSet Request, Task<DimseStatus> Answered) Register(InstanceSource instance)
    {
        var answered = new TaskCompletionSource<DimseStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_fault is not null) throw new AssociationAbortedException("The association has ended.", _fault);
            var request = CStoreScu.RequestFor(instance, association.NextMessageId());
            _outstanding.Add(request.MessageId, answered);
            // Someone reads exactly as long as something is outstanding, so that a release finds the channel free.
            if (!_isReading)
            {
                _isReading = true;
                _reading = ReadAsync(_reading);
            }

            return (request, answered.Task);
        }
    }

    private async Task ReadAsync(Task before)
    {
        await before;
        try
        {
            while (true)
            {
                var message = await association.Channel.ReadCommandAsync();
                if (message.IsEnd) throw ScuChannel.EndOf(association, message.End);
                if (message.Command is not { CommandField: CommandField.CStoreRsp, Status: { } status } response)
                    throw await ScuChannel.ViolatedAsync(association);
                TaskCompletionSource<DimseStatus>? answered;
                bool isLast;
                lock (_gate)
                {
                    _outstanding.Remove(response.MessageIdBeingRespondedTo, out answered);
                    isLast = _outstanding.Count == 0;
                    if (isLast && answered is not null) _isReading = false;
                }

                if (answered is null) throw await ScuChannel.ViolatedAsync(association);
                answered.SetResult(status with { Comment = response.ErrorComment });
                if (isLast) return;
            }
        }
        catch (AssociationAbortedException e)
        {
            List<TaskCompletionSource<DimseStatus>> lost;
            lock (_gate)
            {
                _fault = e;
                lost = [.. _outstanding.Values];
                _outstanding.Clear();
            }

            foreach (var answered in lost) answered.SetException(e);
        }
    }
}
