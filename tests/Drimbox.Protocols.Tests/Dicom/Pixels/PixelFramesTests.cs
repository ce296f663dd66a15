using System.Buffers.Binary;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Pixels;

namespace Drimbox.Tests.Dicom.Pixels;

/// <summary>One frame out of many, by the tables and rules of PS3.5 A.4.</summary>
public sealed class PixelFramesTests
{
    [Fact]
    public void A_native_frame_lies_at_its_place()
    {
        var image = Images.Create(4, 6, 1, 16, false, 3, new Random(1));
        Assert.True(image.TryGet(Tag.PixelData, out var pixels));

        Assert.True(PixelFrames.TryCreate(image, out var frames, out _));

        Assert.Equal((3, 48L, false), (frames.Count, frames.LengthOf(1), frames.IsEncapsulated));
        Assert.Equal(pixels.Bytes[48..96].ToArray(), frames.ToMemory(1).ToArray());
    }

    [Theory]
    // Offsets of item tags from the first byte behind the table; fragments of 2, 4, 6 and 8 bytes.
    [InlineData("00000000 16000000", 2, "2,4|6,8")]
    [InlineData("00000000 0A000000 24000000", 3, "2|4,6|8")]
    [InlineData("00000000", 1, "2,4,6,8")]
    [InlineData("", 1, "2,4,6,8")]
    [InlineData("", 4, "2|4|6|8")]
    public void The_basic_offset_table_says_which_fragments_are_a_frame(string table, int count, string expected)
    {
        Assert.True(PixelFrames.TryCreate(Encapsulated(table, count), out var frames, out var refusal), refusal?.Detail);

        Assert.Equal(count, frames.Count);
        var lengths = expected.Split('|').Select(f => f.Split(',').Select(byte.Parse).ToArray()).ToArray();
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(lengths[i].Sum(b => b), frames.LengthOf(i));
            Assert.Equal(lengths[i].SelectMany(b => Enumerable.Repeat(b, b)), frames.ToMemory(i).ToArray());
        }
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("", 5)]
    [InlineData("00000000", 2)]
    [InlineData("00000000 0B000000", 2)]
    [InlineData("0A000000 16000000", 2)]
    [InlineData("16000000 00000000", 2)]
    [InlineData("00000000 FFFFFFFF", 2)]
    [InlineData("", 0)]
    [InlineData("", 2_000_000)]
    public void Frames_that_cannot_be_told_apart_are_refused(string table, int count)
    {
        Assert.False(PixelFrames.TryCreate(Encapsulated(table, count), out _, out var refusal));
        Assert.Equal("(7FE0,0010)", refusal.Location);
    }

    [Fact]
    public void The_extended_offset_table_stands_where_the_basic_one_is_empty()
    {
        var image = Encapsulated("", 2);
        // PS3.3 C.7.6.3.1.8: the lengths leave out the padding of the last fragment.
        image.SetBytes(Tag.ExtendedOffsetTable, Vr.OV, Numbers(0, 22));
        image.SetBytes(Tag.ExtendedOffsetTableLengths, Vr.OV, Numbers(6, 13));

        Assert.True(PixelFrames.TryCreate(image, out var frames, out var refusal), refusal?.Detail);

        Assert.Equal((6L, 13L), (frames.LengthOf(0), frames.LengthOf(1)));
        Assert.Equal("06060606060608080808080808", Convert.ToHexString(frames.ToMemory(1).Span));
    }

    [Fact]
    public void What_is_no_image_or_too_short_for_its_frames_is_refused()
    {
        Assert.False(PixelFrames.TryCreate(new DataSet(), out _, out var refusal));
        Assert.Equal(RefusalReason.RequiredFieldMissing, refusal.Reason);
        var image = Images.Create(4, 6, 1, 16, false, 3, new Random(1));
        image.SetInt(Tag.NumberOfFrames, 4);
        Assert.False(PixelFrames.TryCreate(image, out _, out refusal));
        image.Remove(Tag.Rows);
        Assert.False(PixelFrames.TryCreate(image, out _, out refusal));
        Assert.Equal("(0028,0010)", refusal.Location);
    }

    [Fact]
    public void Fragments_of_a_file_stay_there()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        var image = new DataSet();
        image.SetInt(Tag.NumberOfFrames, 300);
        var fragments = new EncapsulatedFragments { Array.Empty<byte>() };
        for (var i = 0; i < 300; i++) fragments.Add(Enumerable.Repeat((byte)(i % 256), 1_000 + (2 * i)).ToArray());
        image.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        image.SetBytes(new Tag(0xFFFC_FFFC), Vr.OB, [0, 0]);
        var bytes = DataSetWriter.ToBytes(image, TransferSyntax.JPEGBaseline8Bit);
        File.WriteAllBytes(path, bytes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = DataSetReader.ReadFile(path, 0, TransferSyntax.JPEGBaseline8Bit);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(ReadStatus.Done, read.Status);
        // 390,000 bytes of fragments are in the file.
        Assert.InRange(allocated, 0, 100_000);
        Assert.True(PixelFrames.TryCreate(read.DataSet, out var frames, out _));
        Assert.Equal(Enumerable.Repeat((byte)(299 - 256), 1_598), frames.ToMemory(299).ToArray());
        Assert.Equal(bytes, DataSetWriter.ToBytes(read.DataSet, TransferSyntax.JPEGBaseline8Bit));
    }

    private static DataSet Encapsulated(string table, int count)
    {
        var image = new DataSet();
        image.SetInt(Tag.NumberOfFrames, count);
        image.Set(new DataElement(Tag.PixelData, Vr.OB, new EncapsulatedFragments
        {
            Convert.FromHexString(table.Replace(" ", "", StringComparison.Ordinal)),
            Enumerable.Repeat((byte)2, 2).ToArray(),
            Enumerable.Repeat((byte)4, 4).ToArray(),
            Enumerable.Repeat((byte)6, 6).ToArray(),
            Enumerable.Repeat((byte)8, 8).ToArray(),
        }));
        return image;
    }

    private static byte[] Numbers(params long[] numbers)
    {
        var bytes = new byte[8 * numbers.Length];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), numbers[i]);
        return bytes;
    }
}
