using System.Buffers.Binary;
using Drimbox.Core;

namespace Drimbox.Dicom.Scp;

/// <summary>How long a data set will be, foreseen from its first fragment: the element header of Pixel Data
/// (7FE0,0010) tells, and little follows it. A hint for the file system, which takes half the time for bytes whose place
/// it has given before; an icon's Pixel Data or a lie makes it wrong, and nothing else.</summary>
internal static class ForeseenLength
{
    /// <param name="first">From the first byte of the data set.</param>
    /// <returns>Bytes, 0 to <see cref="Limits.PreallocatedBytesMax"/>; 0: not worth it, or not told.</returns>
    public static long Of(ReadOnlySpan<byte> first, TransferSyntax syntax)
    {
        if (syntax.IsBigEndian || !syntax.IsUncompressed) return 0;
        ReadOnlySpan<byte> pixelData = [0xE0, 0x7F, 0x10, 0x00];
        var tag = first.IndexOf(pixelData);
        // PS3.5 7.1.2 and 7.1.3: the length follows the tag, or the VR and two reserved bytes.
        var value = tag + (syntax.IsImplicitVr ? 8 : 12);
        if (tag < 0 || value > first.Length) return 0;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(first[(value - 4)..]);
        if (length is uint.MaxValue or 0) return 0;
        var total = value + (long)length;
        return total < 2 * first.Length ? 0 : Math.Min(total, Limits.PreallocatedBytesMax);
    }
}
