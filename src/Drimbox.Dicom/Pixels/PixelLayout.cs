using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;

namespace Drimbox.Dicom.Pixels;

/// <summary>How the pixels of an image lie. Source: PS3.3 C.7.6.3.1, PS3.5 8.1 and 8.2.</summary>
/// <param name="Rows">1 to 65,535.</param>
/// <param name="Columns">1 to 65,535.</param>
/// <param name="SamplesPerPixel">1 to 4.</param>
/// <param name="BitsAllocated">1 or a multiple of 8, up to 64.</param>
/// <param name="IsByPlane">Planar Configuration (0028,0006) is 1: all samples of one kind together.</param>
/// <param name="Frames">1 to <see cref="Limits.FramesPerInstanceMax"/>.</param>
public readonly record struct PixelLayout(
    int Rows, int Columns, int SamplesPerPixel, int BitsAllocated, bool IsByPlane, int Frames)
{
    /// <summary>Pixels of one frame.</summary>
    public long Pixels => (long)Rows * Columns;

    /// <summary>Bytes of one frame in native form.</summary>
    public long FrameBytes => Pixels * SamplesPerPixel * BitsAllocated / 8;

    /// <summary>PS3.5 8.1.1 packs pixels of one bit, so that frames of them may begin within a byte.</summary>
    public bool AreFramesWholeBytes => Pixels * SamplesPerPixel * BitsAllocated % 8 == 0;

    /// <summary>Reads the Image Pixel module of a data set.</summary>
    public static bool TryRead(DataSet dataSet, out PixelLayout layout, [NotNullWhen(false)] out Refusal? refusal)
    {
        layout = default;
        refusal = null;
        if (!TryNumber(dataSet, Tag.Rows, null, 1, 65_535, out var rows, ref refusal)
            || !TryNumber(dataSet, Tag.Columns, null, 1, 65_535, out var columns, ref refusal)
            || !TryNumber(dataSet, Tag.SamplesPerPixel, 1, 1, 4, out var samples, ref refusal)
            || !TryNumber(dataSet, Tag.BitsAllocated, null, 1, 64, out var bits, ref refusal)
            || !TryNumber(dataSet, Tag.PlanarConfiguration, 0, 0, 1, out var planar, ref refusal)
            || !TryNumber(dataSet, Tag.NumberOfFrames, 1, 1, int.MaxValue, out var frames, ref refusal))
        {
            Invariant.Holds(refusal is not null);
            return false;
        }

        if (bits != 1 && bits % 8 != 0) refusal = Refused(Tag.BitsAllocated, "is neither 1 nor a multiple of 8");
        if (frames > Limits.FramesPerInstanceMax)
        {
            refusal = Refused(Tag.NumberOfFrames, $"is over {Limits.FramesPerInstanceMax}") with
            {
                Reason = RefusalReason.OverLimit,
            };
        }

        layout = new PixelLayout(rows, columns, samples, bits, planar == 1, frames);
        return refusal is null;
    }

    private static bool TryNumber(
        DataSet dataSet, Tag tag, int? missing, int min, int max, out int number, ref Refusal? refusal)
    {
        number = missing ?? 0;
        if (!dataSet.TryGet(tag, out var element) || element.Length == 0)
        {
            if (missing is not null) return true;
            refusal = Refused(tag, "is absent") with { Reason = RefusalReason.RequiredFieldMissing };
            return false;
        }

        if (dataSet.TryGetInt(tag, out number) && number >= min && number <= max) return true;
        refusal = Refused(tag, $"is not a number from {min} to {max}");
        return false;
    }

    private static Refusal Refused(Tag tag, string what) =>
        new(RefusalReason.DataType, $"{DataDictionary.KeywordOf(tag)} {what}.", tag.ToString());
}
