using System.Buffers.Binary;
using Drimbox.Core;

namespace Drimbox.Dicom.Pixels;

/// <summary>RLE frames on their way to native form.</summary>
internal sealed class DecodedFramesPart : FramesPart
{
    private readonly int _swappedWordSize;

    /// <param name="swappedWordSize">Of Explicit VR Big Endian: 2 where the pixels are OW; else 1.</param>
    internal DecodedFramesPart(PixelFrames frames, in PixelLayout layout, int swappedWordSize)
        : base(frames, layout, (int)layout.FrameBytes)
    {
        _swappedWordSize = swappedWordSize;
        Length = layout.FrameBytes * frames.Count;
    }

    internal override long Length { get; }

    /// <summary>Decodes everything once, so that an error is found before the first byte is on its way.</summary>
    /// <exception cref="InvalidDataException">A frame is not RLE.</exception>
    internal void Check()
    {
        // From the end, so that the first one is ready when it is asked for.
        for (var frame = Frames.Count - 1; frame >= 0; frame--)
        {
            if (Frames.LengthOf(frame) > Limits.ValueBytesInMemoryMax)
                throw new InvalidDataException($"Frame {frame + 1} is longer than any RLE frame.");
            Make(frame);
        }
    }

    protected override int Convert(int frame, ReadOnlySpan<byte> source, Span<byte> target)
    {
        target = target[..(int)Layout.FrameBytes];
        var error = RleLossless.Decode(source, Layout, target);
        if (error != RleError.None)
            throw new InvalidDataException($"Frame {frame + 1} is not RLE: {error} (PS3.5 G).");
        DataSetReader.Swap(target, _swappedWordSize);
        return target.Length;
    }
}

/// <summary>Native frames on their way to the fragments of RLE Lossless, each with its item tag.</summary>
internal sealed class EncodedFramesPart : FramesPart
{
    private const int ItemTagBytes = 8;

    /// <summary>Encodes everything once for the lengths, since the length of the whole is sent first.</summary>
    internal EncodedFramesPart(PixelFrames frames, in PixelLayout layout)
        : base(frames, layout, ItemTagBytes + (int)RleLossless.EncodedBytesMax(layout))
    {
        var offsets = new long[frames.Count];
        // From the end: a single frame, and the first of several, is not encoded twice.
        for (var frame = frames.Count - 1; frame >= 0; frame--)
        {
            offsets[frame] = Make(frame);
            Length += offsets[frame];
        }

        long place = 0;
        for (var frame = 0; frame < offsets.Length; frame++) (offsets[frame], place) = (place, place + offsets[frame]);
        Offsets = offsets;
    }

    internal override long Length { get; }

    /// <summary>PS3.5 A.4: from the first byte behind the Basic Offset Table to the item tag of each frame.</summary>
    internal IReadOnlyList<long> Offsets { get; }

    protected override int Convert(int frame, ReadOnlySpan<byte> source, Span<byte> target)
    {
        var length = RleLossless.Encode(source, Layout, target[ItemTagBytes..]);
        BinaryPrimitives.WriteUInt16LittleEndian(target, Tag.Item.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], Tag.Item.Element);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], length);
        return ItemTagBytes + length;
    }
}
