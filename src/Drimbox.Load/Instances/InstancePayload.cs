using Drimbox.Dicom.Dimse;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Load.Instances;

/// <summary>The bytes of a data set from Pixel Data on, shared by every instance of a template.</summary>
public abstract class InstancePayload
{
    public abstract long Length { get; }

    public abstract InstanceContent Open();

    public static InstancePayload InMemory(ReadOnlyMemory<byte> bytes) => new MemoryPayload(bytes);

    /// <summary>The end of a file, read anew by each instance.</summary>
    public static InstancePayload FromFile(string path, long offset, long length) =>
        new FilePayload(path, offset, length);

    private sealed class MemoryPayload(ReadOnlyMemory<byte> bytes) : InstancePayload
    {
        public override long Length => bytes.Length;

        public override InstanceContent Open() => new MemoryReading(bytes);
    }

    private sealed class MemoryReading : InstanceContent
    {
        private ReadOnlyMemory<byte> _rest;

        public MemoryReading(ReadOnlyMemory<byte> bytes)
        {
            _rest = bytes;
            Length = bytes.Length;
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

    private sealed class FilePayload(string path, long offset, long length) : InstancePayload
    {
        public override long Length => length;

        public override InstanceContent Open() => new FileReading(path, offset, length);
    }

    private sealed class FileReading : InstanceContent
    {
        private readonly SafeFileHandle _file;
        private long _position;

        public FileReading(string path, long offset, long length)
        {
            _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            _position = offset;
            Length = length;
        }

        public override int Read(Span<byte> destination)
        {
            var count = RandomAccess.Read(_file, destination, _position);
            _position += count;
            return count;
        }

        public override void Dispose() => _file.Dispose();
    }
}
