using System.Buffers;
using System.Buffers.Binary;
using Drimbox.Core;

namespace Drimbox.Dicom.Pixels;

/// <content>The encoder.</content>
public static partial class RleLossless
{
    /// <summary>PS3.5 G.3.1: runs and literals of at most 128 bytes.</summary>
    private const int RunMax = 128;

    /// <summary>The most bytes that a frame can become.</summary>
    public static long EncodedBytesMax(in PixelLayout layout)
    {
        // Every 128 literal bytes of a row have a byte before them; each segment is padded to an even length.
        var row = layout.Columns + ((layout.Columns + RunMax - 1) / RunMax);
        return HeaderBytes + (SegmentsOf(layout) * (((long)layout.Rows * row) + 1));
    }

    /// <summary>Encodes one frame.</summary>
    /// <param name="native">A frame in native form, little endian.</param>
    /// <param name="layout">One for which <see cref="CanEncode"/> holds.</param>
    /// <param name="destination"><see cref="EncodedBytesMax"/> bytes.</param>
    /// <returns>Bytes written; even.</returns>
    public static int Encode(ReadOnlySpan<byte> native, in PixelLayout layout, Span<byte> destination)
    {
        Invariant.Holds(CanEncode(layout) && native.Length == layout.FrameBytes);
        var header = destination[..HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(header, SegmentsOf(layout));
        var used = HeaderBytes;
        var bytes = layout.BitsAllocated / 8;
        var row = ArrayPool<byte>.Shared.Rent(layout.Columns);
        for (var segment = 0; segment < SegmentsOf(layout); segment++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header[(4 * (segment + 1))..], used);
            // PS3.5 G.2: sample by sample, in each the most significant byte first.
            var (start, stride) = PlaceOf(layout, segment / bytes);
            start += bytes - 1 - (segment % bytes);
            for (var r = 0; r < layout.Rows; r++)
            {
                // PS3.5 G.3.1: each row is encoded by itself.
                var line = native[(start + (r * layout.Columns * stride))..];
                if (stride == 1)
                {
                    used += Pack(line[..layout.Columns], destination[used..]);
                    continue;
                }

                Take(line, stride, row.AsSpan(0, layout.Columns));
                used += Pack(row.AsSpan(0, layout.Columns), destination[used..]);
            }

            // PS3.5 G.3.1: padded to an even number of bytes.
            if (used % 2 == 1) destination[used++] = 0;
        }

        ArrayPool<byte>.Shared.Return(row);
        return used;
    }

    private static void Take(ReadOnlySpan<byte> line, int stride, Span<byte> row)
    {
        for (int i = 0, at = 0; i < row.Length; i++, at += stride) row[i] = line[at];
    }

    // A run is worth its two bytes from three equal bytes on.
    private static int Pack(ReadOnlySpan<byte> row, Span<byte> destination)
    {
        unchecked
        {
            int used = 0, at = 0, literals = 0;
            while (at < row.Length)
            {
                if (at + 2 < row.Length && row[at] == row[at + 1] && row[at] == row[at + 2])
                {
                    used += Copy(row[literals..at], destination[used..]);
                    var rest = row[at..Math.Min(at + RunMax, row.Length)];
                    var run = rest.IndexOfAnyExcept(row[at]);
                    if (run < 0) run = rest.Length;
                    destination[used++] = (byte)(sbyte)(1 - run);
                    destination[used++] = row[at];
                    at += run;
                    literals = at;
                    continue;
                }

                at++;
            }

            return used + Copy(row[literals..], destination[used..]);
        }
    }

    private static int Copy(ReadOnlySpan<byte> literals, Span<byte> destination)
    {
        unchecked
        {
            var used = 0;
            while (!literals.IsEmpty)
            {
                var count = Math.Min(literals.Length, RunMax);
                destination[used++] = (byte)(count - 1);
                literals[..count].CopyTo(destination[used..]);
                used += count;
                literals = literals[count..];
            }

            return used;
        }
    }
}
