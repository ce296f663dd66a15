using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;

namespace Drimbox.Dicom;

/// <summary>
/// One data element: tag, VR and value (PS3.5 7.1). A plain value is a slice of the bytes it was read from, little
/// endian and with its padding, or a <see cref="FileRange"/> if it is long and came from a file.
/// </summary>
public readonly struct DataElement
{
    private readonly object? _store;
    private readonly int _offset;
    private readonly int _length;

    private DataElement(Tag tag, Vr vr, object? store, int offset, int length)
    {
        Tag = tag;
        Vr = vr;
        _store = store;
        _offset = offset;
        _length = length;
    }

    public DataElement(Tag tag, Vr vr, byte[] value) : this(tag, vr, value, 0, value.Length)
    {
    }

    public DataElement(Tag tag, Vr vr, FileRange value) : this(tag, vr, value, 0, 0)
    {
    }

    public DataElement(Tag tag, Sequence items, Vr vr = Vr.SQ) : this(tag, vr, items, 0, 0)
    {
    }

    public DataElement(Tag tag, Vr vr, EncapsulatedFragments fragments) : this(tag, vr, fragments, 0, 0)
    {
    }

    internal DataElement(Tag tag, Vr vr, byte[]? array, int offset, int length)
        : this(tag, vr, (object?)array, offset, length)
    {
    }

    public Tag Tag { get; }

    public Vr Vr { get; }

    /// <summary>The items, or null if this is no sequence. UN of undefined length is one (PS3.5 6.2.2).</summary>
    public Sequence? Sequence => _store as Sequence;

    /// <summary>The fragments of encapsulated Pixel Data, or null.</summary>
    public EncapsulatedFragments? Fragments => _store as EncapsulatedFragments;

    /// <summary>Where a long value lies, or null if it is in memory.</summary>
    public FileRange? Range => _store as FileRange;

    /// <summary>True if <see cref="Value"/> is the value.</summary>
    public bool IsInMemory => _store is null or byte[];

    /// <summary>Bytes of a plain value; 0 for sequences and fragments.</summary>
    public long Length => _store is FileRange range ? range.Length : _length;

    /// <summary>The bytes of a plain value in memory, little endian, with padding. Empty for sequences and fragments;
    /// a value with a <see cref="Range"/> has to be read from there.</summary>
    public ReadOnlyMemory<byte> Value
    {
        get
        {
            Invariant.Holds(_store is not FileRange);
            return _store is byte[] array ? array.AsMemory(_offset, _length) : default;
        }
    }

    /// <summary>As <see cref="Value"/>; empty also for a value with a <see cref="Range"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _store is byte[] array ? array.AsSpan(_offset, _length) : default;

    /// <summary>The bytes of a plain value, read from its file if it lies there. At most
    /// <see cref="Limits.ValueBytesInMemoryMax"/>: ask <see cref="Length"/> first.</summary>
    /// <exception cref="EndOfStreamException">The file no longer holds the value.</exception>
    public ReadOnlyMemory<byte> ToMemory()
    {
        if (_store is not FileRange range) return Value;
        Invariant.Holds(range.Length <= Limits.ValueBytesInMemoryMax);
        var bytes = new byte[range.Length];
        range.Read(0, bytes);
        return bytes;
    }

    /// <summary>This element with its value in <paramref name="to"/>, if it now lies in <paramref name="from"/>.
    /// </summary>
    internal DataElement Moved(byte[] from, byte[] to, ref int used)
    {
        if (!ReferenceEquals(_store, from)) return this;
        Array.Copy(from, _offset, to, used, _length);
        used += _length;
        return new DataElement(Tag, Vr, to, used - _length, _length);
    }

    internal DataElement WithVr(Vr vr) => new(Tag, vr, _store, _offset, _length);

    public override string ToString() => $"{Tag} {Vr.Code()} {Length}";
}

/// <summary>The items of a sequence (PS3.5 7.5) and how they were delimited.</summary>
public sealed class Sequence : IReadOnlyList<DataSet>
{
    private DataSet[] _items = [];

    public int Count { get; private set; }

    /// <summary>PS3.5 7.5.1: ended by a delimiter instead of a length.</summary>
    public bool IsUndefinedLength { get; init; }

    /// <summary>PS3.5 6.2.2: inside UN of undefined length the elements have no VRs, whatever the transfer syntax.
    /// </summary>
    public bool IsImplicitVr { get; init; }

    public DataSet this[int index] => Items[index];

    private ArraySegment<DataSet> Items => new(_items, 0, Count);

    public ArraySegment<DataSet>.Enumerator GetEnumerator() => Items.GetEnumerator();

    IEnumerator<DataSet> IEnumerable<DataSet>.GetEnumerator() => Items.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => Items.GetEnumerator();

    internal void Add(DataSet item)
    {
        // Most sequences have one item.
        if (Count == _items.Length) Array.Resize(ref _items, Math.Max(1, 2 * Count));
        _items[Count++] = item;
    }
}

/// <summary>Encapsulated Pixel Data: the Basic Offset Table, then the fragments (PS3.5 A.4).</summary>
public sealed class EncapsulatedFragments : IReadOnlyList<DataElement>
{
    private readonly List<DataElement> _fragments = [];

    /// <summary>The Basic Offset Table counts as the first.</summary>
    public int Count => _fragments.Count;

    public DataElement this[int index] => _fragments[index];

    public List<DataElement>.Enumerator GetEnumerator() => _fragments.GetEnumerator();

    IEnumerator<DataElement> IEnumerable<DataElement>.GetEnumerator() => _fragments.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => _fragments.GetEnumerator();

    /// <summary>Reads a value field that is in memory: items, then a delimiter, and nothing behind it. The fragments
    /// stay slices of it.</summary>
    /// <returns>False if it is anything else.</returns>
    public static bool TryRead(byte[] valueField, [NotNullWhen(true)] out EncapsulatedFragments? fragments)
    {
        fragments = [];
        var rest = valueField.AsSpan();
        while (rest.Length >= 8)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (rest.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF, 0xDD, 0xE0])) return length == 0 && rest.Length == 8;
            if (!rest.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF, 0x00, 0xE0]) || length > rest.Length - 8) break;
            fragments.Add(new DataElement(
                Tag.Item, Vr.OB, valueField, valueField.Length - rest.Length + 8, (int)length));
            rest = rest[(8 + (int)length)..];
        }

        fragments = null;
        return false;
    }

    internal void MoveValues(byte[] from, byte[] to, ref int used)
    {
        for (var i = 0; i < _fragments.Count; i++) _fragments[i] = _fragments[i].Moved(from, to, ref used);
    }

    /// <summary>Adds a fragment with the bytes of a plain element.</summary>
    public void Add(DataElement fragment)
    {
        Invariant.Holds(fragment.Sequence is null && fragment.Fragments is null);
        _fragments.Add(fragment);
    }

    /// <summary>Adds a fragment; an odd number of bytes is not allowed (PS3.5 A.4).</summary>
    public void Add(byte[] fragment)
    {
        Invariant.Holds(fragment.Length % 2 == 0);
        _fragments.Add(new DataElement(Tag.Item, Vr.OB, fragment));
    }
}
