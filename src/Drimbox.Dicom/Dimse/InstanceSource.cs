using System.Buffers.Binary;
using Drimbox.Core.Identity;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom.Dimse;

/// <summary>What must be negotiated for an instance to be sent as it is.</summary>
public readonly record struct InstanceKind(Uid SopClassUid, Uid TransferSyntaxUid);

/// <summary>A SOP Instance to send: what it is, and where the bytes of its data set are. Opened only while it is
/// being sent.</summary>
public abstract class InstanceSource(Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid)
{
    public Uid SopClassUid { get; } = sopClassUid;

    public Uid SopInstanceUid { get; } = sopInstanceUid;

    public Uid TransferSyntaxUid { get; } = transferSyntaxUid;

    public InstanceKind Kind => new(SopClassUid, TransferSyntaxUid);

    /// <summary>The same instance in other transfer syntaxes, which are sent where its own was not accepted.</summary>
    public IReadOnlyList<InstanceSource> Renditions { get; init; } = [];

    /// <exception cref="IOException">The instance cannot be read.</exception>
    public abstract InstanceContent Open();

    /// <summary>Reads the data set instead of sending it; long values of a file stay there.</summary>
    /// <exception cref="IOException">The instance cannot be read.</exception>
    internal virtual DataSetReader Read(TransferSyntax syntax)
    {
        using var content = Open();
        return DataSetReader.ReadStream(new ContentStream(content), syntax);
    }

    /// <summary>The data set of a Part 10 file: what follows its file meta information.</summary>
    /// <param name="offset">Where the data set starts, in bytes from the start of the file.</param>
    public static InstanceSource FromFile(
        string path, long offset, Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid) =>
        new FileInstance(path, offset, null, sopClassUid, sopInstanceUid, transferSyntaxUid);

    /// <summary>A data set that is a part of a file.</summary>
    /// <param name="offset">Where it starts, in bytes from the start of the file.</param>
    /// <param name="length">Bytes of it.</param>
    public static InstanceSource FromFile(
        string path, long offset, long length, Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid) =>
        new FileInstance(path, offset, length, sopClassUid, sopInstanceUid, transferSyntaxUid);

    /// <summary>The data set of a Part 10 file whose file meta information is found when it is opened.</summary>
    public static InstanceSource FromPart10File(
        string path,
        Uid sopClassUid,
        Uid sopInstanceUid,
        Uid transferSyntaxUid,
        IReadOnlyList<InstanceSource>? renditions = null) =>
        new FileInstance(path, null, null, sopClassUid, sopInstanceUid, transferSyntaxUid) { Renditions = renditions ?? [] };

    /// <summary>A data set that is encoded in memory.</summary>
    public static InstanceSource FromMemory(
        ReadOnlyMemory<byte> dataSet, Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid) =>
        new MemoryInstance(dataSet, sopClassUid, sopInstanceUid, transferSyntaxUid);

    private sealed class FileInstance(
        string path, long? offset, long? length, Uid sopClass, Uid sopInstance, Uid transferSyntax)
        : InstanceSource(sopClass, sopInstance, transferSyntax)
    {
        public override InstanceContent Open() => new FileContent(path, offset, length);

        internal override DataSetReader Read(TransferSyntax syntax)
        {
            if (offset is { } known) return DataSetReader.ReadFile(path, known, syntax, length: length);
            using var file = File.OpenHandle(path);
            return DataSetReader.ReadFile(path, FileContent.DataSetOffset(file), syntax);
        }
    }

    private sealed class FileContent : InstanceContent
    {
        private readonly SafeFileHandle _file;
        private readonly long _end;
        private long _position;

        public FileContent(string path, long? knownOffset, long? knownLength)
        {
            _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            try
            {
                _position = knownOffset ?? DataSetOffset(_file);
                Length = knownLength ?? RandomAccess.GetLength(_file) - _position;
                _end = _position + Length;
            }
            catch
            {
                _file.Dispose();
                throw;
            }
        }

        public override int Read(Span<byte> destination)
        {
            var wanted = (int)Math.Min(destination.Length, _end - _position);
            var count = RandomAccess.Read(_file, destination[..wanted], _position);
            _position += count;
            return count;
        }

        public override void Dispose() => _file.Dispose();

        // PS3.10 7.1: preamble (128), DICM (4), then (0002,0000) UL 4, whose value is the length of the rest of the
        // file meta information.
        internal static long DataSetOffset(SafeFileHandle file)
        {
            Span<byte> head = stackalloc byte[144];
            if (RandomAccess.Read(file, head, 0) < head.Length
                || !head[128..140].SequenceEqual("DICM\x02\0\0\0UL\x04\0"u8))
                throw new InvalidDataException("Not a DICOM file with a group length (PS3.10 7.1).");
            return head.Length + BinaryPrimitives.ReadUInt32LittleEndian(head[140..]);
        }
    }

    private sealed class MemoryInstance(ReadOnlyMemory<byte> dataSet, Uid sopClass, Uid sopInstance, Uid transferSyntax)
        : InstanceSource(sopClass, sopInstance, transferSyntax)
    {
        public override InstanceContent Open() => new MemoryContent(dataSet);

        internal override DataSetReader Read(TransferSyntax syntax) => DataSetReader.ReadMemory(dataSet, syntax);
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

    /// <summary>Passes over the next bytes if they lie in memory, so that they are sent without a copy. They stay as
    /// they are until <see cref="Dispose"/>.</summary>
    /// <returns>At most <paramref name="count"/> bytes; none if they have to be read.</returns>
    public virtual ReadOnlyMemory<byte> Take(int count) => default;

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

    public override ReadOnlyMemory<byte> Take(int count)
    {
        var taken = _rest[..Math.Min(count, _rest.Length)];
        _rest = _rest[taken.Length..];
        return taken;
    }

    public override void Dispose()
    {
    }
}
