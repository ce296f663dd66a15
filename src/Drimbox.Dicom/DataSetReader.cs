using System.Buffers.Binary;
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

    private readonly DataSetTokenizer _tokenizer;
    private readonly Stack<(DataSet DataSet, Sequence Sequence)> _open = [];
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
    private string? _path;
    private long _fileStart;
    private bool _signedPixels;
    private long _objects;

    /// <param name="syntax">Not a deflated one: inflate first.</param>
    /// <param name="stopAt">The first top-level tag not to be read, or null to read all.</param>
    public DataSetReader(TransferSyntax syntax, Tag? stopAt = null) : this(syntax, stopAt, -1)
    {
    }

    private DataSetReader(TransferSyntax syntax, Tag? stopAt, long totalLength, DataSetReader? before = null)
    {
        // A reader that is done needs neither its state machine nor the rest of its block of memory.
        _tokenizer = before?._tokenizer ?? new DataSetTokenizer();
        _arena = before?._arena ?? [];
        _arenaUsed = before?._arenaUsed ?? 0;
        _tokenizer.Reset(syntax, totalLength, stopAt);
        DataSet = new DataSet(capacity: 128) { SourceSyntax = syntax };
        _current = DataSet;
    }

    /// <summary>What was read so far. After a failure: all elements before the error.</summary>
    public DataSet DataSet { get; }

    public ReadStatus Status { get; private set; }

    /// <summary>Of a failed read.</summary>
    public StructureError Error { get; private set; }

    /// <summary>Bytes consumed; after a stop, the start of the header of the element that was not read.</summary>
    public long Position => _position < 0 ? _tokenizer.Position : _position;

    private long _position = -1;

    /// <summary>Takes the next bytes of the data set; they need not end at any boundary.</summary>
    public ReadStatus Feed(ReadOnlySpan<byte> fragment)
    {
        var index = 0;
        while (Status == ReadStatus.NeedMore)
        {
            switch (_tokenizer.Next(fragment, ref index))
            {
                case DataSetToken.NeedMore:
                    return Status;
                case DataSetToken.Element:
                    _valueTag = _tokenizer.Tag;
                    _valueVr = ResolvedVr();
                    // The file is read on from behind the value.
                    if (BeginValue(fragment, ref index, Limits.ValueBytesByReferenceMin)) return Status;
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
                    _current = _open.Peek().DataSet;
                    break;
                case DataSetToken.SequenceEnd:
                    CloseSequence();
                    break;
                case DataSetToken.FragmentsStart:
                    _fragments = [];
                    _current.Append(new DataElement(_tokenizer.Tag, _tokenizer.Vr, _fragments));
                    break;
                case DataSetToken.Stopped:
                    _position = _tokenizer.HeaderOffset;
                    End(ReadStatus.Done);
                    break;
                default:
                    Fail(_tokenizer.Error);
                    break;
            }
        }

        return Status;
    }

    /// <summary>States that the input has ended.</summary>
    public ReadStatus Complete()
    {
        if (Status != ReadStatus.NeedMore) return Status;
        if (_tokenizer.TryComplete()) End(ReadStatus.Done);
        else Fail(_tokenizer.Error);
        return Status;
    }

    /// <summary>Ends the read for a reason outside the structure.</summary>
    internal void Refuse(StructureErrorReason reason)
    {
        _tokenizer.Fail(reason);
        Fail(_tokenizer.Error);
    }

    private void Fail(StructureError error)
    {
        Error = error;
        End(ReadStatus.Failed);
    }

    private void End(ReadStatus status)
    {
        Status = status;
        if (_position < 0) _position = _tokenizer.Position;
        DataSet.TrimExcess();
    }

    // PS3.6, "US or SS": the sign of the pixels, which comes before every such element of an image (0028,0103).
    private Vr ResolvedVr() =>
        _tokenizer.IsImplicit && _signedPixels && _tokenizer.Vr == Vr.US && DataDictionary.IsUsOrSs(_tokenizer.Tag)
            ? Vr.SS
            : _tokenizer.Vr;

    /// <returns>True if the value stays in its file and the input continues behind it.</returns>
    private bool BeginValue(ReadOnlySpan<byte> fragment, ref int index, int byReferenceMin)
    {
        var length = _tokenizer.Length;
        _valueLength = 0;
        _value = null;
        if (length == 0)
        {
            AddValue([], 0, 0);
            return false;
        }

        if (_path is not null && length >= byReferenceMin)
        {
            Add(new DataElement(_valueTag, _valueVr, new FileRange(_path, _fileStart + _tokenizer.Position, length)
            {
                SwappedWordSize = _tokenizer.IsBigEndian ? _valueVr.WordSize() : 1,
            }));
            return _tokenizer.SkipValue(fragment, ref index);
        }

        if (_memory is not null) return false;
        if (length > Limits.ValueBytesInMemoryMax) Refuse(StructureErrorReason.ValueOverLimit);

        return false;
    }

    private void TakeValue(ReadOnlySpan<byte> fragment)
    {
        if (_memory is not null && !_tokenizer.IsBigEndian)
        {
            // The memory is one fragment, so the value is whole.
            AddValue(_memory, _memoryStart + _tokenizer.ValueStart, _tokenizer.ValueCount);
            return;
        }

        var bytes = fragment.Slice(_tokenizer.ValueStart, _tokenizer.ValueCount);
        _value ??= Reserve((int)_tokenizer.Length);
        if (_value.Length - _valueOffset < _valueLength + bytes.Length)
        {
            // A long value: grows with what has arrived, not with what was announced.
            var size = (int)Math.Min(_tokenizer.Length, Math.Max(_value.Length * 2L, _valueLength + bytes.Length));
            Array.Resize(ref _value, size);
        }

        bytes.CopyTo(_value.AsSpan(_valueOffset + _valueLength));
        _valueLength += bytes.Length;
        if (!_tokenizer.IsValueComplete) return;
        if (_tokenizer.IsBigEndian) Swap(_value.AsSpan(_valueOffset, _valueLength), _valueVr.WordSize());
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
        var allowed = Limits.DataSetObjectsMin + (_tokenizer.Position / Limits.DataSetBytesPerObjectMin);
        if (++_objects <= allowed) return true;
        Refuse(StructureErrorReason.ObjectsOverLimit);
        return false;
    }

    private void OpenSequence()
    {
        if (!HasRoomForObject()) return;
        var sequence = new Sequence
        {
            IsUndefinedLength = _tokenizer.IsUndefinedLength,
            IsImplicitVr = _tokenizer.Vr == Vr.UN,
        };
        _current.Append(new DataElement(_tokenizer.Tag, sequence, _tokenizer.Vr));
        _open.Push((_current, sequence));
    }

    private void OpenItem()
    {
        if (!HasRoomForObject()) return;
        var (parent, sequence) = _open.Peek();
        _current = new DataSet(parent)
        {
            IsUndefinedLength = _tokenizer.IsUndefinedLength,
            SourceSyntax = DataSet.SourceSyntax,
        };
        sequence.Add(_current);
    }

    private void CloseSequence()
    {
        if (_fragments is not null) _fragments = null;
        else _current = _open.Pop().DataSet;
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
}
