using System.Runtime.InteropServices;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;

namespace Drimbox.Tests.Dicom.Pixels;

/// <summary>Instances on their way into another transfer syntax.</summary>
public sealed class TransferSyntaxConverterTests
{
    private static readonly TransferSyntax[] Syntaxes =
    [
        TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian,
        TransferSyntax.ExplicitVRBigEndian, TransferSyntax.RLELossless,
    ];

    public static TheoryData<int, int, int, int, bool, int> Layouts => Images.Layouts;

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_way_leads_back(int rows, int columns, int samples, int bits, bool isByPlane, int frames)
    {
        var random = new Random(Seed.Get());
        var image = Images.Create(rows, columns, samples, bits, isByPlane, frames, random);
        // What follows the pixels stays behind them.
        image.SetBytes(Tag.DataSetTrailingPadding, Vr.OB, new byte[6]);
        var native = DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian);
        foreach (var first in Syntaxes)
        {
            var a = first == TransferSyntax.ExplicitVRLittleEndian
                ? native
                : Converted(native, TransferSyntax.ExplicitVRLittleEndian, first, random);
            foreach (var second in Syntaxes.Where(s => s != first))
            {
                var b = Converted(a, first, second, random);
                var back = second == TransferSyntax.ExplicitVRLittleEndian
                    ? b
                    : Converted(b, second, TransferSyntax.ExplicitVRLittleEndian, random);
                AssertSame(image, DataSetReader.TryRead(back, TransferSyntax.ExplicitVRLittleEndian, out _)!);
            }
        }
    }

    [Theory]
    [InlineData(300, 300, 1, 16, 3)]
    [InlineData(300, 301, 3, 8, 2)]
    [InlineData(201, 201, 1, 8, 5)]
    public void A_file_is_converted_as_memory_is(int rows, int columns, int samples, int bits, int frames)
    {
        using var folder = new TemporaryFolder();
        var image = Images.Create(rows, columns, samples, bits, false, frames, new Random(3));
        foreach (var from in Syntaxes)
        {
            var bytes = DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian);
            if (from != TransferSyntax.ExplicitVRLittleEndian)
                bytes = Converted(bytes, TransferSyntax.ExplicitVRLittleEndian, from, new Random(4));
            var path = folder.File(from.Keyword);
            File.WriteAllBytes(path, [.. Part10Writer.Header(SopClass.CTImageStorage, Uid.Parse("1.2"), from.Uid), .. bytes]);
            foreach (var to in Syntaxes.Where(t => t != from))
            {
                var source = InstanceSource.FromPart10File(path, SopClass.CTImageStorage, Uid.Parse("1.2"), from.Uid);
                Assert.Equal(
                    Converted(bytes, from, to, new Random(5)),
                    ReadAll(TransferSyntaxConverter.Convert(source, to), new Random(6)));
            }
        }
    }

    [Fact]
    public void Encapsulated_frames_have_a_basic_offset_table()
    {
        var image = Images.Create(5, 9, 1, 8, false, 4, new Random(1));
        var bytes = Converted(
            DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian),
            TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.RLELossless, new Random(2));

        var read = DataSetReader.TryRead(bytes, TransferSyntax.RLELossless, out _)!;

        Assert.True(read.TryGet(Tag.PixelData, out var pixels));
        Assert.Equal(16, pixels.Fragments![0].Length);
        Assert.True(PixelFrames.TryCreate(read, out var frames, out var refusal), refusal?.Detail);
        Assert.Equal(4, frames.Count);
    }

    [Fact]
    public void The_icon_of_a_compressed_image_is_decoded_with_it()
    {
        var image = Images.Create(5, 8, 1, 16, false, 1, new Random(1));
        var icon = Images.Create(2, 3, 1, 8, false, 1, new Random(2));
        icon.TryGet(Tag.PixelData, out var native);
        var layout = new PixelLayout(2, 3, 1, 8, false, 1);
        var encoded = new byte[RleLossless.EncodedBytesMax(layout)];
        var length = RleLossless.Encode(native.Bytes, layout, encoded);
        var bytes = Converted(
            DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian),
            TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.RLELossless, new Random(2));
        var compressed = DataSetReader.TryRead(bytes, TransferSyntax.RLELossless, out _)!;
        var item = new DataSet(compressed);
        foreach (var tag in new[] { Tag.Rows, Tag.Columns, Tag.BitsAllocated, Tag.SamplesPerPixel })
            item.SetInt(tag, icon.GetInt(tag)!.Value);
        item.Set(new DataElement(
            Tag.PixelData, Vr.OB, new EncapsulatedFragments { Array.Empty<byte>(), encoded[..length] }));
        compressed.SetSequence(Tag.IconImageSequence, item);

        var decoded = Converted(
            DataSetWriter.ToBytes(compressed, TransferSyntax.RLELossless),
            TransferSyntax.RLELossless, TransferSyntax.ImplicitVRLittleEndian, new Random(2));

        var read = DataSetReader.TryRead(decoded, TransferSyntax.ImplicitVRLittleEndian, out _)!;
        Assert.True(read.GetItems(Tag.IconImageSequence)[0].TryGet(Tag.PixelData, out var pixels));
        Assert.Equal(native.Bytes.ToArray(), pixels.Bytes.ToArray());
    }

    [Fact]
    public void What_cannot_be_converted_is_refused_before_its_first_byte()
    {
        var image = Images.Create(5, 8, 1, 16, false, 2, new Random(1));
        var bytes = Converted(
            DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian),
            TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.RLELossless, new Random(2));
        // The second frame says that it has nine segments.
        DataSetReader.TryRead(bytes, TransferSyntax.RLELossless, out _)!.TryGet(Tag.PixelData, out var pixels);
        Assert.True(MemoryMarshal.TryGetArray(pixels.Fragments![2].Value, out var second));
        bytes[second.Offset] = 9;
        AssertRefused(bytes, TransferSyntax.RLELossless, TransferSyntax.ExplicitVRLittleEndian, "Frame 2 is not RLE");

        image.SetInt(Tag.BitsAllocated, 12);
        AssertRefused(
            DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian),
            TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.RLELossless, "BitsAllocated");
        AssertRefused([1, 2, 3], TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.RLELossless, "ends inside");
    }

    [Fact]
    public void A_document_is_converted_without_pixels()
    {
        var document = new DataSet();
        document.SetUid(Tag.SOPInstanceUID, Uid.Parse("1.2"));
        document.SetString(Tag.PatientID, "IPP101");
        var bytes = DataSetWriter.ToBytes(document, TransferSyntax.ImplicitVRLittleEndian);

        Assert.Equal(
            DataSetWriter.ToBytes(document, TransferSyntax.ExplicitVRLittleEndian),
            Converted(bytes, TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.RLELossless, new Random(1)));
    }

    [Fact]
    public void An_instance_is_sent_as_it_is_or_as_the_best_that_was_accepted()
    {
        var rle = InstanceSource.FromMemory(
            default, SopClass.CTImageStorage, Uid.Parse("1.2"), TransferSyntax.RLELossless.Uid);
        Assert.Same(rle, TransferSyntaxConverter.Fit(rle, (_, _) => true));
        Assert.Equal(
            TransferSyntax.ExplicitVRLittleEndian.Uid,
            TransferSyntaxConverter.Fit(rle, (_, s) => s != TransferSyntax.RLELossless.Uid)!.TransferSyntaxUid);
        Assert.Equal(
            TransferSyntax.ImplicitVRLittleEndian.Uid,
            TransferSyntaxConverter.Fit(rle, (_, s) => s == TransferSyntax.ImplicitVRLittleEndian.Uid)!.TransferSyntaxUid);
        Assert.Null(TransferSyntaxConverter.Fit(rle, (_, _) => false));

        var jpeg = InstanceSource.FromMemory(
            default, SopClass.CTImageStorage, Uid.Parse("1.2"), TransferSyntax.JPEGBaseline8Bit.Uid);
        Assert.Null(TransferSyntaxConverter.Fit(jpeg, (_, s) => s != jpeg.TransferSyntaxUid));
    }

    [Fact]
    public void Only_one_frame_is_in_memory_at_a_time()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        var image = Images.Create(256, 256, 1, 16, false, 1, new Random(3));
        image.TryGet(Tag.PixelData, out var frame);
        image.SetInt(Tag.NumberOfFrames, 200);
        image.SetBytes(Tag.PixelData, Vr.OW, [.. Enumerable.Repeat(frame.Value.ToArray(), 200).SelectMany(f => f)]);
        File.WriteAllBytes(path, DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
        var source = InstanceSource.FromFile(
            path, 0, SopClass.CTImageStorage, Uid.Parse("1.2"), TransferSyntax.ExplicitVRLittleEndian.Uid);
        var buffer = new byte[128 * 1024];

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var content = TransferSyntaxConverter.Convert(source, TransferSyntax.RLELossless).Open();
        long total = 0;
        while (content.Read(buffer) is var count and > 0) total += count;

        Assert.Equal(content.Length, total);
        // 26 MB of pixels; a frame has 128 KiB, and the pool may have had none to lend.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_500_000);
    }

    private static void AssertRefused(byte[] bytes, TransferSyntax from, TransferSyntax to, string sentence)
    {
        var source = InstanceSource.FromMemory(bytes, SopClass.CTImageStorage, Uid.Parse("1.2"), from.Uid);
        var refused = Assert.Throws<InvalidDataException>(() => TransferSyntaxConverter.Convert(source, to).Open());
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Converted(byte[] bytes, TransferSyntax from, TransferSyntax to, Random random) =>
        ReadAll(
            TransferSyntaxConverter.Convert(
                InstanceSource.FromMemory(bytes, SopClass.CTImageStorage, Uid.Parse("1.2"), from.Uid), to), random);

    private static byte[] ReadAll(InstanceSource source, Random random)
    {
        using var content = source.Open();
        var bytes = new List<byte>();
        var buffer = new byte[70_000];
        while (true)
        {
            var count = content.Read(buffer.AsSpan(0, random.Next(1, random.Next(2) == 0 ? 100 : buffer.Length)));
            if (count == 0) break;
            bytes.AddRange(buffer.AsSpan(0, count));
        }

        Assert.Equal(content.Length, bytes.Count);
        return [.. bytes];
    }

    private static void AssertSame(DataSet expected, DataSet actual)
    {
        Assert.Equal(
            expected.Elements.ToArray().Select(e => e.Tag), actual.Elements.ToArray().Select(e => e.Tag));
        foreach (var element in expected.Elements)
        {
            actual.TryGet(element.Tag, out var other);
            if (element.Sequence is not null) continue;
            var bytes = element.Bytes.ToArray();
            Assert.Equal(bytes.Length % 2 == 0 ? bytes : [.. bytes, 0], other.Bytes.ToArray());
        }
    }
}
