using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Archive.Web;

/// <summary>The instances of one request to store, on their way to the archive. A few of them wait for the disk while
/// the next arrives.</summary>
/// <param name="study">The study of the target resource, to which all belong; null: any.</param>
internal sealed class WebReception(
    ArchiveOptions options, ICStoreScp store, AssociationPeer peer, Uid? study, string baseUri)
{
    private static readonly HashSet<Uid> StorageClasses =
        [.. UidRegistry.StorageSopClasses(withRetired: true).Select(entry => entry.Uid)];

    private readonly HeaderScanner _scanner = new(Tag.StudyInstanceUID, Tag.SeriesInstanceUID);
    private readonly Queue<Task> _completions = [];
    private readonly Lock _gate = new();

    public StoreReport Report { get; } = new();

    /// <returns>False if there were more parts than may be.</returns>
    public async Task<bool> ReceiveAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        var parts = 0;
        while (await reader.NextPartAsync(cancellationToken) is { } headers)
        {
            if (++parts > Limits.WebStorePartsMax)
            {
                AddOther(DimseStatus.OutOfResourcesMatches);
                return false;
            }

            if (headers.ContentEncoding is not null
                || (headers.ContentType is { } type && type.Essence != WebMediaTypes.Dicom))
                AddOther(DimseStatus.CannotUnderstand);
            else
                await ReceivePartAsync(reader, cancellationToken);
        }

        return true;
    }

    /// <summary>Ends when each instance that arrived whole is durable or refused.</summary>
    public Task EndAsync() => Task.WhenAll(_completions);

    private async Task ReceivePartAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        var head = new FileHead();
        ReadOnlyMemory<byte> rest;
        while (true)
        {
            var bytes = await reader.ReadAsync(cancellationToken);
            if (head.TryTake(bytes.Span, bytes.IsEmpty, out rest, out var refusal)) break;
            if (refusal == FileHead.NeedMore) continue;
            // Cut off within its head it is no instance that could be named; the reader has its own refusal then.
            if (reader.Refusal is null) AddOther(DimseStatus.CannotUnderstand);
            return;
        }

        if (Judge(head) is { } wrong)
        {
            AddFailed(head, wrong);
            return;
        }

        var request = new CStoreRequest(
            peer, head.SopClassUid, head.SopInstanceUid, head.TransferSyntax!, DimsePriority.Medium, default, null);
        await ReceiveDataSetAsync(reader, head, request, rest, cancellationToken);
    }

    private DimseStatus? Judge(FileHead head)
    {
        if (head.SopInstanceUid.IsEmpty) return DimseStatus.CannotUnderstand;
        if (!StorageClasses.Contains(head.SopClassUid) && !options.FurtherStorageClasses.Contains(head.SopClassUid))
            return DimseStatus.SopClassNotSupported;
        // A deflated one would be inflated before anything of it could be checked.
        return head.TransferSyntax is null or { IsDeflated: true } ? StoreReport.TransferSyntaxNotSupported : null;
    }

    private async Task ReceiveDataSetAsync(
        MultipartReader reader,
        FileHead head,
        CStoreRequest request,
        ReadOnlyMemory<byte> first,
        CancellationToken cancellationToken)
    {
        IInstanceSink? sink = null;
        try
        {
            sink = store.BeginStore(request);
            _scanner.Reset(request.TransferSyntax);
            // The first piece may be empty: the head ended with what had arrived.
            var bytes = first.IsEmpty ? await reader.ReadAsync(cancellationToken) : first;
            while (!bytes.IsEmpty)
            {
                _scanner.Feed(bytes.Span);
                await sink.WriteAsync(bytes, cancellationToken);
                bytes = await reader.ReadAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException and not BadHttpRequestException)
        {
            if (sink is not null) await sink.AbandonAsync();
            AddFailed(head, DimseStatus.OutOfResources);
            return;
        }
        catch
        {
            if (sink is not null) await sink.AbandonAsync();
            throw;
        }

        if (reader.Refusal is not null)
        {
            await sink.AbandonAsync();
            AddFailed(head, DimseStatus.CannotUnderstand);
            return;
        }

        _scanner.Complete();
        if (study is not null && _scanner.GetUid(Tag.StudyInstanceUID) != study)
        {
            await sink.AbandonAsync();
            AddFailed(head, StoreReport.AnotherStudy);
            return;
        }

        var url = $"{baseUri}/studies/{_scanner.GetUid(Tag.StudyInstanceUID)}" +
            $"/series/{_scanner.GetUid(Tag.SeriesInstanceUID)}/instances/{head.SopInstanceUid}";
        if (_completions.Count == Limits.WebStoreWindow) await _completions.Dequeue();
        _completions.Enqueue(CompleteAsync(sink, head, url));
    }

    private async Task CompleteAsync(IInstanceSink sink, FileHead head, string url)
    {
        DimseStatus status;
        try
        {
            status = await sink.CompleteAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            status = DimseStatus.OutOfResources;
        }

        if (!status.IsSuccessOrWarning)
        {
            AddFailed(head, status);
            return;
        }

        lock (_gate) Report.AddStored(head.SopClassUid, head.SopInstanceUid, status, url);
    }

    private void AddFailed(FileHead head, DimseStatus status)
    {
        lock (_gate) Report.AddFailed(head.SopClassUid, head.SopInstanceUid, status);
    }

    private void AddOther(DimseStatus status)
    {
        lock (_gate) Report.AddOther(status);
    }
}
