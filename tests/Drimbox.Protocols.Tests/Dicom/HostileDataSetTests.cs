using System.Buffers.Binary;
using Drimbox.Core;
using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>Attacks A4, A5 and A8 on the readers: the answer is a value, and little memory.</summary>
public sealed class HostileDataSetTests
{
    public static readonly TheoryData<string, string, StructureErrorReason> Cases = new()
    {
        { "length far beyond the input", "10001000 504E FFFF 4142", StructureErrorReason.ValueBeyondInput },
        { "32-bit length far beyond the input", "E07F1000 4F57 0000 FEFFFFFF 4142", StructureErrorReason.ValueBeyondInput },
        { "item longer than its sequence", "08001511 5351 0000 0C000000 FEFF00E0 10000000 08005011", StructureErrorReason.ValueBeyondContainer },
        { "value longer than its item", "08001511 5351 0000 12000000 FEFF00E0 0A000000 08005011 5549 1000 4142", StructureErrorReason.ValueBeyondContainer },
        { "undefined length of text", "10001000 5554 0000 FFFFFFFF", StructureErrorReason.UndefinedLength },
        { "fragment of undefined length", "E07F1000 4F42 0000 FFFFFFFF FEFF00E0 FFFFFFFF", StructureErrorReason.UndefinedLength },
        { "no VR", "10001000 0400 0000 41424344", StructureErrorReason.InvalidVr },
        { "item at top level", "FEFF00E0 00000000", StructureErrorReason.UnexpectedTag },
        { "sequence delimiter at top level", "FEFFDDE0 00000000", StructureErrorReason.UnexpectedTag },
        { "item delimiter at top level", "FEFF0DE0 00000000", StructureErrorReason.UnexpectedTag },
        { "element instead of an item", "08001511 5351 0000 FFFFFFFF 10001000 504E 0000", StructureErrorReason.UnexpectedTag },
        { "delimiter in an item of defined length", "08001511 5351 0000 FFFFFFFF FEFF00E0 08000000 FEFF0DE0 00000000", StructureErrorReason.UnexpectedTag },
        { "delimiter in a sequence of defined length", "08001511 5351 0000 08000000 FEFFDDE0 00000000", StructureErrorReason.UnexpectedTag },
        { "delimiter with a length", "08001511 5351 0000 FFFFFFFF FEFFDDE0 04000000", StructureErrorReason.DelimiterLength },
        { "sequence that never ends", "08001511 5351 0000 FFFFFFFF", StructureErrorReason.Truncated },
        { "half a header", "10001000 50", StructureErrorReason.Truncated },
        { "header across the end of its item", "08001511 5351 0000 0C000000 FEFF00E0 04000000 08005011 5549 0000", StructureErrorReason.ValueBeyondContainer },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_structural_error_is_named(string what, string hex, StructureErrorReason reason)
    {
        _ = what;
        var bytes = new ByteText().Add(hex).ToArray();

        DataSetReader.TryRead(bytes, TransferSyntax.ExplicitVRLittleEndian, out var error);
        Assert.Equal(reason, error.Reason);

        // In fragments the length of the whole is not known: what goes past it is found at the end.
        foreach (var size in new[] { 1, 3, bytes.Length })
        {
            var scanner = new HeaderScanner(Tag.PatientName);
            scanner.Reset(TransferSyntax.ExplicitVRLittleEndian);
            foreach (var fragment in bytes.Chunk(size)) scanner.Feed(fragment);
            scanner.Complete(totalLength: bytes.Length);
            var stoppedAtPixels = scanner.Status == ReadStatus.Done && scanner.PixelDataOffset == 0;
            var expected = reason == StructureErrorReason.ValueBeyondInput && scanner.PixelDataOffset < 0
                ? StructureErrorReason.Truncated
                : reason;
            if (!stoppedAtPixels) Assert.Equal(expected, scanner.Error.Reason);
        }
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(255, false)]
    [InlineData(1_800, false)]
    [InlineData(100_000, false)]
    public void Sequences_may_nest_64_deep_and_not_deeper(int depth, bool isRead)
    {
        var nested = Nested(depth);

        var dataSet = DataSetReader.TryRead(nested, TransferSyntax.ExplicitVRLittleEndian, out var error);
        var scanner = new HeaderScanner(Tag.PatientID);
        scanner.Reset(TransferSyntax.ExplicitVRLittleEndian);
        scanner.Feed(nested);

        Assert.Equal(isRead, dataSet is not null);
        Assert.Equal(isRead ? ReadStatus.Done : ReadStatus.Failed, scanner.Complete());
        if (isRead)
        {
            Assert.Equal(nested, DataSetWriter.ToBytes(dataSet!, TransferSyntax.ExplicitVRLittleEndian));
            return;
        }

        Assert.Equal(StructureErrorReason.DepthOverLimit, error.Reason);
        Assert.Equal(StructureErrorReason.DepthOverLimit, scanner.Error.Reason);
        Assert.Equal(RefusalReason.OverLimit, error.ToRefusal().Reason);
    }

    [Fact]
    public void An_announced_length_allocates_nothing_before_its_bytes_arrive()
    {
        // (7FE0,0010) OW, 60 MiB, of which 100 bytes arrive.
        var bytes = new byte[12 + 100];
        Convert.FromHexString("E07F10004F570000").CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 60 * 1024 * 1024);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var reader = new DataSetReader(TransferSyntax.ExplicitVRLittleEndian);
        reader.Feed(bytes);
        reader.Complete();

        Assert.Equal(StructureErrorReason.Truncated, reader.Error.Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 * 1024);
    }

    [Fact]
    public void A_value_that_memory_is_not_meant_for_is_refused()
    {
        var header = new byte[12];
        Convert.FromHexString("E07F10004F570000").CopyTo(header, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), (uint)Limits.ValueBytesInMemoryMax + 2);

        var reader = new DataSetReader(TransferSyntax.ExplicitVRLittleEndian);

        Assert.Equal(ReadStatus.Failed, reader.Feed(header));
        Assert.Equal(StructureErrorReason.ValueOverLimit, reader.Error.Reason);
    }

    internal static byte[] Nested(int depth)
    {
        var text = new List<byte>();
        for (var i = 0; i < depth; i++)
        {
            text.AddRange(Convert.FromHexString("080015115351" + "0000" + "FFFFFFFF" + "FEFF00E0" + "FFFFFFFF"));
        }

        for (var i = 0; i < depth; i++) text.AddRange(Convert.FromHexString("FEFF0DE000000000" + "FEFFDDE000000000"));
        return [.. text];
    }
}
