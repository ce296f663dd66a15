using System.Diagnostics.CodeAnalysis;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom.Scp;

/// <summary>
/// A storage SCP that writes each instance to a file of its own, <c>SOP Instance UID.dcm</c>, as the command line does
/// for what it receives. The data set goes to the file as it arrives, byte for byte. An instance that comes again
/// replaces its file. Not durable: a response says that the file system has the bytes, not that the disk has them;
/// that is what an archive is for.
/// </summary>
/// <param name="folder">An existing folder.</param>
/// <param name="stored">Called with the path of each file that is complete; may be called by several associations at
/// once.</param>
public sealed class FileStoreScp(string folder, Action<string>? stored = null) : ICStoreScp
{
    public IInstanceSink BeginStore(in CStoreRequest request)
    {
        // Attack A8: a Uid holds digits and dots alone, never two dots in a row, so it is safe as a name.
        var path = Path.Combine(folder, request.SopInstanceUid + ".dcm");
        return new Sink(
            path, request.TransferSyntax, stored,
            Part10Writer.Header(
                request.SopClassUid, request.SopInstanceUid, request.TransferSyntax.Uid, request.Peer.CallingAe));
    }

    // Always a new file: one that is truncated is written back by ext4 when it is closed (auto_da_alloc), a quarter of
    // the processor time of a receiver, and who is reading the former one keeps it whole.
    private static SafeFileHandle Create(string path, long length)
    {
        try
        {
            return CreateNew(path, length);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(path);
            return CreateNew(path, length);
        }
    }

    private static SafeFileHandle CreateNew(string path, long length) => File.OpenHandle(
        path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, FileOptions.None, length);

    private sealed class Sink(string path, TransferSyntax syntax, Action<string>? stored, byte[] header) : IInstanceSink
    {
        private SafeFileHandle? _file;
        private long _length;
        private long _given;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            if (_file is null)
            {
                Open(ForeseenLength.Of(fragment.Span, syntax));
                // The header goes out with the first fragment, by one system call.
                RandomAccess.Write(_file, [header, fragment], 0);
                _length = header.Length;
            }
            else
            {
                RandomAccess.Write(_file, fragment.Span, _length);
            }

            _length += fragment.Length;
            return default;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            if (_file is null)
            {
                // A data set without an element brings no fragment.
                Open(0);
                RandomAccess.Write(_file, header, 0);
            }
            else if (_given > _length)
            {
                // What it claimed and did not send goes back.
                RandomAccess.SetLength(_file, _length);
            }

            _file.Dispose();
            stored?.Invoke(path);
            return new ValueTask<DimseStatus>(DimseStatus.Success);
        }

        public ValueTask AbandonAsync()
        {
            if (_file is null) return default;
            _file.Dispose();
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What is left behind is cut short, and its owner sees it: there is nobody else to tell.
            }

            return default;
        }

        [MemberNotNull(nameof(_file))]
        private void Open(long foreseen)
        {
            _given = foreseen == 0 ? 0 : foreseen + header.Length;
            _file = Create(path, _given);
        }
    }
}
