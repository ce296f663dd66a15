using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Drimbox.Core;

namespace Drimbox.Dicom;

/// <summary>Where a <see cref="DataSetReader"/> stands.</summary>
public enum ReadStatus
{
    /// <summary>Not at an end: feed more, or complete.</summary>
    NeedMore,

    /// <summary>Complete, or the tag to stop at was reached; further input is ignored.</summary>
    Done,

    /// <summary>See <see cref="DataSetReader.Error"/>; what was read before it is kept.</summary>
    Failed,
}

/// <summary>
/// Reads a data set from memory, a file, a stream or arriving fragments, all through the same state machine. A value
/// from memory is a slice of that memory; one from a file over <see cref="Limits.ValueBytesByReferenceMin"/> a
/// reference to the file; everything else is copied as it arrives, never allocated ahead by its declared length.
/// </summary>
public sealed partial class DataSetReader
{
    // Small values of an ordinary header fit one block of 2 KiB, and of a long one few of 4 KiB.
    private const int ArenaBytesFirst = 2048;
    private const int ArenaBytes = 4096;
    private const int BufferBytes = 64 * 1024;

    // The fragments of one frame after another could be all of a file.
    private const int FragmentBytesByReferenceMin = 1024;

    // One is kept on each thread for the next reader.
    [ThreadStatic]
    private static Machine? _spare;

    // Until the end.
    private Machine? _machine;
    private DataSet _current;
    private EncapsulatedFragments? _fragments;

    // The value being read, and the block that small values share.
    private byte[] _arena = [];
    private int _arenaUsed;
    private byte[]? _value;
    private int _valueOffset;
    private int _valueLength;
    private Tag _valueTag;
    private Vr _valueVr;

    // Where values may stay instead of being copied: the array of a memory, or a file.
    private byte[]? _memory;
    private int _memoryStart;

    // The memory is a buffer of the pool, which the values leave in one move.
    private bool _isWindow;
    private int _windowBytes;
    private string? _path;
    private long _fileStart;
    private bool _signedPixels;
    private long _objects;
    private long _position;

    /// <param name="syntax">Not a deflated one: inflate first.</param>
    /// <param name="stopAt">The first top-level tag not to be read, or null to read all.</param>
    public DataSetReader(TransferSyntax syntax, Tag? stopAt = null) : this(syntax, stopAt, -1)
    {
    }

    private DataSetReader(TransferSyntax syntax, Tag? stopAt, long totalLength) => Begin(syntax, stopAt, totalLength);

    /// <summary>What was read so far. After a failure: all elements before the error.</summary>
    public DataSet DataSet { get; private set; }

    public ReadStatus Status { get; private set; }

    /// <summary>Of a failed read.</summary>
    public StructureError Error { get; private set; }

    /// <summary>Bytes consumed; after a stop, the start of the header of the element that was not read.</summary>
    public long Position => _machine?.Tokenizer.Position ?? _position;

    private DataSetTokenizer Tokenizer => _machine!.Tokenizer;

    /// <summary>Takes the next bytes of the data set; they need not end at any boundary.</summary>
    public ReadStatus Feed(ReadOnlySpan<byte> fragment)
    {
        var index = 0;
        var tokenizer = _machine?.Tokenizer;
        while (Status == ReadStatus.NeedMore)
        {
            switch (tokenizer!.Next(fragment, ref index))
            {
                case DataSetToken.NeedMore:
                    return Status;
                case DataSetToken.Element:
                    _valueTag = tokenizer.Tag;
                    _valueVr = ResolvedVr();
                    // The file is read on from behind the value.
                    if (BeginValue(fragment, ref index, ByReferenceMin())) return Status;
                    break;
                case DataSetToken.Fragment:
                    _valueTag = Tag.Item;
                    _valueVr = Vr.OB;
                    if (BeginValue(fragment, ref index, FragmentBytesByReferenceMin)) return Status;
                    break;
                case DataSetToken.Value:
                    TakeValue(fragment);
                    break;
                case DataSetToken.SequenceStart:
                    OpenSequence();
                    break;
                case DataSetToken.ItemStart:
                    OpenItem();
                    break;
                case DataSetToken.ItemEnd:
                    // An icon has pixels of its own, and a sign of its own.
                    (_current, _, _signedPixels) = _machine!.Open.Peek();
                    break;
                case DataSetToken.SequenceEnd:
                    CloseSequence();
                    break;
                case DataSetToken.FragmentsStart:
                    _fragments = [];
                    _current.Append(new DataElement(tokenizer.Tag, tokenizer.Vr, _fragments));
                    break;
                case DataSetToken.Stopped:
                    End(ReadStatus.Done, tokenizer.HeaderOffset);
                    break;
                default:
                    Fail(tokenizer.Error);
                    break;
            }
        }

        return Status;
    }

    /// <summary>States that the input has ended.</summary>
    public ReadStatus Complete()
    {
        if (Status != ReadStatus.NeedMore) return Status;
        if (Tokenizer.TryComplete()) End(ReadStatus.Done, Tokenizer.Position);
        else Fail(Tokenizer.Error);
        return Status;
    }

    /// <summary>Ends the read for a reason outside the structure.</summary>
    internal void Refuse(StructureErrorReason reason)
    {
        Tokenizer.Fail(reason);
        Fail(Tokenizer.Error);
    }

    private void Fail(StructureError error)
    {
        Error = error;
        End(ReadStatus.Failed, Tokenizer.Position);
    }

    [MemberNotNull(nameof(DataSet), nameof(_current))]
    private void Begin(TransferSyntax syntax, Tag? stopAt, long totalLength)
    {
        _machine = _spare ?? new Machine();
        _spare = null;
        _machine.Tokenizer.Reset(syntax, totalLength, stopAt);
        DataSet = new DataSet(capacity: 128) { SourceSyntax = syntax };
        _current = DataSet;
    }

    /// <summary>Reads another data set, of which nothing follows from the one before.</summary>
    private void BeginAgain(TransferSyntax syntax, Tag? stopAt, long totalLength)
    {
        (Status, Error, _fragments, _memory) = (ReadStatus.NeedMore, default, null, null);
        (_signedPixels, _objects, _windowBytes) = (false, 0, 0);
        Begin(syntax, stopAt, totalLength);
    }

    private void End(ReadStatus status, long position)
    {
        Status = status;
        _position = position;
        DataSet.TrimExcess();
        _machine!.Open.Clear();
        _spare = _machine;
        _machine = null;
    }

    // PS3.6, "US or SS": the sign of the pixels, which comes before every such element of an image (0028,0103).
    private Vr ResolvedVr() =>
        Tokenizer.IsImplicit && _signedPixels && Tokenizer.Vr == Vr.US && DataDictionary.IsUsOrSs(Tokenizer.Tag)
            ? Vr.SS
            : Tokenizer.Vr;

    private int ByReferenceMin() => _valueTag.IsPrivate && _valueVr is Vr.OB or Vr.UN
        ? Limits.PrivateValueBytesByReferenceMin
        : Limits.ValueBytesByReferenceMin;

    /// <returns>True if the value stays in its file and the input continues behind it.</returns>
    private bool BeginValue(ReadOnlySpan<byte> fragment, ref int index, int byReferenceMin)
    {
        var length = Tokenizer.Length;
        _valueLength = 0;
        _value = null;
        if (length == 0)
        {
            AddValue([], 0, 0);
            return false;
        }

        if (_path is not null && length >= byReferenceMin)
        {
            Add(new DataElement(_valueTag, _valueVr, new FileRange(_path, _fileStart + Tokenizer.Position, length)
            {
                SwappedWordSize = Tokenizer.IsBigEndian ? _valueVr.WordSize() : 1,
            }));
            return Tokenizer.SkipValue(fragment, ref index);
        }

        if (_memory is not null && !_isWindow) return false;
        if (length > Limits.ValueBytesInMemoryMax) Refuse(StructureErrorReason.ValueOverLimit);

        return false;
    }

    private void TakeValue(ReadOnlySpan<byte> fragment)
    {
        // In a memory a value is whole; in a window it may go on behind it.
        if (_memory is not null && !Tokenizer.IsBigEndian && Tokenizer.ValueCount == Tokenizer.Length)
        {
            if (_isWindow) _windowBytes += Tokenizer.ValueCount;
            AddValue(_memory, _memoryStart + Tokenizer.ValueStart, Tokenizer.ValueCount);
            return;
        }

        var bytes = fragment.Slice(Tokenizer.ValueStart, Tokenizer.ValueCount);
        _value ??= Reserve((int)Tokenizer.Length);
        if (_value.Length - _valueOffset < _valueLength + bytes.Length)
        {
            // A long value: grows with what has arrived, not with what was announced.
            var size = (int)Math.Min(Tokenizer.Length, Math.Max(_value.Length * 2L, _valueLength + bytes.Length));
            Array.Resize(ref _value, size);
        }

        bytes.CopyTo(_value.AsSpan(_valueOffset + _valueLength));
        _valueLength += bytes.Length;
        if (!Tokenizer.IsValueComplete) return;
        if (Tokenizer.IsBigEndian) Swap(_value.AsSpan(_valueOffset, _valueLength), _valueVr.WordSize());
        AddValue(_value, _valueOffset, _valueLength);
        _value = null;
    }

    // Small values share a block; a value over a quarter of it has an array of its own.
    private byte[] Reserve(int length)
    {
        if (length > ArenaBytes / 4)
        {
            _valueOffset = 0;
            return new byte[Math.Min(length, BufferBytes)];
        }

        if (_arena.Length - _arenaUsed < length)
        {
            _arena = new byte[_arena.Length == 0 ? ArenaBytesFirst : ArenaBytes];
            _arenaUsed = 0;
        }

        _valueOffset = _arenaUsed;
        _arenaUsed += length;
        return _arena;
    }

    private void AddValue(byte[] array, int offset, int length)
    {
        var bytes = array.AsSpan(offset, length);
        if (_valueTag == Tag.PixelRepresentation && length >= 2)
            _signedPixels = BinaryPrimitives.ReadUInt16LittleEndian(bytes) == 1;
        Add(new DataElement(_valueTag, _valueVr, array, offset, length));
    }

    private void Add(in DataElement element)
    {
        if (_fragments is null) _current.Append(element);
        else _fragments.Add(element);
    }

    // Attack A4: each is an object or two of ours, and eight bytes of the peer's.
    private bool HasRoomForObject()
    {
        var allowed = Limits.DataSetObjectsMin + (Tokenizer.Position / Limits.DataSetBytesPerObjectMin);
        if (++_objects <= allowed) return true;
        Refuse(StructureErrorReason.ObjectsOverLimit);
        return false;
    }

    private void OpenSequence()
    {
        if (!HasRoomForObject()) return;
        var sequence = new Sequence
        {
            IsUndefinedLength = Tokenizer.IsUndefinedLength,
            IsImplicitVr = Tokenizer.Vr == Vr.UN,
        };
        _current.Append(new DataElement(Tokenizer.Tag, sequence, Tokenizer.Vr));
        _machine!.Open.Push((_current, sequence, _signedPixels));
    }

    private void OpenItem()
    {
        if (!HasRoomForObject()) return;
        var (parent, sequence, _) = _machine!.Open.Peek();
        _current = new DataSet(parent)
        {
            IsUndefinedLength = Tokenizer.IsUndefinedLength,
            SourceSyntax = DataSet.SourceSyntax,
        };
        sequence.Add(_current);
    }

    private void CloseSequence()
    {
        if (_fragments is not null) _fragments = null;
        else _current = _machine!.Open.Pop().DataSet;
    }

    // PS3.5 7.3. Values are kept little endian, whatever they were read from.
    internal static void Swap(Span<byte> bytes, int wordSize)
    {
        switch (wordSize)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    /// <summary>What reading needs and its result does not.</summary>
    private sealed class Machine
    {
        public DataSetTokenizer Tokenizer { get; } = new();

        public Stack<(DataSet DataSet, Sequence Sequence, bool SignedPixels)> Open { get; } = [];
    }
}
