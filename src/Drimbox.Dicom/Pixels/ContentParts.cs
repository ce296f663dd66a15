using System.Buffers;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom.Pixels;

/// <summary>A piece of an encoded data set, read once from first to last.</summary>
internal abstract class ContentPart : IDisposable
{
    internal abstract long Length { get; }

    /// <returns>At least 1, or 0 at the end.</returns>
    internal abstract int Read(Span<byte> destination);

    public abstract void Dispose();
}

/// <summary>An encoded data set in pieces: what the writer made is in memory, long values are still where they were,
/// and frames are converted when their turn comes.</summary>
internal sealed class ContentParts : IBufferWriter<byte>
{
    private const int ChunkBytes = 4 * 1024;

    // A shorter value in memory is copied; a longer one is a part of its own.
    private const int ReferenceBytesMin = 4 * 1024;

    private readonly List<ContentPart> _parts = [];
    private byte[] _chunk = [];
    private int _start;
    private int _used;

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_chunk.Length - _used < Math.Max(sizeHint, 1))
        {
            EndPart();
            _chunk = new byte[Math.Max(sizeHint, ChunkBytes)];
            _start = _used = 0;
        }

        return _chunk.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    internal void Add(ContentPart part)
    {
        EndPart();
        _parts.Add(part);
    }

    /// <summary>Takes a value by reference where that is better than a copy.</summary>
    internal bool TryRefer(in DataElement element, int swappedWordSize)
    {
        if (element.Range is { } range) Add(new RangePart(range, swappedWordSize));
        else if (swappedWordSize == 1 && element.Length >= ReferenceBytesMin) Add(new MemoryPart(element.Value));
        else return false;
        return true;
    }

    internal InstanceContent ToContent()
    {
        EndPart();
        return new Content(_parts);
    }

    private void EndPart()
    {
        if (_used > _start) _parts.Add(new MemoryPart(_chunk.AsMemory(_start, _used - _start)));
        _start = _used;
    }

    private sealed class Content : InstanceContent
    {
        private readonly List<ContentPart> _parts;
        private int _next;

        internal Content(List<ContentPart> parts)
        {
            _parts = parts;
            Length = parts.Sum(p => p.Length);
        }

        public override int Read(Span<byte> destination)
        {
            while (_next < _parts.Count)
            {
                var count = _parts[_next].Read(destination);
                if (count > 0) return count;
                _parts[_next++].Dispose();
            }

            return 0;
        }

        public override void Dispose()
        {
            foreach (var part in _parts) part.Dispose();
        }
    }

    private sealed class MemoryPart(ReadOnlyMemory<byte> bytes) : ContentPart
    {
        private int _position;

        internal override long Length => bytes.Length;

        internal override int Read(Span<byte> destination)
        {
            var count = Math.Min(destination.Length, bytes.Length - _position);
            bytes.Span.Slice(_position, count).CopyTo(destination);
            _position += count;
            return count;
        }

        public override void Dispose()
        {
        }
    }

    private sealed class RangePart(FileRange range, int swappedWordSize) : ContentPart
    {
        // Whole words are swapped, and a caller may ask for less than one.
        private const int SwapBytes = 64 * 1024;

        private SafeFileHandle? _file;
        private byte[]? _swapped;
        private int _swappedStart;
        private int _swappedEnd;
        private long _position;

        internal override long Length => range.Length;

        internal override int Read(Span<byte> destination)
        {
            _file ??= range.Open();
            if (swappedWordSize > 1) return ReadSwapped(destination);
            var count = (int)Math.Min(destination.Length, range.Length - _position);
            range.Read(_file, _position, destination[..count]);
            _position += count;
            return count;
        }

        public override void Dispose()
        {
            _file?.Dispose();
            if (_swapped is not null) ArrayPool<byte>.Shared.Return(_swapped);
            _swapped = null;
            _swappedStart = _swappedEnd = 0;
            _position = range.Length;
        }

        private int ReadSwapped(Span<byte> destination)
        {
            if (_swappedStart == _swappedEnd)
            {
                _swapped ??= ArrayPool<byte>.Shared.Rent(SwapBytes);
                _swappedStart = 0;
                _swappedEnd = (int)Math.Min(SwapBytes, range.Length - _position);
                range.Read(_file!, _position, _swapped.AsSpan(0, _swappedEnd));
                _position += _swappedEnd;
                DataSetReader.Swap(_swapped.AsSpan(0, _swappedEnd), swappedWordSize);
            }

            var count = Math.Min(destination.Length, _swappedEnd - _swappedStart);
            _swapped.AsSpan(_swappedStart, count).CopyTo(destination);
            _swappedStart += count;
            return count;
        }
    }
}

/// <summary>Frames that are converted one after the other; one of them is in memory at a time.</summary>
internal abstract class FramesPart(PixelFrames frames, PixelLayout layout, int frameBytesMax) : ContentPart
{
    private byte[]? _source;
    private byte[]? _target = ArrayPool<byte>.Shared.Rent(frameBytesMax);
    private int _made = -1;
    private int _length;
    private int _next;
    private int _position;

    protected PixelLayout Layout => layout;

    protected PixelFrames Frames => frames;

    internal override int Read(Span<byte> destination)
    {
        Invariant.Holds(_target is not null);
        if (_next < frames.Count && (_made != _next || _position == _length))
        {
            if (_made == _next) _next++;
            if (_next == frames.Count) return 0;
            Make(_next);
            _position = 0;
        }

        if (_next == frames.Count) return 0;
        var count = Math.Min(destination.Length, _length - _position);
        _target.AsSpan(_position, count).CopyTo(destination);
        _position += count;
        return count;
    }

    public override void Dispose()
    {
        if (_source is not null) ArrayPool<byte>.Shared.Return(_source);
        if (_target is not null) ArrayPool<byte>.Shared.Return(_target);
        _source = _target = null;
    }

    /// <summary>Makes one frame, which stays until another one is made.</summary>
    /// <returns>Its length in bytes.</returns>
    /// <exception cref="InvalidDataException">The frame is not what its encoding says.</exception>
    protected int Make(int frame)
    {
        if (_made == frame) return _length;
        var length = (int)frames.LengthOf(frame);
        if (_source is null || _source.Length < length)
        {
            if (_source is not null) ArrayPool<byte>.Shared.Return(_source);
            _source = ArrayPool<byte>.Shared.Rent(length);
        }

        frames.Read(frame, _source);
        _made = -1;
        _length = Convert(frame, _source.AsSpan(0, length), _target);
        _made = frame;
        return _length;
    }

    /// <returns>Bytes written.</returns>
    protected abstract int Convert(int frame, ReadOnlySpan<byte> source, Span<byte> target);
}
