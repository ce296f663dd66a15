using System.Buffers.Binary;
using Drimbox.Core;

namespace Drimbox.Dicom;

internal enum DataSetToken : byte
{
    /// <summary>The fragment is used up, or a defined end of the input is reached.</summary>
    NeedMore,

    /// <summary>The header of an element with a plain value; Value tokens follow if its length is not 0.</summary>
    Element,

    /// <summary>Bytes of the value of the last Element or Fragment that lie in this fragment of input.</summary>
    Value,

    SequenceStart,
    ItemStart,
    ItemEnd,
    SequenceEnd,

    /// <summary>Encapsulated Pixel Data (PS3.5 A.4): Fragment and Value tokens follow, then SequenceEnd.</summary>
    FragmentsStart,
    Fragment,

    /// <summary>The element at which the caller wanted to stop; its header is read, its value is not.</summary>
    Stopped,
    Error,
}

/// <summary>
/// The one state machine that reads the structure of a data set (PS3.5 section 7): headers, items and delimiters,
/// never values. It takes the input in fragments of any size, keeps at most one header of its own, and holds an
/// explicit stack, so that depth costs memory and not the thread's stack (attack A5).
/// </summary>
internal sealed class DataSetTokenizer
{
    internal const uint UndefinedLength = 0xFFFF_FFFF;

    private const int HeaderLengthMax = 12;
    private const uint Item = 0xFFFE_E000;
    private const uint ItemDelimitation = 0xFFFE_E00D;
    private const uint SequenceDelimitation = 0xFFFE_E0DD;

    private readonly byte[] _carry = new byte[HeaderLengthMax];
    private Frame[] _frames = new Frame[4];
    private int _top;
    private int _carried;
    private int _sequences;
    private long _valueRemaining;
    private uint _stopAt = uint.MaxValue;

    private enum FrameKind : byte { DataSet, Sequence, Fragments }

    /// <summary>Bytes consumed since the start of the data set.</summary>
    internal long Position { get; private set; }

    /// <summary>Where the next byte of input is taken from: behind what was consumed and what is kept of a header
    /// that did not end with its fragment.</summary>
    internal long InputPosition => Position + _carried;

    /// <summary>Of the last header: where it started, and what it says.</summary>
    internal long HeaderOffset { get; private set; }

    internal Tag Tag { get; private set; }

    internal Vr Vr { get; private set; }

    internal uint Length { get; private set; }

    internal bool IsUndefinedLength => Length == UndefinedLength;

    /// <summary>True where the elements now read have no VR of their own: the transfer syntax, or inside UN.</summary>
    internal bool IsImplicit => _frames[_top].Implicit;

    /// <summary>True where values are now big endian.</summary>
    internal bool IsBigEndian => _frames[_top].BigEndian;

    /// <summary>Nesting: 0 at the top level, 1 inside the items of a sequence there, and so on.</summary>
    internal int Depth => _sequences;

    /// <summary>Where in the fragment the bytes of the last Value token lie.</summary>
    internal int ValueStart { get; private set; }

    internal int ValueCount { get; private set; }

    /// <summary>True with the Value token that ends the value.</summary>
    internal bool IsValueComplete => _valueRemaining == 0;

    internal StructureError Error { get; private set; }

    /// <param name="totalLength">Bytes of the whole data set if they are known, else -1.</param>
    /// <param name="stopAt">The first top-level tag not to be read any more, or null.</param>
    internal void Reset(TransferSyntax syntax, long totalLength = -1, Tag? stopAt = null)
    {
        _top = 0;
        _carried = 0;
        _sequences = 0;
        _valueRemaining = 0;
        _stopAt = stopAt?.Value ?? uint.MaxValue;
        Position = 0;
        HeaderOffset = 0;
        Error = default;
        Tag = default;
        _frames[0] = new Frame
        {
            Kind = FrameKind.DataSet,
            Implicit = syntax.IsImplicitVr,
            BigEndian = syntax.IsBigEndian,
            End = -1,
            Limit = totalLength < 0 ? long.MaxValue : totalLength,
            IsLimitedByInput = true,
        };
    }

    /// <summary>The next token of <paramref name="input"/> from <paramref name="index"/> on, which moves.</summary>
    internal DataSetToken Next(ReadOnlySpan<byte> input, ref int index)
    {
        if (_valueRemaining > 0) return NextValue(input, ref index);
        ref var frame = ref _frames[_top];
        if (frame.End == Position) return Close();

        // Position == Limit without an end of its own: the input is complete (top level) or a delimiter is missing.
        if (Position == frame.Limit && _top == 0) return DataSetToken.NeedMore;
        if (!TryTakeHeader(input, ref index, in frame, out var header))
            return Error.IsNone ? DataSetToken.NeedMore : DataSetToken.Error;
        return frame.Kind switch
        {
            FrameKind.DataSet => NextElement(header, in frame),
            FrameKind.Sequence => NextItem(header, in frame),
            _ => NextFragment(header, in frame),
        };
    }

    /// <summary>The value that the last Element or Fragment token announced is not wanted.</summary>
    /// <returns>True if it goes past the end of <paramref name="input"/>: the caller continues behind it, at
    /// <see cref="Position"/>.</returns>
    internal bool SkipValue(ReadOnlySpan<byte> input, ref int index)
    {
        var here = (int)Math.Min(input.Length - index, _valueRemaining);
        var isBeyond = here < _valueRemaining;
        index += here;
        Position += _valueRemaining;
        _valueRemaining = 0;
        return isBeyond;
    }

    /// <summary>The end of the input: everything that was opened must be closed.</summary>
    internal bool TryComplete()
    {
        // A defined end that coincides with the end of the input closes without a further byte.
        while (Error.IsNone && _valueRemaining == 0 && _carried == 0 && _top > 0 && _frames[_top].End == Position)
            Close();
        if (Error.IsNone && (_top > 0 || _valueRemaining > 0 || _carried > 0))
            Fail(StructureErrorReason.Truncated);
        if (!Error.IsNone && _valueRemaining > 0)
            Error = Error with { Declared = Length, Available = Length - _valueRemaining };
        return Error.IsNone;
    }

    internal DataSetToken Fail(StructureErrorReason reason)
    {
        Error = new StructureError(reason, Tag, HeaderOffset);
        return DataSetToken.Error;
    }

    private DataSetToken NextValue(ReadOnlySpan<byte> input, ref int index)
    {
        var count = (int)Math.Min(input.Length - index, _valueRemaining);
        if (count == 0) return DataSetToken.NeedMore;
        ValueStart = index;
        ValueCount = count;
        index += count;
        Position += count;
        _valueRemaining -= count;
        return DataSetToken.Value;
    }

    private bool TryTakeHeader(
        ReadOnlySpan<byte> input, ref int index, in Frame frame, out ReadOnlySpan<byte> header)
    {
        if (_carried == 0)
        {
            HeaderOffset = Position;
            // In place, the common case: the longest header lies in the fragment.
            if (input.Length - index >= HeaderLengthMax)
            {
                var length = HeaderLength(input[index..], in frame);
                header = input.Slice(index, length);
                index += length;
                return HasRoomForHeader(length, in frame);
            }

            Tag = default;
        }

        while (index < input.Length)
        {
            _carry[_carried++] = input[index++];
            if (_carried < 8 || _carried < HeaderLength(_carry, in frame)) continue;
            header = _carry.AsSpan(0, _carried);
            _carried = 0;
            return HasRoomForHeader(header.Length, in frame);
        }

        header = default;
        return false;
    }

    private bool HasRoomForHeader(int length, in Frame frame)
    {
        if (length > frame.Limit - Position)
        {
            Fail(frame.IsLimitedByInput
                ? StructureErrorReason.Truncated
                : StructureErrorReason.ValueBeyondContainer);
            return false;
        }

        Position += length;
        return true;
    }

    // PS3.5 7.1.2, 7.1.3, 7.5: 8 bytes, or 12 for an explicit VR with a 32-bit length. Items and delimiters have no VR.
    private static int HeaderLength(ReadOnlySpan<byte> header, in Frame frame)
    {
        if (frame.Implicit || frame.Kind != FrameKind.DataSet) return 8;
        if ((frame.BigEndian
                ? BinaryPrimitives.ReadUInt16BigEndian(header)
                : BinaryPrimitives.ReadUInt16LittleEndian(header)) == 0xFFFE) return 8;
        return ((Vr)((header[4] << 8) | header[5])).HasShortLength() ? 8 : 12;
    }

    private static uint TagOf(ReadOnlySpan<byte> header, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(header)
        : ((uint)BinaryPrimitives.ReadUInt16LittleEndian(header) << 16)
          | BinaryPrimitives.ReadUInt16LittleEndian(header[2..]);

    private static uint ReadUInt32(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private DataSetToken NextElement(ReadOnlySpan<byte> header, in Frame frame)
    {
        Tag = new Tag(TagOf(header, frame.BigEndian));
        // PS3.5 7.5: group FFFE has items and delimiters, nothing else.
        if (Tag.Group == 0xFFFE)
        {
            Vr = Vr.None;
            Length = ReadUInt32(header[4..], frame.BigEndian);
            // PS3.5 7.5.2: only an item of undefined length ends with a delimiter.
            if (Tag.Value != ItemDelimitation || _top == 0 || frame.End >= 0)
                return Fail(StructureErrorReason.UnexpectedTag);
            return Length == 0 ? Close() : Fail(StructureErrorReason.DelimiterLength);
        }

        // Before its VR is looked at: behind a file meta group may stand a data set without VRs.
        var isStop = Tag.Value >= _stopAt && _top == 0;
        if (frame.Implicit)
        {
            Vr = DataDictionary.ImplicitVr(Tag);
            Length = ReadUInt32(header[4..], frame.BigEndian);
        }
        else
        {
            if (!VrFacts.TryParse(header[4], header[5], out var vr))
            {
                Vr = Vr.None;
                return isStop ? DataSetToken.Stopped : Fail(StructureErrorReason.InvalidVr);
            }

            Vr = vr;
            if (header.Length == 12) Length = ReadUInt32(header[8..], frame.BigEndian);
            else
                Length = frame.BigEndian
                    ? BinaryPrimitives.ReadUInt16BigEndian(header[6..])
                    : BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        }

        if (isStop) return DataSetToken.Stopped;
        if (Length == UndefinedLength) return OpenUndefined(in frame);
        if (!HasRoomForValue(in frame)) return DataSetToken.Error;
        if (Vr == Vr.SQ)
            return Open(FrameKind.Sequence, frame.Implicit, frame.BigEndian, DataSetToken.SequenceStart);
        _valueRemaining = Length;
        return DataSetToken.Element;
    }

    private DataSetToken OpenUndefined(in Frame frame) => Vr switch
    {
        Vr.SQ => Open(FrameKind.Sequence, frame.Implicit, frame.BigEndian, DataSetToken.SequenceStart),
        // PS3.5 6.2.2: UN of undefined length holds a sequence in Implicit VR Little Endian.
        Vr.UN => Open(FrameKind.Sequence, true, false, DataSetToken.SequenceStart),
        // PS3.5 A.4: fragments, only where VRs are explicit.
        Vr.OB or Vr.OW when !frame.Implicit =>
            Open(FrameKind.Fragments, false, frame.BigEndian, DataSetToken.FragmentsStart),
        _ => Fail(StructureErrorReason.UndefinedLength),
    };

    private DataSetToken NextItem(ReadOnlySpan<byte> header, in Frame frame)
    {
        Tag = new Tag(TagOf(header, frame.BigEndian));
        Length = ReadUInt32(header[4..], frame.BigEndian);
        Vr = Vr.None;
        if (Tag.Value == SequenceDelimitation && frame.End < 0)
            return Length == 0 ? Close() : Fail(StructureErrorReason.DelimiterLength);
        if (Tag.Value != Item) return Fail(StructureErrorReason.UnexpectedTag);
        if (Length != UndefinedLength && !HasRoomForValue(in frame)) return DataSetToken.Error;
        return Open(FrameKind.DataSet, frame.Implicit, frame.BigEndian, DataSetToken.ItemStart);
    }

    private DataSetToken NextFragment(ReadOnlySpan<byte> header, in Frame frame)
    {
        Tag = new Tag(TagOf(header, frame.BigEndian));
        Length = ReadUInt32(header[4..], frame.BigEndian);
        Vr = Vr.None;
        if (Tag.Value == SequenceDelimitation)
            return Length == 0 ? Close() : Fail(StructureErrorReason.DelimiterLength);
        if (Tag.Value != Item) return Fail(StructureErrorReason.UnexpectedTag);
        // PS3.5 A.4: each fragment has an explicit length.
        if (Length == UndefinedLength) return Fail(StructureErrorReason.UndefinedLength);
        if (!HasRoomForValue(in frame)) return DataSetToken.Error;
        _valueRemaining = Length;
        return DataSetToken.Fragment;
    }

    private bool HasRoomForValue(in Frame frame)
    {
        if (Length <= frame.Limit - Position) return true;
        Fail(frame.IsLimitedByInput
            ? StructureErrorReason.ValueBeyondInput
            : StructureErrorReason.ValueBeyondContainer);
        Error = Error with { Declared = Length, Available = frame.Limit - Position };
        return false;
    }

    private DataSetToken Open(FrameKind kind, bool implicitVr, bool bigEndian, DataSetToken token)
    {
        if (kind != FrameKind.DataSet && ++_sequences > Limits.SequenceDepthMax)
            return Fail(StructureErrorReason.DepthOverLimit);
        var around = _frames[_top];
        var end = Length == UndefinedLength ? -1 : Position + Length;
        _top++;
        if (_top == _frames.Length) Array.Resize(ref _frames, _frames.Length * 2);
        _frames[_top] = new Frame
        {
            Kind = kind,
            Implicit = implicitVr,
            BigEndian = bigEndian,
            End = end,
            Limit = end < 0 ? around.Limit : end,
            IsLimitedByInput = end < 0 && around.IsLimitedByInput,
        };
        return token;
    }

    private DataSetToken Close()
    {
        var kind = _frames[_top].Kind;
        _top--;
        if (kind == FrameKind.DataSet) return DataSetToken.ItemEnd;
        _sequences--;
        return DataSetToken.SequenceEnd;
    }

    private readonly struct Frame
    {
        internal FrameKind Kind { get; init; }

        internal bool Implicit { get; init; }

        internal bool BigEndian { get; init; }

        // The limit below is the end of the whole input.
        internal bool IsLimitedByInput { get; init; }

        // Where a defined length ends, or -1.
        internal long End { get; init; }

        // The nearest defined end around: nothing inside may go past it.
        internal long Limit { get; init; }
    }
}
