using Drimbox.Core.Identity;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom.Dimse;

/// <summary>A SOP Instance to send: what it is, and where the bytes of its data set are. Opened only while it is
/// being sent.</summary>
public abstract class InstanceSource(Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid)
{
    public Uid SopClassUid { get; } = sopClassUid;

    public Uid SopInstanceUid { get; } = sopInstanceUid;

    public Uid TransferSyntaxUid { get; } = transferSyntaxUid;

    /// <exception cref="IOException">The instance cannot be read.</exception>
    public abstract InstanceContent Open();

    /// <summary>The data set of a Part 10 file: what follows its file meta information.</summary>
    /// <param name="offset">Where the data set starts, in bytes from the start of the file.</param>
    public static InstanceSource FromFile(
        string path, long offset, Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid) =>
        new FileInstance(path, offset, sopClassUid, sopInstanceUid, transferSyntaxUid);

    /// <summary>A data set that is encoded in memory.</summary>
    public static InstanceSource FromMemory(
        ReadOnlyMemory<byte> dataSet, Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid) =>
        new MemoryInstance(dataSet, sopClassUid, sopInstanceUid, transferSyntaxUid);

    private sealed class FileInstance(string path, long offset, Uid sopClass, Uid sopInstance, Uid transferSyntax)
        : InstanceSource(sopClass, sopInstance, transferSyntax)
    {
        public override InstanceContent Open() => new FileContent(path, offset);
    }

    private sealed class FileContent : InstanceContent
    {
        private readonly SafeFileHandle _file;
        private long _position;

        public FileContent(string path, long offset)
        {
            _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            _position = offset;
            Length = RandomAccess.GetLength(_file) - offset;
        }

        public override int Read(Span<byte> destination)
        {
            var count = RandomAccess.Read(_file, destination, _position);
            _position += count;
            return count;
        }

        public override void Dispose() => _file.Dispose();
    }

    private sealed class MemoryInstance(ReadOnlyMemory<byte> dataSet, Uid sopClass, Uid sopInstance, Uid transferSyntax)
        : InstanceSource(sopClass, sopInstance, transferSyntax)
    {
        public override InstanceContent Open() => new MemoryContent(dataSet);
    }
}

/// <summary>The bytes of a data set, read once from first to last. Reads are of local files or of memory, so they do
/// not wait for a peer and need no asynchronous form.</summary>
public abstract class InstanceContent : IDisposable
{
    /// <summary>Bytes of the whole data set; even (PS3.5 7.1).</summary>
    public long Length { get; protected init; }

    /// <returns>At least 1, or 0 at the end.</returns>
    public abstract int Read(Span<byte> destination);

    public abstract void Dispose();
}

internal sealed class MemoryContent : InstanceContent
{
    private ReadOnlyMemory<byte> _rest;

    public MemoryContent(ReadOnlyMemory<byte> dataSet)
    {
        _rest = dataSet;
        Length = dataSet.Length;
    }

    public override int Read(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, _rest.Length);
        _rest.Span[..count].CopyTo(destination);
        _rest = _rest[count..];
        return count;
    }

    public override void Dispose()
    {
    }
}
