using System.Buffers;
using System.Runtime.InteropServices;
using Drimbox.Core;

namespace Drimbox.Dicom.Dimse;

/// <summary>What one system call is to send: PDU headers and what had to be read, in a buffer of our own, and between
/// them bytes that are sent from where they lie. Reused for every message of an association, under its send lock.
/// </summary>
/// <param name="canGather">Without it everything is copied into the buffer, and so is one piece.</param>
internal sealed class GatheredSend(bool canGather)
{
    // man 2 sendmsg: IOV_MAX is 1,024; a peer with PDUs of 16 KiB has two pieces for each.
    private const int PiecesMax = 128;

    // A shorter piece costs less to copy than to point to.
    private const int TakeMin = 2 * 1024;

    private readonly List<ArraySegment<byte>> _pieces = new(PiecesMax);
    private byte[] _buffer = [];
    private int _filled;
    private int _pieceStart;
    private long _length;

    /// <summary>Where the next headers go.</summary>
    public Span<byte> Free => _buffer.AsSpan(_filled);

    /// <summary>Everything that was added, in order.</summary>
    public IList<ArraySegment<byte>> Pieces
    {
        get
        {
            ClosePiece();
            return _pieces;
        }
    }

    public void Begin()
    {
        _buffer = ArrayPool<byte>.Shared.Rent(Limits.SendBufferBytes);
        Clear();
    }

    public void End()
    {
        _pieces.Clear();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>What was added has been sent.</summary>
    public void Clear()
    {
        _pieces.Clear();
        _filled = _pieceStart = 0;
        _length = 0;
    }

    public bool HasRoomFor(int count) =>
        _buffer.Length - _filled >= count && _pieces.Count + 2 < PiecesMax && _length < Limits.SendGatherBytes;

    /// <summary>Takes over what was written to <see cref="Free"/>.</summary>
    public void Commit(int count)
    {
        _filled += count;
        _length += count;
    }

    /// <summary>Adds the next bytes of the content.</summary>
    /// <returns>How many, at most <paramref name="count"/>; 0 if what there is must be sent first.</returns>
    /// <exception cref="EndOfStreamException">The content ended before its length.</exception>
    public int Add(InstanceContent content, int count)
    {
        if (!HasRoomFor(1)) return 0;
        if (canGather && count >= TakeMin && content.Take(count) is { IsEmpty: false } taken)
        {
            if (taken.Length < TakeMin && Free.Length >= taken.Length)
            {
                taken.Span.CopyTo(Free);
                Commit(taken.Length);
                return taken.Length;
            }

            // Memory of another kind than an array (a mapped file, say) has no place in a list of segments.
            if (!MemoryMarshal.TryGetArray(taken, out var piece)) piece = taken.ToArray();
            ClosePiece();
            _pieces.Add(piece);
            _length += taken.Length;
            return taken.Length;
        }

        var read = content.Read(_buffer.AsSpan(_filled, Math.Min(count, _buffer.Length - _filled)));
        if (read == 0) throw new EndOfStreamException("The data set ended before its length.");
        Commit(read);
        return read;
    }

    private void ClosePiece()
    {
        if (_filled > _pieceStart) _pieces.Add(new ArraySegment<byte>(_buffer, _pieceStart, _filled - _pieceStart));
        _pieceStart = _filled;
    }
}
