using System.Buffers.Binary;
using Drimbox.Core;
using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom.Attacks;

/// <summary>Attack A4 in the small: data sets of a megabyte made of what costs a reader most for a byte. No data set
/// that is worth the name comes near: this is the worst that a query identifier of its longest can cost.</summary>
public sealed class AmplificationTests
{
    private const int InputBytes = 1024 * 1024;

#if DEBUG
    // Without optimisation the tables of the dictionary are objects at each look-up.
    private const int Factor = 24;
#else
    // Measured 12: an item that holds one empty element is 16 bytes of the peer's, and 190 of ours.
    private const int Factor = 12;
#endif

    // Implicit VR little endian: the headers are the shortest.
    [Theory]
    [InlineData("empty elements")]
    [InlineData("empty items")]
    [InlineData("items with one element")]
    [InlineData("empty sequences")]
    [InlineData("sequences of one empty item")]
    [InlineData("small values")]
    [InlineData("many sequences in items")]
    public void A4_many_small_parts_cost_a_bounded_multiple_of_their_bytes(string what)
    {
        var input = Input(what);
        Read(input, fragment: input.Length);
        foreach (var fragment in new[] { input.Length, 1000 })
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var reader = Read(input, fragment);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{what} by {fragment}: {reader.Status} {reader.Error.Reason} at {reader.Position}, "
                + $"{allocated} bytes for {input.Length}");
            Assert.InRange(allocated, 0, (Factor * (long)input.Length) + (1024 * 1024));
        }
    }

    [Fact]
    public void A4_a_length_near_4_GiB_costs_nothing_before_its_bytes_arrive()
    {
        foreach (var length in new[] { 0xFFFF_FFFEu, 0x8000_0000u, (uint)Limits.ValueBytesInMemoryMax })
        {
            var input = Element(0x7FE0_0010, 0);
            BinaryPrimitives.WriteUInt32LittleEndian(input.AsSpan(4), length);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var reader = new DataSetReader(TransferSyntax.ImplicitVRLittleEndian);
            reader.Feed(input);
            reader.Feed(new byte[1000]);
            reader.Complete();
            Assert.Equal(ReadStatus.Failed, reader.Status);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 * 1024);
        }
    }

    private static DataSetReader Read(byte[] input, int fragment)
    {
        if (fragment >= input.Length) return DataSetReader.ReadMemory(input, TransferSyntax.ImplicitVRLittleEndian);
        var reader = new DataSetReader(TransferSyntax.ImplicitVRLittleEndian);
        for (var at = 0; at < input.Length; at += fragment)
            reader.Feed(input.AsSpan(at, Math.Min(fragment, input.Length - at)));
        reader.Complete();
        return reader;
    }

    private static byte[] Input(string what)
    {
        // (0008,1115) Referenced Series Sequence is one to the dictionary.
        var open = Element(0x0008_1115, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(open.AsSpan(4), 0xFFFF_FFFF);
        byte[] close = Convert.FromHexString("FEFFDDE000000000");
        return what switch
        {
            "empty elements" => Fill([], i => Element(Private(i), 0), []),
            "small values" => Fill([], i => Element(Private(i), 2), []),
            "empty items" => Fill(open, _ => Item([]), close),
            "items with one element" => Fill(open, _ => Item(Element(0x0008_1150, 0)), close),
            "empty sequences" => Fill([], _ => Element(0x0008_1115, 0), []),
            "sequences of one empty item" => Fill([], _ => [.. open, .. Item([]), .. close], []),
            _ => Fill(open, _ => Item([.. Element(0x0008_1115, 0), .. Element(0x0008_1140, 0)]), close),
        };
    }

    // Odd groups: no tag of the dictionary, none twice.
    private static uint Private(uint i) => 0x0011_0000 + ((i >> 16) << 17) + (i & 0xFFFF);

    private static byte[] Fill(byte[] before, Func<uint, byte[]> part, byte[] after)
    {
        var bytes = new List<byte>(before);
        for (uint i = 0; bytes.Count < InputBytes; i++) bytes.AddRange(part(i));
        bytes.AddRange(after);
        return [.. bytes];
    }

    private static byte[] Item(byte[] content)
    {
        var item = new byte[8 + content.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(item, 0xE000_FFFE);
        BinaryPrimitives.WriteInt32LittleEndian(item.AsSpan(4), content.Length);
        content.CopyTo(item, 8);
        return item;
    }

    private static byte[] Element(uint tag, int length)
    {
        var element = new byte[8 + length];
        BinaryPrimitives.WriteUInt16LittleEndian(element, (ushort)(tag >> 16));
        BinaryPrimitives.WriteUInt16LittleEndian(element.AsSpan(2), (ushort)(tag & 0xFFFF));
        BinaryPrimitives.WriteInt32LittleEndian(element.AsSpan(4), length);
        return element;
    }
}
