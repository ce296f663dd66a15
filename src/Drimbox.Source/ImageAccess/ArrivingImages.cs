using System.Buffers;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Source.ImageAccess;

/// <summary>Storage SCP of the images that the source asked for. Each goes to the retrieval of the study and series that its
/// own data set names, as soon as it has named them: what the PACS meant it for does not count, so that images of two
/// requests cannot be mixed.</summary>
internal sealed class ArrivingImages(ImageRetrievals retrievals, Disk disk, string folder) : ICStoreScp
{
    private long _begun;

    public IInstanceSink BeginStore(in CStoreRequest request) => new Sink(this, request);

    private SpoolFile Begin()
    {
        var number = Interlocked.Increment(ref _begun).ToString(CultureInfo.InvariantCulture);
        return new SpoolFile(disk, Path.Combine(folder, $"arriving-{number}.spool"));
    }

    private void Remove(SpoolFile file)
    {
        file.Dispose();
        disk.TryUnlink(file.Path);
    }

    private ImageRetrieval? Find(HeaderScanner scanner, ushort? move) => retrievals.Find(
        new RetrievalKey(scanner.GetUid(Tag.StudyInstanceUID), scanner.GetUid(Tag.SeriesInstanceUID)), move);

    private sealed class Sink : IInstanceSink
    {
        private readonly ArrivingImages _images;
        private readonly CStoreRequest _request;
        private readonly HeaderScanner _scanner = new(
            Tag.SOPClassUID, Tag.SOPInstanceUID, Tag.Modality, Tag.StudyInstanceUID, Tag.SeriesInstanceUID);

        private ImageRetrieval? _waiting;
        private bool _isUnwanted;
        private SpoolFile? _file;
        private ArrayBufferWriter<byte>? _held;
        private long _length;

        public Sink(ArrivingImages images, in CStoreRequest request)
        {
            (_images, _request) = (images, request);
            _scanner.Reset(request.TransferSyntax);
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            _scanner.Feed(fragment.Span);
            _length += fragment.Length;
            if (_waiting is null && !_isUnwanted) Place();
            if (_isUnwanted) return default;
            // A large image takes long: its PACS does not hang while bytes of it come.
            _waiting?.Progressed();
            if (_file is not null) _file.Write(fragment.Span);
            else Hold(fragment.Span);
            return default;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            try
            {
                return new ValueTask<DimseStatus>(Complete());
            }
            finally
            {
                Leave();
            }
        }

        public ValueTask AbandonAsync()
        {
            Leave();
            return default;
        }

        // Nearly always at the first fragment.
        private void Place()
        {
            if (!_scanner.IsKept(Tag.StudyInstanceUID) || !_scanner.IsKept(Tag.SeriesInstanceUID)) return;
            if (Find() is { } retrieval && retrieval.Spool.Take(_file) is { } file)
            {
                (_waiting, _file) = (retrieval, file);
                if (_held is not null) _file.Write(_held.WrittenSpan);
                _held = null;
                return;
            }

            // It is read to its end, and refused then.
            _isUnwanted = true;
            Leave();
        }

        private void Hold(ReadOnlySpan<byte> fragment)
        {
            _held ??= new ArrayBufferWriter<byte>();
            if (_held.WrittenCount + fragment.Length <= Limits.ImageHeldBytesMax)
            {
                _held.Write(fragment);
                return;
            }

            _file = _images.Begin();
            _file.Write(_held.WrittenSpan);
            _file.Write(fragment);
            _held = null;
        }

        private DimseStatus Complete()
        {
            if (ArrivedDataSet.Refuse(_scanner, _request, _length) is { } refusal) return refusal;
            // Whoever waited may be gone by now, and somebody else wait for the same series.
            if (_waiting is null || Find() != _waiting)
                return DimseStatus.NotAuthorized.With("This series was not asked for.");
            var (offset, length) = _file!.End();
            var isNew = _waiting.Add(new ArrivedImage(
                _file.Path, offset, length, _request.SopClassUid, _request.SopInstanceUid, _request.TransferSyntax.Uid,
                _scanner.GetString(Tag.Modality)));
            if (isNew) _file.Keep();
            return DimseStatus.Success;
        }

        private ImageRetrieval? Find() => _images.Find(_scanner, _request.MoveOriginatorMessageId);

        private void Leave()
        {
            _held = null;
            if (_file is not { } file) return;
            _file = null;
            // After Keep there is nothing to take back.
            file.TakeBack();
            if (_waiting is not null)
            {
                _waiting.Spool.GiveBack(file);
                return;
            }

            _images.Remove(file);
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
