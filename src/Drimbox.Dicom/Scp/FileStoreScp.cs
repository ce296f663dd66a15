using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
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
        private readonly ReadOnlyMemory<byte>[] _pieces = new ReadOnlyMemory<byte>[2];
        private SafeFileHandle? _file;
        private byte[]? _carry;
        private int _carried;
        private long _written;
        private long _given;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            if (_file is null)
            {
                Open(ForeseenLength.Of(fragment.Span, syntax));
                // The header goes out with the first fragment, by one system call.
                Write(header, fragment);
            }
            else
            {
                Write(_carry.AsMemory(0, _carried), fragment);
            }

            return default;
        }

        public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            try
            {
                Finish();
            }
            catch (IOException)
            {
                await AbandonAsync();
                throw;
            }

            stored?.Invoke(path);
            return DimseStatus.Success;
        }

        public void Answered() => Close();

        public ValueTask AbandonAsync()
        {
            if (_file is null) return default;
            Close();
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

        private void Finish()
        {
            if (_file is null)
            {
                // A data set without an element brings no fragment.
                Open(0);
                WriteToEnd(header, default);
            }

            if (_carried > 0) WriteToEnd(_carry.AsMemory(0, _carried), default);
            // What it claimed and did not send goes back.
            if (_given > _written) RandomAccess.SetLength(_file, _written);
        }

        // The page cache takes what begins and ends where its large pieces do at two thirds of the processor time, so the
        // bytes after the last such place wait for the next fragment. Not those of a short instance, nor the last ones.
        private void Write(ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> fragment)
        {
            var end = _written + before.Length + fragment.Length;
            var place = _given <= end ? end : end / Limits.FileWriteAlignment * Limits.FileWriteAlignment;
            var tail = (int)(end - place);
            if (tail == 0)
            {
                WriteToEnd(before, fragment);
                return;
            }

            _carry ??= ArrayPool<byte>.Shared.Rent(Limits.FileWriteAlignment);
            if (tail > fragment.Length)
            {
                // Small fragments: nothing to write yet.
                before.CopyTo(_carry);
                fragment.CopyTo(_carry.AsMemory(before.Length));
            }
            else
            {
                WriteToEnd(before, fragment[..^tail]);
                fragment[^tail..].CopyTo(_carry);
            }

            _carried = tail;
        }

        private void WriteToEnd(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second)
        {
            (_pieces[0], _pieces[1]) = (first, second);
            RandomAccess.Write(_file!, _pieces, _written);
            _written += first.Length + second.Length;
            _carried = 0;
        }

        private void Close()
        {
            _file?.Dispose();
            if (_carry is not null) ArrayPool<byte>.Shared.Return(_carry);
            _carry = null;
        }

        [MemberNotNull(nameof(_file))]
        private void Open(long foreseen)
        {
            _given = foreseen == 0 ? 0 : foreseen + header.Length;
            _file = Create(path, _given);
        }
    }
}
