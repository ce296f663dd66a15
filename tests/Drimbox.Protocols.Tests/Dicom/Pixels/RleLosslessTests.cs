using Drimbox.Dicom.Pixels;

namespace Drimbox.Tests.Dicom.Pixels;

/// <summary>RLE of one frame (PS3.5 annex G).</summary>
public sealed class RleLosslessTests
{
    private static readonly PixelLayout TenBytes = new(1, 10, 1, 8, false, 1);

    public static TheoryData<int, int, int, int, bool, int> Layouts => Images.Layouts;

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_frame_comes_back(int rows, int columns, int samples, int bits, bool isByPlane, int frames)
    {
        var layout = new PixelLayout(rows, columns, samples, bits, isByPlane, frames);
        var random = new Random(Seed.Get());
        for (var i = 0; i < 50; i++)
        {
            var native = Images.Pixels((int)layout.FrameBytes, random);
            var encoded = new byte[RleLossless.EncodedBytesMax(layout)];
            var length = RleLossless.Encode(native, layout, encoded);
            Assert.Equal(0, length % 2);
            var decoded = new byte[native.Length];

            Assert.Equal(RleError.None, RleLossless.Decode(encoded.AsSpan(0, length), layout, decoded));
            Assert.Equal(native, decoded);
        }
    }

    [Fact]
    public void Noise_fits_the_size_that_is_announced()
    {
        foreach (var columns in new[] { 1, 127, 128, 129, 256, 257 })
        {
            var layout = new PixelLayout(3, columns, 3, 16, false, 1);
            var native = Enumerable.Range(0, (int)layout.FrameBytes).Select(i => (byte)(i * 7 % 256)).ToArray();
            Assert.InRange(
                RleLossless.Encode(native, layout, new byte[RleLossless.EncodedBytesMax(layout)]),
                64, RleLossless.EncodedBytesMax(layout));
        }
    }

    [Fact]
    public void Segments_are_those_of_the_standard()
    {
        // PS3.5 G.2, G.3, G.5. One row of six pixels of 16 bits: 0102 three times, then 0304, 0305, 0306.
        byte[] native = [0x02, 0x01, 0x02, 0x01, 0x02, 0x01, 0x04, 0x03, 0x05, 0x03, 0x06, 0x03];
        var expected = new ByteText()
            .Add("02000000 40000000 44000000", "two segments, at 64 and at 68")
            .Add(string.Concat(Enumerable.Repeat("00000000", 13)), "unused offsets")
            .Add("FE01 FE03", "high bytes: 01 three times, 03 three times")
            .Add("FE02 02040506", "low bytes: 02 three times, then three as they are")
            .ToArray();
        var encoded = new byte[128];

        var length = RleLossless.Encode(native, new PixelLayout(1, 6, 1, 16, false, 1), encoded);

        Assert.Equal(expected, encoded[..length]);
    }

    [Fact]
    public void A_run_does_not_cross_a_row()
    {
        // PS3.5 G.3.1. Two rows of four equal bytes: two runs.
        var encoded = new byte[128];
        var length = RleLossless.Encode(new byte[8], new PixelLayout(2, 4, 1, 8, false, 1), encoded);
        Assert.Equal("FD00FD00", Convert.ToHexString(encoded[64..length]));
    }

    [Theory]
    [InlineData("F700", "00000000000000000000")]
    [InlineData("80F700", "00000000000000000000")]
    [InlineData("0401020304 05FC07", "01020304050707070707")]
    [InlineData("8109", "09090909090909090909")]
    [InlineData("0900010203040506070809 0000", "00010203040506070809")]
    public void A_segment_is_unpacked(string segment, string expected)
    {
        var decoded = new byte[10];
        Assert.Equal(RleError.None, RleLossless.Decode(Frame(1, [64], segment), TenBytes, decoded));
        Assert.Equal(expected, Convert.ToHexString(decoded));
    }

    [Theory]
    [InlineData(1, 64, "F7", RleError.SegmentTruncated)]
    [InlineData(1, 64, "", RleError.SegmentTruncated)]
    [InlineData(1, 64, "FE01", RleError.SegmentTruncated)]
    [InlineData(1, 64, "0900", RleError.SegmentTruncated)]
    [InlineData(1, 64, "80808080", RleError.SegmentTruncated)]
    [InlineData(2, 64, "F700", RleError.SegmentCount)]
    [InlineData(0, 64, "F700", RleError.SegmentCount)]
    [InlineData(-1, 64, "F700", RleError.SegmentCount)]
    [InlineData(1, 0, "F700", RleError.SegmentOffset)]
    [InlineData(1, 67, "F700", RleError.SegmentOffset)]
    [InlineData(1, -1, "F700", RleError.SegmentOffset)]
    public void What_is_no_RLE_is_named(int segments, int offset, string segment, RleError error) =>
        Assert.Equal(error, RleLossless.Decode(Frame(segments, [offset], segment), TenBytes, new byte[10]));

    [Fact]
    public void Segments_that_go_backwards_and_half_headers_are_refused()
    {
        var pair = new PixelLayout(1, 10, 1, 16, false, 1);
        Assert.Equal(RleError.SegmentOffset, RleLossless.Decode(Frame(2, [66, 64], "F700F700"), pair, new byte[20]));
        Assert.Equal(RleError.HeaderTruncated, RleLossless.Decode(new byte[63], TenBytes, new byte[10]));
    }

    [Fact]
    public void Damaged_frames_are_decoded_or_refused_and_nothing_else()
    {
        var random = new Random(Seed.Get());
        var layout = new PixelLayout(20, 33, 3, 16, false, 1);
        var encoded = new byte[RleLossless.EncodedBytesMax(layout)];
        var length = RleLossless.Encode(Images.Pixels((int)layout.FrameBytes, random), layout, encoded);
        var decoded = new byte[layout.FrameBytes];
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = encoded[..random.Next(random.Next(2) == 0 ? length : 80, length + 1)];
            for (var k = random.Next(1, 5); k > 0; k--)
                damaged[random.Next(random.Next(2) == 0 ? 64 : damaged.Length)] = (byte)random.Next(256);
            RleLossless.Decode(damaged, layout, decoded);
        }
    }

    private static byte[] Frame(int segments, int[] offsets, string segment)
    {
        byte[] frame = [.. new byte[64], .. Convert.FromHexString(segment.Replace(" ", "", StringComparison.Ordinal))];
        BitConverter.TryWriteBytes(frame, segments);
        for (var i = 0; i < offsets.Length; i++) BitConverter.TryWriteBytes(frame.AsSpan(4 * (i + 1)), offsets[i]);
        return frame;
    }
}
