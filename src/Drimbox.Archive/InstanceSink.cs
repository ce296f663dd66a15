using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>One instance on its way to the disk: written under its final name as it arrives, and looked at while it passes;
/// never held whole, never written twice.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A sink ends by one of its two last calls, which dispose what it holds.")]
internal sealed class InstanceSink : IInstanceSink
{
    private readonly InstanceStore _store;
    private readonly CStoreRequest _request;
    private readonly InstanceSender _sender;
    private readonly string _name;
    private readonly DateTimeOffset _receivedAt;
    private readonly DiskFile _file;
    private readonly int _headerLength;
    private readonly HeaderScanner _scanner;
    private readonly FileDigest _digest = new();
    private Task _synced = Task.CompletedTask;
    private bool _isRefused;
    private bool _isIndexed;
    private bool _isReleased;

    public InstanceSink(InstanceStore store, in CStoreRequest request)
    {
        _store = store;
        _request = request;
        _sender = store.Sites.SenderOf(request.Peer.CallingAe, request.MoveOriginator);
        _name = store.Folders.NewName(out _receivedAt);
        _file = store.Disk.Create(store.Folders.PathOf(_name));
        var header = Part10Writer.Header(
            request.SopClassUid, request.SopInstanceUid, request.TransferSyntax.Uid, _sender.Origin,
            sending: _sender.Origin == request.Peer.CallingAe ? default : request.Peer.CallingAe);
        _headerLength = header.Length;
        _file.Write(header);
        _scanner = store.RentScanner(request.TransferSyntax);
        _digest.Append(header);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
    {
        // A data set that is refused already is only read to its end.
        if (_isRefused) return default;
        if (_scanner.Feed(fragment.Span) == ReadStatus.Failed)
        {
            _isRefused = true;
            return default;
        }

        _file.Write(fragment.Span);
        _digest.Append(fragment.Span);
        return default;
    }

    public ValueTask AbandonAsync()
    {
        Drop();
        return default;
    }

    public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
    {
        if (Judge() is { } refusal)
        {
            ArchiveLog.Refused(_store.Log, _store.NodeId, _request.Peer.CallingAe.ToString(), refusal.ToString());
            Drop();
            return refusal;
        }

        try
        {
            // Who sees the row may read the file.
            _file.Flush();
            // Both become durable at the same time. A crash that leaves one of them is seen by the next start, and nobody
            // was told of it. The thread of the association waits for its file, which takes longest: nobody is woken then.
            var syncsHere = _request.MayBlock;
            if (!syncsHere) _synced = _store.Sync.SyncAsync(_file);
            return await IndexAsync(syncsHere);
        }
        catch (IOException e)
        {
            // Once there is a row the file stays: the sender comes again, and finds the same bytes. So it does where there
            // may be one.
            _isIndexed |= e is StorageFaultException { Fault: StorageFault.Unresolved };
            ArchiveLog.StoreFailed(_store.Log, e, _store.NodeId);
            await EndDroppedAsync();
            return DimseStatus.OutOfResources;
        }
        catch
        {
            await EndDroppedAsync();
            throw;
        }
        finally
        {
            await EndAsync();
            Release();
        }
    }

    // PS3.4 B.2.3 with the texts of attacks A4, A5, A8 and A9: fixed ones, never a value of the data set.
    private DimseStatus? Judge()
    {
        if (_isRefused || _scanner.Complete(_file.Length - _headerLength) == ReadStatus.Failed)
        {
            return _scanner.Error.Reason == StructureErrorReason.InvalidUid
                ? DimseStatus.CannotUnderstand.With("A UID of the data set is not valid.")
                : DimseStatus.CannotUnderstand.With("The data set is not well-formed.");
        }

        if (_scanner.GetUid(Tag.SOPClassUID) != _request.SopClassUid)
            return DimseStatus.DataSetDoesNotMatchSopClass.With("SOP Class UID differs from the command.");
        if (_scanner.GetUid(Tag.SOPInstanceUID) != _request.SopInstanceUid)
            return DimseStatus.InvalidSopInstance.With("SOP Instance UID differs from the command.");
        if (_scanner.GetUid(Tag.StudyInstanceUID).IsEmpty || _scanner.GetUid(Tag.SeriesInstanceUID).IsEmpty)
            return DimseStatus.CannotUnderstand.With("Study or Series Instance UID is absent.");
        return null;
    }

    private async Task<DimseStatus> IndexAsync(bool syncsHere)
    {
        var actor = _request.Peer.CallingAe.ToString();
        long rowId;
        var turn = _store.Arrivals.BeginAsync(_request.SopInstanceUid);
        // Something has to be waited for anyway.
        if (!turn.IsCompleted) SyncHere(ref syncsHere);
        using (await turn)
        {
            await _store.TakeBackOwedAsync();
            // What a note hides could not be shown again, were its file lost.
            if (_store.SyncsFirst || _request.SopClassUid == SopClass.KeyObjectSelectionDocumentStorage)
            {
                SyncHere(ref syncsHere);
                await _synced;
            }

            var inserting = InsertAsync(actor, mayBlock: _request.MayBlock && !syncsHere);
            SyncHere(ref syncsHere);
            var (record, result) = await inserting;
            switch (result)
            {
                case InsertResult.Inserted inserted:
                    rowId = inserted.RowId;
                    _store.Arrivals.Saw(rowId);
                    await AwaitFileAsync(inserted);
                    _store.Transfers.Note(
                        record.Study.StudyInstanceUid, _request.SopInstanceUid, _request.Peer, _receivedAt);
                    _store.Rejections.Log(record, actor, inserted.Hidden);
                    break;
                case InsertResult.SameBytes:
                    await EndDroppedAsync();
                    return DimseStatus.Success;
                case InsertResult.Known known:
                    await _synced;
                    var settled = await _store.Duplicates.SettleAsync(record, known.Standing, _sender, actor);
                    _isIndexed = true;
                    foreach (var study in settled.Changed)
                        _store.Transfers.Note(study, _request.SopInstanceUid, _request.Peer, _receivedAt);
                    if (settled.IsTakenIn) _store.Rejections.Log(record, actor, settled.Hidden);
                    return settled.Status;
                case var other:
                    throw Invariant.Unreachable(other);
            }
        }

        await _store.MarkAsync(rowId);
        return DimseStatus.Success;
    }

    private async Task<(InstanceRecord Record, InsertResult Result)> InsertAsync(string actor, bool mayBlock)
    {
        var record = _store.Rejections.WithHiding(
            InstanceRecords.From(_scanner, _request.TransferSyntax.Uid, FileOf()), _store.Folders.PathOf(_name), actor);
        return (record, await _store.Index.InsertAsync(record, CancellationToken.None, mayBlock));
    }

    private void SyncHere(ref bool isLeft)
    {
        if (isLeft) _synced = _store.Sync.SyncHereAsync(_file);
        isLeft = false;
    }

    private async Task AwaitFileAsync(InsertResult.Inserted inserted)
    {
        try
        {
            await _synced;
            _isIndexed = true;
        }
        catch
        {
            await _store.TakeBackAsync(inserted, _name);
            throw;
        }
    }

    private async Task EndDroppedAsync()
    {
        await EndAsync();
        if (!_isIndexed) Drop();
    }

    // The file may not go while it is being synced, whatever comes of that.
    private ConfiguredTaskAwaitable EndAsync() => _synced.ConfigureAwait(
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private InstanceFile FileOf()
    {
        var (file, dataSet) = _digest.Finish();
        return new(_name, _file.Length, file, dataSet, _receivedAt, _sender.Origin);
    }

    private void Drop()
    {
        _store.Disk.TryUnlink(_store.Folders.PathOf(_name));
        Release();
    }

    private void Release()
    {
        if (_isReleased) return;
        _isReleased = true;
        _file.Dispose();
        _digest.Dispose();
        _store.Return(_scanner);
    }
}
