using System.Buffers;
using System.Buffers.Binary;
using Drimbox.Core;
using Drimbox.Dicom.Pixels;

namespace Drimbox.Dicom;

/// <summary>
/// Writes data sets in the order in which their elements stand and with the delimitation that each sequence and item
/// has, so that what was read comes out byte for byte in the same transfer syntax. Deflated syntaxes are not written.
/// </summary>
public static class DataSetWriter
{
    private const int ChunkBytes = 64 * 1024;

    public static byte[] ToBytes(DataSet dataSet, TransferSyntax syntax)
    {
        var lengths = Measure(dataSet, syntax, out var total);
        var output = new ArrayTarget(new byte[total]);
        new Pass(output, syntax, lengths).Write(dataSet, syntax.IsImplicitVr, 0);
        Invariant.Holds(output.Used == total);
        return output.Array;
    }

    /// <summary>Writes into a buffer writer, in chunks of at most 64 KiB.</summary>
    public static void Write(DataSet dataSet, TransferSyntax syntax, IBufferWriter<byte> output) =>
        new Pass(output, syntax, Measure(dataSet, syntax, out _)).Write(dataSet, syntax.IsImplicitVr, 0);

    public static void Write(DataSet dataSet, TransferSyntax syntax, Stream output)
    {
        using var buffer = new StreamBuffer(output);
        Write(dataSet, syntax, buffer);
        buffer.Flush();
    }

    /// <summary>The number of bytes that the writers above produce.</summary>
    public static long LengthOf(DataSet dataSet, TransferSyntax syntax)
    {
        Measure(dataSet, syntax, out var total);
        return total;
    }

    /// <summary>The parts of the encoding: long values stay where they are until they are read.</summary>
    internal static void Write(DataSet dataSet, TransferSyntax syntax, ContentParts output) =>
        Write(dataSet, syntax, (IBufferWriter<byte>)output);

    // The lengths of all sequences and items, in the order in which the writing pass meets them.
    private static List<uint> Measure(DataSet dataSet, TransferSyntax syntax, out long total)
    {
        Invariant.Holds(!syntax.IsDeflated);
        var lengths = new List<uint>();
        total = Measure(dataSet, syntax, syntax.IsImplicitVr, lengths, 0);
        return lengths;
    }

    // Recursion is bounded: what is read is at most Limits.SequenceDepthMax deep, and so must be what we make.
    private static long Measure(DataSet dataSet, TransferSyntax syntax, bool implicitVr, List<uint> lengths, int depth)
    {
        Invariant.Holds(depth <= Limits.SequenceDepthMax);
        long total = 0;
        foreach (ref readonly var element in dataSet.Elements)
        {
            if (IsSkipped(dataSet, element.Tag, syntax)) continue;
            total += HeaderLength(element, implicitVr);
            if (element.Sequence is { } sequence)
            {
                var slot = lengths.Count;
                lengths.Add(0);
                long length = 0;
                foreach (var item in sequence)
                {
                    var itemSlot = lengths.Count;
                    lengths.Add(0);
                    var itemLength = Measure(item, syntax, implicitVr || sequence.IsImplicitVr, lengths, depth + 1);
                    lengths[itemSlot] = DefinedLength(itemLength, item.IsUndefinedLength);
                    length += 8 + itemLength + (item.IsUndefinedLength ? 8 : 0);
                }

                lengths[slot] = DefinedLength(length, sequence.IsUndefinedLength);
                total += length + (sequence.IsUndefinedLength ? 8 : 0);
            }
            else if (element.Fragments is { } fragments)
            {
                foreach (var fragment in fragments) total += 8 + fragment.Length;
                total += 8;
            }
            else
            {
                total += element.Length + (element.Length & 1);
            }
        }

        return total;
    }

    private static uint DefinedLength(long length, bool undefined)
    {
        if (undefined) return DataSetTokenizer.UndefinedLength;
        Invariant.Holds(length < DataSetTokenizer.UndefinedLength);
        return (uint)length;
    }

    // PS3.5 7.2: group lengths hold only in the encoding they were computed for, and are optional.
    private static bool IsSkipped(DataSet dataSet, Tag tag, TransferSyntax syntax) =>
        tag.IsGroupLength && tag.Group > 2 && dataSet.SourceSyntax is { } source && source != syntax;

    private static bool IsLong(in DataElement element) =>
        // PS3.5 6.2.2: what does not fit the 16-bit length of its VR is written as UN.
        !element.Vr.HasShortLength() || element.Length > 0xFFFE;

    private static int HeaderLength(in DataElement element, bool implicitVr) =>
        implicitVr || !IsLong(element) ? 8 : 12;

    private sealed class Pass(IBufferWriter<byte> output, TransferSyntax syntax, List<uint> lengths)
    {
        private bool _bigEndian = syntax.IsBigEndian;
        private int _next;

        internal void Write(DataSet dataSet, bool implicitVr, int depth)
        {
            foreach (ref readonly var element in dataSet.Elements)
            {
                if (IsSkipped(dataSet, element.Tag, syntax)) continue;
                if (element.Sequence is { } sequence)
                {
                    WriteSequence(element, sequence, implicitVr, depth);
                }
                else if (element.Fragments is { } fragments)
                {
                    // PS3.5 A.4: fragments exist only with explicit VRs.
                    Invariant.Holds(!implicitVr);
                    WriteHeader(element, DataSetTokenizer.UndefinedLength, implicitVr);
                    foreach (var fragment in fragments)
                    {
                        WriteItemTag(Tag.Item, (uint)fragment.Length);
                        WriteValue(fragment, wordSize: 1);
                    }

                    WriteItemTag(Tag.SequenceDelimitationItem, 0);
                }
                else
                {
                    var length = element.Length + (element.Length & 1);
                    WriteHeader(element, checked((uint)length), implicitVr);
                    WriteValue(element, element.Vr.WordSize());
                    if (length > element.Length) WriteByte(element.Vr.Padding());
                }
            }
        }

        private void WriteSequence(in DataElement element, Sequence sequence, bool implicitVr, int depth)
        {
            WriteHeader(element, lengths[_next++], implicitVr);
            var outside = _bigEndian;
            // PS3.5 6.2.2: Implicit VR Little Endian inside UN, whatever is around it.
            _bigEndian &= !sequence.IsImplicitVr;
            foreach (var item in sequence)
            {
                WriteItemTag(Tag.Item, lengths[_next++]);
                Write(item, implicitVr || sequence.IsImplicitVr, depth + 1);
                if (item.IsUndefinedLength) WriteItemTag(Tag.ItemDelimitationItem, 0);
            }

            if (sequence.IsUndefinedLength) WriteItemTag(Tag.SequenceDelimitationItem, 0);
            _bigEndian = outside;
        }

        private void WriteHeader(in DataElement element, uint length, bool implicitVr)
        {
            var span = output.GetSpan(HeaderLength(element, implicitVr));
            PutTag(span, element.Tag);
            if (implicitVr)
            {
                PutUInt32(span[4..], length);
                output.Advance(8);
                return;
            }

            var isLong = IsLong(element);
            var vr = isLong && element.Vr.HasShortLength() ? Vr.UN : element.Vr;
            span[4] = (byte)((ushort)vr >> 8);
            span[5] = (byte)((ushort)vr & 0xFF);
            PutUInt16(span[6..], isLong ? (ushort)0 : (ushort)length);
            if (isLong) PutUInt32(span[8..], length);
            output.Advance(isLong ? 12 : 8);
        }

        private void WriteItemTag(Tag tag, uint length)
        {
            var span = output.GetSpan(8);
            PutTag(span, tag);
            PutUInt32(span[4..], length);
            output.Advance(8);
        }

        private void WriteValue(in DataElement element, int wordSize)
        {
            if (output is ContentParts parts && parts.TryRefer(element, _bigEndian ? wordSize : 1)) return;
            using var file = element.Range?.Open();
            long position = 0;
            while (position < element.Length)
            {
                var count = (int)Math.Min(element.Length - position, ChunkBytes);
                var span = output.GetSpan(count)[..count];
                if (element.Range is { } range) range.Read(file!, position, span);
                else element.Bytes.Slice((int)position, count).CopyTo(span);
                if (_bigEndian) DataSetReader.Swap(span, wordSize);
                output.Advance(count);
                position += count;
            }
        }

        private void WriteByte(byte value)
        {
            output.GetSpan(1)[0] = value;
            output.Advance(1);
        }

        private void PutTag(Span<byte> span, Tag tag)
        {
            PutUInt16(span, tag.Group);
            PutUInt16(span[2..], tag.Element);
        }

        private void PutUInt16(Span<byte> span, ushort value)
        {
            if (_bigEndian) BinaryPrimitives.WriteUInt16BigEndian(span, value);
            else BinaryPrimitives.WriteUInt16LittleEndian(span, value);
        }

        private void PutUInt32(Span<byte> span, uint value)
        {
            if (_bigEndian) BinaryPrimitives.WriteUInt32BigEndian(span, value);
            else BinaryPrimitives.WriteUInt32LittleEndian(span, value);
        }
    }

    // Exactly as long as was measured: every request above is for exactly what is then written.
    private sealed class ArrayTarget(byte[] array) : IBufferWriter<byte>
    {
        internal byte[] Array => array;

        internal int Used { get; private set; }

        public void Advance(int count) => Used += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => array.AsMemory(Used);

        public Span<byte> GetSpan(int sizeHint = 0) => array.AsSpan(Used);
    }

    private sealed class StreamBuffer(Stream stream) : IBufferWriter<byte>, IDisposable
    {
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(2 * ChunkBytes);
        private int _used;

        public void Advance(int count) => _used += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length - _used < Math.Max(sizeHint, 1)) Flush();
            return _buffer.AsMemory(_used);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public void Flush()
        {
            stream.Write(_buffer, 0, _used);
            _used = 0;
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
    }
}
