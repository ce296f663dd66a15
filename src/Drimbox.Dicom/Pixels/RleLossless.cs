using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Drimbox.Dicom.Pixels;

/// <summary>Why a frame is not RLE.</summary>
public enum RleError
{
    None,

    /// <summary>Shorter than its header of 64 bytes.</summary>
    HeaderTruncated,

    /// <summary>Not one segment for each byte of each sample of a pixel.</summary>
    SegmentCount,

    /// <summary>An offset that is not behind the header, not behind the one before, or beyond the frame.</summary>
    SegmentOffset,

    /// <summary>A segment ends before it gave a byte to every pixel.</summary>
    SegmentTruncated,
}

/// <summary>RLE compression of one frame. Source: PS3.5 annex G.</summary>
public static partial class RleLossless
{
    /// <summary>PS3.5 G.5: 16 fields of 32 bits.</summary>
    private const int HeaderBytes = 64;

    /// <summary>PS3.5 G.5: 15 offsets.</summary>
    private const int SegmentsMax = 15;

    /// <summary>PS3.5 G.2: whole bytes, and at most 15 of them a pixel; a frame that memory holds.</summary>
    public static bool CanEncode(in PixelLayout layout) =>
        layout.BitsAllocated % 8 == 0 && SegmentsOf(layout) <= SegmentsMax
        && layout.FrameBytes <= Core.Limits.ValueBytesInMemoryMax;

    /// <summary>Decodes one frame into native form, little endian, in the planar configuration of
    /// <paramref name="layout"/>.</summary>
    /// <param name="frame">The fragment. What follows the last byte that a pixel needs is padding.</param>
    /// <param name="layout">One for which <see cref="CanEncode"/> holds.</param>
    /// <param name="destination"><see cref="PixelLayout.FrameBytes"/> bytes.</param>
    public static RleError Decode(ReadOnlySpan<byte> frame, in PixelLayout layout, Span<byte> destination)
    {
        var segments = SegmentsOf(layout);
        var error = CheckHeader(frame, segments);
        if (error != RleError.None) return error;
        var pixels = (int)layout.Pixels;
        var bytes = layout.BitsAllocated / 8;
        if (bytes * (layout.IsByPlane ? 1 : layout.SamplesPerPixel) == 1)
        {
            // Bytes of one plane lie together in both forms.
            for (var s = 0; s < segments; s++)
            {
                if (!Unpack(SegmentOf(frame, s, segments), destination.Slice(s * pixels, pixels)))
                    return RleError.SegmentTruncated;
            }

            return RleError.None;
        }

        var planes = ArrayPool<byte>.Shared.Rent(pixels * segments);
        try
        {
            for (var s = 0; s < segments; s++)
            {
                if (!Unpack(SegmentOf(frame, s, segments), planes.AsSpan(s * pixels, pixels)))
                    return RleError.SegmentTruncated;
            }

            Merge(planes, layout, destination);
            return RleError.None;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(planes);
        }
    }

    private static int SegmentsOf(in PixelLayout layout) => layout.SamplesPerPixel * layout.BitsAllocated / 8;

    // PS3.5 G.5: the number of segments, then where each begins, from the start of the header.
    private static RleError CheckHeader(ReadOnlySpan<byte> frame, int segments)
    {
        if (frame.Length < HeaderBytes) return RleError.HeaderTruncated;
        if (BinaryPrimitives.ReadUInt32LittleEndian(frame) != segments) return RleError.SegmentCount;
        uint last = HeaderBytes;
        for (var s = 0; s < segments; s++)
        {
            var offset = OffsetOf(frame, s);
            if (offset < last || offset > frame.Length) return RleError.SegmentOffset;
            last = offset;
        }

        return RleError.None;
    }

    private static uint OffsetOf(ReadOnlySpan<byte> frame, int segment) =>
        BinaryPrimitives.ReadUInt32LittleEndian(frame[(4 * (segment + 1))..]);

    // Of a frame whose header was checked.
    private static ReadOnlySpan<byte> SegmentOf(ReadOnlySpan<byte> frame, int segment, int segments)
    {
        var end = segment + 1 < segments ? (int)OffsetOf(frame, segment + 1) : frame.Length;
        return frame[(int)OffsetOf(frame, segment)..end];
    }

    // PS3.5 G.3.2: n from 0 to 127: the next n + 1 bytes as they are; from -1 to -127: the next byte 1 - n times;
    // -128: nothing.
    private static bool Unpack(ReadOnlySpan<byte> segment, Span<byte> plane)
    {
        unchecked
        {
            var from = 0;
            while (!plane.IsEmpty)
            {
                if (from >= segment.Length) return false;
                var n = (sbyte)segment[from++];
                if (n >= 0)
                {
                    // Some encoders do not end a run with the plane: what is over is dropped.
                    var count = Math.Min(n + 1, plane.Length);
                    if (segment.Length - from < count) return false;
                    segment.Slice(from, count).CopyTo(plane);
                    from += count;
                    plane = plane[count..];
                }
                else if (n != -128)
                {
                    if (from >= segment.Length) return false;
                    var count = Math.Min(1 - n, plane.Length);
                    plane[..count].Fill(segment[from++]);
                    plane = plane[count..];
                }
            }

            return true;
        }
    }

    // PS3.5 G.2: the planes are sample by sample, in each the most significant byte first.
    private static void Merge(ReadOnlySpan<byte> planes, in PixelLayout layout, Span<byte> destination)
    {
        var pixels = (int)layout.Pixels;
        var bytes = layout.BitsAllocated / 8;
        for (var s = 0; s < layout.SamplesPerPixel; s++)
        {
            var (start, stride) = PlaceOf(layout, s);
            var sample = planes.Slice(s * bytes * pixels, bytes * pixels);
            if (bytes == 2 && stride == 2)
            {
                MergePairs(sample[..pixels], sample[pixels..], destination.Slice(start, 2 * pixels));
                continue;
            }

            for (var b = 0; b < bytes; b++)
            {
                var plane = sample.Slice(b * pixels, pixels);
                var to = destination[(start + bytes - 1 - b)..];
                for (int p = 0, at = 0; p < plane.Length; p++, at += stride) to[at] = plane[p];
            }
        }
    }

    /// <returns>Where the first byte of a sample lies in a frame, and how far the next pixel is.</returns>
    private static (int Start, int Stride) PlaceOf(in PixelLayout layout, int sample)
    {
        var bytes = layout.BitsAllocated / 8;
        return layout.IsByPlane
            ? (sample * bytes * (int)layout.Pixels, bytes)
            : (sample * bytes, bytes * layout.SamplesPerPixel);
    }

    private static void MergePairs(ReadOnlySpan<byte> high, ReadOnlySpan<byte> low, Span<byte> destination)
    {
        var pairs = MemoryMarshal.Cast<byte, ushort>(destination);
        var i = 0;
        for (; i <= low.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var (low0, low1) = Vector128.Widen(Vector128.Create(low.Slice(i, Vector128<byte>.Count)));
            var (high0, high1) = Vector128.Widen(Vector128.Create(high.Slice(i, Vector128<byte>.Count)));
            (low0 | (high0 << 8)).CopyTo(pairs[i..]);
            (low1 | (high1 << 8)).CopyTo(pairs[(i + Vector128<ushort>.Count)..]);
        }

        for (; i < low.Length; i++) pairs[i] = (ushort)(low[i] | (high[i] << 8));
    }
}
