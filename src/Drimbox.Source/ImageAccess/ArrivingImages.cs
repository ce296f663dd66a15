using System.Globalization;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Source.ImageAccess;

/// <summary>Storage SCP of the images that the source asked for. Each goes to the retrieval of the study and series that its
/// own data set names: what the PACS meant it for does not count, so that images of two requests cannot be mixed.</summary>
internal sealed class ArrivingImages(ImageRetrievals retrievals, string folder) : ICStoreScp
{
    private long _next;

    public IInstanceSink BeginStore(in CStoreRequest request)
    {
        var number = Interlocked.Increment(ref _next).ToString(CultureInfo.InvariantCulture);
        return new Sink(retrievals, request, Disk.Real.Create(Path.Combine(folder, $"arriving-{number}.dcm")));
    }

    private sealed class Sink : IInstanceSink
    {
        private readonly ImageRetrievals _retrievals;
        private readonly CStoreRequest _request;
        private readonly DiskFile _file;
        private readonly int _headerLength;
        private ImageRetrieval? _waiting;
        private bool _isHeaderRead;
        private readonly HeaderScanner _scanner = new(
            Tag.SOPClassUID, Tag.SOPInstanceUID, Tag.Modality, Tag.StudyInstanceUID, Tag.SeriesInstanceUID);

        public Sink(ImageRetrievals retrievals, in CStoreRequest request, DiskFile file)
        {
            (_retrievals, _request, _file) = (retrievals, request, file);
            _scanner.Reset(request.TransferSyntax);
            var header = Part10Writer.Header(
                request.SopClassUid, request.SopInstanceUid, request.TransferSyntax.Uid, request.Peer.CallingAe);
            _headerLength = header.Length;
            try
            {
                file.Write(header);
            }
            catch (StorageFaultException)
            {
                Drop();
                throw;
            }
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            _scanner.Feed(fragment.Span);
            _file.Write(fragment.Span);
            if (!_isHeaderRead && _scanner.Status == ReadStatus.Done)
                (_isHeaderRead, _waiting) = (true, Find());
            // A large image takes long: its PACS does not hang while bytes of it come.
            _waiting?.Progressed();
            return default;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            try
            {
                var status = Complete();
                if (status != DimseStatus.Success) Drop();
                return new ValueTask<DimseStatus>(status);
            }
            catch (StorageFaultException)
            {
                Drop();
                throw;
            }
        }

        public ValueTask AbandonAsync()
        {
            Drop();
            return default;
        }

        // Not synced: after a crash nobody waits for it, and the PACS has it still.
        private DimseStatus Complete()
        {
            if (ArrivedDataSet.Refuse(_scanner, _request, _file.Length - _headerLength) is { } refusal) return refusal;
            if (Find() is not { } retrieval)
                return DimseStatus.NotAuthorized.With("This series was not asked for.");
            _file.Flush();
            _file.Dispose();
            // In the folder of its retrieval, which goes as a whole; one that went meanwhile is a failure of this image.
            var path = Path.Combine(retrieval.Folder, Path.GetFileName(_file.Path));
            Disk.Real.Rename(_file.Path, path);
            var isNew = retrieval.Add(new ArrivedImage(
                path, _request.SopClassUid, _request.SopInstanceUid, _request.TransferSyntax.Uid,
                _scanner.GetString(Tag.Modality), _file.Length));
            if (!isNew) Disk.Real.TryUnlink(path);
            return DimseStatus.Success;
        }

        private ImageRetrieval? Find() => _retrievals.Find(
            new RetrievalKey(_scanner.GetUid(Tag.StudyInstanceUID), _scanner.GetUid(Tag.SeriesInstanceUID)),
            _request.MoveOriginatorMessageId);

        private void Drop()
        {
            _file.Dispose();
            Disk.Real.TryUnlink(_file.Path);
        }
    }
}

/// <summary>What comes to the source by C-STORE: notes of rejection, and the images that it asked for. A key object document
/// is a note unless it is part of a C-MOVE (PS3.7 9.1.1.1.8).</summary>
internal sealed class SourceStore(ICStoreScp notes, ICStoreScp? images) : ICStoreScp
{
    public IInstanceSink BeginStore(in CStoreRequest request) =>
        images is null
        || (request.SopClassUid == SopClass.KeyObjectSelectionDocumentStorage && request.MoveOriginator.IsEmpty)
            ? notes.BeginStore(request)
            : images.BeginStore(request);
}
