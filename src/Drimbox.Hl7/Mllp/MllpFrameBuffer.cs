using System.Runtime.CompilerServices;
using Drimbox.Core;

[assembly: InternalsVisibleTo("Drimbox.Protocols.Tests")]

namespace Drimbox.Hl7.Mllp;

/// <summary>What the bytes received so far amount to.</summary>
internal enum MllpRead
{
    NeedMore,

    /// <summary>A whole frame.</summary>
    Frame,

    /// <summary>Bytes that no MLLP sender sends: the connection cannot go on.</summary>
    Violation,
}

/// <summary>
/// Cuts the byte stream of one connection into frames. Holds one frame at a time in one array, which grows up to the
/// cap and is given back after a large frame. Source: HL7 v2 transport "Minimal Lower Layer Protocol", release 1:
/// a block is 0B, data, 1C 0D; data hold neither 0B nor 1C.
/// </summary>
internal sealed class MllpFrameBuffer(int frameBytesMax)
{
    public const byte StartBlock = 0x0B;
    public const byte EndBlock = 0x1C;
    private const byte CarriageReturn = 0x0D;
    private const int FirstSize = 16 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _scanned;

    /// <summary>True between the start of a block and its end.</summary>
    public bool InFrame { get; private set; }

    /// <summary>True if bytes wait that are not a whole frame.</summary>
    public bool HasRest => InFrame || _end > _start;

    /// <summary>True if the next bytes need an array over <see cref="Limits.MllpSmallFrameBytes"/>.</summary>
    public bool WantsLargeArray =>
        _end == _buffer.Length && _start == 0 && NextSize() > Limits.MllpSmallFrameBytes
        && _buffer.Length <= Limits.MllpSmallFrameBytes;

    public bool HasLargeArray => _buffer.Length > Limits.MllpSmallFrameBytes;

    /// <summary>What was received of a block that cannot be completed.</summary>
    public ReadOnlyMemory<byte> Beginning => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Where the next bytes go; never empty. Ends the life of the frame read last.</summary>
    public Memory<byte> Writable()
    {
        if (_start == _end) Rewind();
        if (_end == _buffer.Length && _start > 0) Move(_buffer);
        if (_end == _buffer.Length) Move(GC.AllocateUninitializedArray<byte>(NextSize()));
        return _buffer.AsMemory(_end);
    }

    /// <summary>Takes over <paramref name="count"/> bytes written into <see cref="Writable"/>.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>The next frame, if one is whole.</summary>
    /// <param name="frame">Its data, valid until <see cref="Writable"/> is called.</param>
    public MllpRead TryRead(out ReadOnlyMemory<byte> frame, out Refusal? refusal)
    {
        frame = default;
        refusal = null;
        if (!InFrame && !TryEnter(out refusal)) return refusal is null ? MllpRead.NeedMore : MllpRead.Violation;

        var at = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny(EndBlock, StartBlock);
        _scanned = at < 0 ? _end : _scanned + at;
        if (_scanned - _start > frameBytesMax)
            return Violation(RefusalReason.OverLimit, $"A frame longer than {frameBytesMax} bytes.", out refusal);
        if (at < 0) return MllpRead.NeedMore;
        if (_buffer[_scanned] == StartBlock)
            return Violation(RefusalReason.Malformed, "A start of block inside a block.", out refusal);
        if (_scanned + 1 == _end) return MllpRead.NeedMore;
        if (_buffer[_scanned + 1] != CarriageReturn)
            return Violation(RefusalReason.Malformed, "An end of block without its carriage return.", out refusal);

        frame = _buffer.AsMemory(_start, _scanned - _start);
        _start = _scanned + 2;
        InFrame = false;
        return MllpRead.Frame;
    }

    // Bytes between blocks are skipped up to the next start of block; line ends there are harmless, others are few.
    private bool TryEnter(out Refusal? refusal)
    {
        refusal = null;
        var waiting = _buffer.AsSpan(_start, _end - _start);
        var at = waiting.IndexOf(StartBlock);
        if (at >= 0 && at <= Limits.MllpGarbageBytesMax)
        {
            _start += at + 1;
            _scanned = _start;
            InFrame = true;
            return true;
        }

        while (_start < _end && _buffer[_start] is CarriageReturn or (byte)'\n') _start++;
        waiting = _buffer.AsSpan(_start, _end - _start);
        if (waiting.Length > Limits.MllpGarbageBytesMax || waiting.Contains(EndBlock))
            Violation(RefusalReason.Malformed, "Bytes outside of a block.", out refusal);
        return false;
    }

    private static MllpRead Violation(RefusalReason reason, string detail, out Refusal refusal)
    {
        refusal = new Refusal(reason, detail);
        return MllpRead.Violation;
    }

    // The array never passes the cap by more than one block end: what is longer is refused, not held.
    private int NextSize() => _buffer.Length switch
    {
        < FirstSize => FirstSize,
        < Limits.MllpSmallFrameBytes => Math.Min(_buffer.Length * 8, Limits.MllpSmallFrameBytes),
        < 8 * Limits.MllpSmallFrameBytes when frameBytesMax >= 8 * Limits.MllpSmallFrameBytes =>
            8 * Limits.MllpSmallFrameBytes,
        _ => frameBytesMax + FirstSize,
    };

    private void Rewind()
    {
        if (HasLargeArray) _buffer = GC.AllocateUninitializedArray<byte>(FirstSize);
        _scanned = _start = _end = 0;
    }

    private void Move(byte[] target)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(target);
        _buffer = target;
        _scanned -= _start;
        _end -= _start;
        _start = 0;
    }
}
