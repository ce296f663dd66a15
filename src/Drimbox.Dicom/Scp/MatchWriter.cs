using System.Buffers.Binary;
using Drimbox.Core;

namespace Drimbox.Dicom.Scp;

/// <summary>Writes an identifier element by element, in Implicit or Explicit VR Little Endian (PS3.5 A.1, A.2), into
/// memory that is used again for the next one.</summary>
public sealed class MatchWriter
{
    private readonly bool _isImplicit;
    private byte[] _bytes = new byte[2048];
    private int _used;

    internal MatchWriter(TransferSyntax syntax)
    {
        Invariant.Holds(syntax is { IsBigEndian: false, IsDeflated: false });
        _isImplicit = syntax.IsImplicitVr;
    }

    /// <summary>What was written since <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _used);

    internal void Begin() => _used = 0;

    /// <summary>Writes an element, padded to an even length.</summary>
    public void Write(Tag tag, Vr vr, ReadOnlySpan<byte> value)
    {
        Header(tag, vr, value.Length + (value.Length & 1));
        value.CopyTo(Take(value.Length));
        if ((value.Length & 1) != 0) Take(1)[0] = vr.Padding();
    }

    /// <summary>Writes text that is in ISO 646 or Latin 1 (U+0000 to U+00FF) and given in UTF-8, in ISO_IR 100.</summary>
    public void WriteLatin1(Tag tag, Vr vr, ReadOnlySpan<byte> utf8)
    {
        var length = utf8.Length - utf8.Count((byte)0xC2) - utf8.Count((byte)0xC3);
        Header(tag, vr, length + (length & 1));
        var target = Take(length);
        for (int from = 0, to = 0; to < length; from++, to++)
        {
            // C2 80..BF is U+0080 to U+00BF, C3 80..BF is U+00C0 to U+00FF.
            target[to] = utf8[from] switch
            {
                0xC2 => utf8[++from],
                0xC3 => (byte)(utf8[++from] | 0x40),
                var ascii => ascii,
            };
        }

        if ((length & 1) != 0) Take(1)[0] = vr.Padding();
    }

    /// <summary>Begins a sequence; its items follow, each begun by <see cref="BeginItem"/>.</summary>
    /// <returns>For <see cref="End"/>.</returns>
    public int BeginSequence(Tag tag)
    {
        Header(tag, Vr.SQ, 0);
        return _used;
    }

    /// <inheritdoc cref="BeginSequence"/>
    public int BeginItem()
    {
        var span = Take(8);
        PutTag(span, Tag.Item);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], 0);
        return _used;
    }

    /// <summary>Ends what was begun there; it gets its length.</summary>
    public void End(int begun) =>
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(begun - 4), _used - begun);

    private void Header(Tag tag, Vr vr, int length)
    {
        // PS3.5 6.2.2: what does not fit the 16-bit length of its VR is written as UN.
        if (!_isImplicit && vr.HasShortLength() && length > 0xFFFE) vr = Vr.UN;
        var isShort = _isImplicit || vr.HasShortLength();
        var span = Take(isShort ? 8 : 12);
        PutTag(span, tag);
        if (_isImplicit)
        {
            BinaryPrimitives.WriteInt32LittleEndian(span[4..], length);
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(span[4..], (ushort)vr);
        if (isShort)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(span[6..], (ushort)length);
            return;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(span[6..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], length);
    }

    private static void PutTag(Span<byte> span, Tag tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(span, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(span[2..], tag.Element);
    }

    private Span<byte> Take(int count)
    {
        if (_bytes.Length - _used < count) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + count));
        _used += count;
        return _bytes.AsSpan(_used - count, count);
    }
}
