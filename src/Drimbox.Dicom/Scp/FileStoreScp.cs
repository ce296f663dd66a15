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
            path, Create(path), stored,
            Part10Writer.Header(
                request.SopClassUid, request.SopInstanceUid, request.TransferSyntax.Uid, request.Peer.CallingAe));
    }

    // Always a new file: one that is truncated is written back by ext4 when it is closed (auto_da_alloc), a quarter of
    // the processor time of a receiver, and who is reading the former one keeps it whole.
    private static SafeFileHandle Create(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(path);
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
    }

    private sealed class Sink(string path, SafeFileHandle file, Action<string>? stored, byte[] header) : IInstanceSink
    {
        // The header goes out with the first fragment, by one system call.
        private readonly ReadOnlyMemory<byte>[] _first = [header, default];
        private long _length;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            if (_length == 0)
            {
                _first[1] = fragment;
                RandomAccess.Write(file, _first, 0);
                _length = header.Length;
            }
            else
            {
                RandomAccess.Write(file, fragment.Span, _length);
            }

            _length += fragment.Length;
            return default;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            if (_length == 0) WriteHeaderAlone();
            file.Dispose();
            stored?.Invoke(path);
            return new ValueTask<DimseStatus>(DimseStatus.Success);
        }

        public ValueTask AbandonAsync()
        {
            file.Dispose();
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

        // A data set without an element brings no fragment.
        private void WriteHeaderAlone() => RandomAccess.Write(file, header, 0);
    }
}
