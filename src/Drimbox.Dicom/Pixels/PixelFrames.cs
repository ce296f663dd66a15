using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;

namespace Drimbox.Dicom.Pixels;

/// <summary>The frames of Pixel Data, native or encapsulated, each without the others. Source: PS3.5 A.4 (offset
/// tables and fragments), 8.1 (native).</summary>
public sealed class PixelFrames
{
    private readonly DataElement _pixelData;
    private readonly long _frameBytes;

    // Of encapsulated frames: the first fragment of each, and behind the last frame their end.
    private readonly int[]? _firstFragment;

    // By the Extended Offset Table Lengths, or null: the fragments are then as long as they are.
    private readonly long[]? _lengths;

    private PixelFrames(DataElement pixelData, int count, long frameBytes, int[]? firstFragment, long[]? lengths)
    {
        _pixelData = pixelData;
        Count = count;
        _frameBytes = frameBytes;
        _firstFragment = firstFragment;
        _lengths = lengths;
    }

    public int Count { get; }

    [MemberNotNullWhen(true, nameof(_firstFragment))]
    public bool IsEncapsulated => _firstFragment is not null;

    /// <summary>Finds the frames.</summary>
    /// <param name="refusal">Why they cannot be told apart.</param>
    public static bool TryCreate(
        DataSet dataSet, [NotNullWhen(true)] out PixelFrames? frames, [NotNullWhen(false)] out Refusal? refusal)
    {
        frames = null;
        if (!dataSet.TryGet(Tag.PixelData, out var pixelData))
        {
            refusal = Refused("The data set has no Pixel Data.") with { Reason = RefusalReason.RequiredFieldMissing };
            return false;
        }

        if (pixelData.Fragments is { } fragments)
        {
            // The number of frames only: what the other attributes say of the pixels, the codec knows better.
            var count = dataSet.GetInt(Tag.NumberOfFrames) ?? 1;
            refusal = count is < 1 or > Limits.FramesPerInstanceMax
                ? Refused($"The number of frames is not from 1 to {Limits.FramesPerInstanceMax}.")
                : null;
            long[]? lengths = null;
            int[]? first = null;
            if (refusal is null) first = FirstFragments(dataSet, fragments, count, out lengths, out refusal);
            if (refusal is null) frames = new PixelFrames(pixelData, count, 0, first, lengths);
            return frames is not null;
        }

        if (!PixelLayout.TryRead(dataSet, out var layout, out refusal)) return false;
        if (layout.Frames > 1 && !layout.AreFramesWholeBytes)
            refusal = Refused("Frames of single bits do not begin at a byte.");
        else if (pixelData.Length < layout.FrameBytes * layout.Frames)
            refusal = Refused("Pixel Data is shorter than its frames.");
        else
            frames = new PixelFrames(pixelData, layout.Frames, layout.FrameBytes, null, null);
        return frames is not null;
    }

    /// <summary>Bytes of one frame; frames count from 0.</summary>
    public long LengthOf(int frame)
    {
        Invariant.Holds(frame >= 0 && frame < Count);
        if (!IsEncapsulated) return _frameBytes;
        long length = 0;
        for (var i = _firstFragment[frame]; i < _firstFragment[frame + 1]; i++) length += Fragment(i).Length;
        return _lengths is null ? length : Math.Min(length, _lengths[frame]);
    }

    /// <summary>Reads one frame; frames count from 0.</summary>
    /// <param name="destination">At least <see cref="LengthOf"/> bytes.</param>
    /// <exception cref="EndOfStreamException">The file that holds it became shorter.</exception>
    public void Read(int frame, Span<byte> destination)
    {
        Invariant.Holds(LengthOf(frame) <= destination.Length);
        destination = destination[..(int)LengthOf(frame)];
        if (!IsEncapsulated)
        {
            Copy(_pixelData, frame * _frameBytes, destination);
            return;
        }

        for (var i = _firstFragment[frame]; !destination.IsEmpty; i++)
        {
            var part = destination[..(int)Math.Min(destination.Length, Fragment(i).Length)];
            Copy(Fragment(i), 0, part);
            destination = destination[part.Length..];
        }
    }

    /// <summary>One frame; for one in memory and in one piece, a slice of it.</summary>
    /// <inheritdoc cref="Read"/>
    public ReadOnlyMemory<byte> ToMemory(int frame)
    {
        var length = (int)LengthOf(frame);
        if (!IsEncapsulated && _pixelData.IsInMemory)
            return _pixelData.Value.Slice((int)(frame * _frameBytes), length);
        if (IsEncapsulated && _firstFragment[frame + 1] - _firstFragment[frame] == 1
            && Fragment(_firstFragment[frame]) is { IsInMemory: true } only) return only.Value[..length];
        var bytes = new byte[length];
        Read(frame, bytes);
        return bytes;
    }

    private DataElement Fragment(int index) => _pixelData.Fragments![index];

    private static void Copy(in DataElement element, long position, Span<byte> destination)
    {
        if (element.Range is { } range) range.Read(position, destination);
        else element.Bytes.Slice((int)position, destination.Length).CopyTo(destination);
    }

    private static int[]? FirstFragments(
        DataSet dataSet, EncapsulatedFragments fragments, int count, out long[]? lengths, out Refusal? refusal)
    {
        lengths = null;
        refusal = null;
        // The first item is the Basic Offset Table, empty or not (PS3.5 A.4).
        var available = fragments.Count - 1;
        if (available < count)
        {
            refusal = Refused($"{count} frames in {Math.Max(0, available)} fragments.");
            return null;
        }

        // Not read if it cannot be right: it may lie in a file and be as long as one.
        var table = fragments[0].Length is 0 or <= 4L * Limits.FramesPerInstanceMax
            ? Offsets(dataSet, fragments, out lengths)
            : [];
        if (table is null)
        {
            if (count == 1) return [1, fragments.Count];
            // Without a table: one fragment a frame, or no one can tell.
            if (available == count) return [.. Enumerable.Range(1, count + 1)];
            refusal = Refused($"No offset table says which of {available} fragments are which of {count} frames.");
            return null;
        }

        if (table.Length != count || (lengths is not null && lengths.Length != count))
        {
            refusal = Refused($"An offset table of {table.Length} entries for {count} frames.");
            return null;
        }

        // PS3.5 A.4: offsets of item tags, from the first byte behind the Basic Offset Table.
        var first = new int[count + 1];
        first[count] = fragments.Count;
        var frame = 0;
        ulong place = 0;
        for (var i = 1; i < fragments.Count; i++)
        {
            if (frame < count && table[frame] == place) first[frame++] = i;
            place += 8 + (ulong)fragments[i].Length;
        }

        if (frame == count && first[0] == 1) return first;
        refusal = Refused($"The offset of frame {frame + 1} is not that of a fragment.");
        return null;
    }

    // PS3.5 A.4; PS3.3 C.7.6.3.1.8: the extended table stands where the basic one is empty.
    private static ulong[]? Offsets(DataSet dataSet, EncapsulatedFragments fragments, out long[]? lengths)
    {
        lengths = null;
        if (fragments[0].Length > 0)
        {
            var basic = fragments[0].ToMemory().Span;
            var table = new ulong[basic.Length / 4];
            for (var i = 0; i < table.Length; i++) table[i] = BinaryPrimitives.ReadUInt32LittleEndian(basic[(4 * i)..]);
            return table;
        }

        if (Numbers(dataSet, Tag.ExtendedOffsetTable) is not { } extended) return null;
        lengths = Numbers(dataSet, Tag.ExtendedOffsetTableLengths)
            ?.Select(n => (long)Math.Min(n, long.MaxValue)).ToArray();
        return extended;
    }

    private static ulong[]? Numbers(DataSet dataSet, Tag tag)
    {
        if (!dataSet.TryGet(tag, out var element) || element.Length == 0
            || element.Length > Limits.ValueBytesInMemoryMax) return null;
        var bytes = element.ToMemory().Span;
        var numbers = new ulong[bytes.Length / 8];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(8 * i)..]);
        return numbers;
    }

    private static Refusal Refused(string sentence) =>
        new(RefusalReason.Malformed, sentence, Tag.PixelData.ToString());
}
