using System.Buffers.Binary;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>PS3.5 7.1.2 and 7.1.3: where the length of Pixel Data stands.</summary>
public sealed class ForeseenLengthTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pixel_Data_tells_it_to_the_byte(bool isImplicit)
    {
        var (first, syntax) = Image(isImplicit, 500_000);
        Assert.Equal(first.Length - 50_000 + 500_000, ForeseenLength.Of(first, syntax));
    }

    [Fact]
    public void An_icon_before_it_makes_it_short_and_no_more()
    {
        var (icon, syntax) = Image(isImplicit: false, 60_000);
        var (first, _) = Image(isImplicit: false, 500_000);
        Assert.InRange(ForeseenLength.Of([.. icon.AsSpan(0, 100), .. first], syntax), 0, 60_500);
    }

    [Fact]
    public void A_claim_gets_64_MiB_at_most()
    {
        var (first, syntax) = Image(isImplicit: false, 0xFFFF_FFFE);
        Assert.Equal(Limits.PreallocatedBytesMax, ForeseenLength.Of(first, syntax));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(50_000u)]
    [InlineData(uint.MaxValue)]
    public void What_is_there_already_or_not_told_is_not_foreseen(uint length)
    {
        var (first, syntax) = Image(isImplicit: false, length);
        Assert.Equal(0, ForeseenLength.Of(first, syntax));
    }

    [Fact]
    public void Compressed_pixels_and_headers_cut_anywhere_foresee_nothing()
    {
        var (first, syntax) = Image(isImplicit: false, 500_000);
        Assert.Equal(0, ForeseenLength.Of(first, TransferSyntax.RLELossless));
        var value = first.Length - 50_000;
        for (var length = 0; length < value; length++) Assert.Equal(0, ForeseenLength.Of(first.AsSpan(0, length), syntax));
        Assert.NotEqual(0, ForeseenLength.Of(first.AsSpan(0, value), syntax));
    }

    // A little header, Pixel Data that claims a length, and its first 50,000 bytes.
    private static (byte[] First, TransferSyntax Syntax) Image(bool isImplicit, uint length)
    {
        byte[] rows = isImplicit
            ? [0x28, 0, 0x10, 0, 2, 0, 0, 0, 0, 2]
            : [0x28, 0, 0x10, 0, (byte)'U', (byte)'S', 2, 0, 0, 2];
        byte[] tag = isImplicit
            ? [0xE0, 0x7F, 0x10, 0]
            : [0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'W', 0, 0];
        var claimed = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(claimed, length);
        return (
            [.. rows, .. tag, .. claimed, .. new byte[50_000]],
            isImplicit ? TransferSyntax.ImplicitVRLittleEndian : TransferSyntax.ExplicitVRLittleEndian);
    }
}
