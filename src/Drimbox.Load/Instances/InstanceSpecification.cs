using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Load.Synthetic;

namespace Drimbox.Load.Instances;

/// <summary>A kind of synthetic instance: what it is, how large, in which transfer syntax.</summary>
/// <param name="Modality">CT, MR, CR, US or KO.</param>
/// <param name="Bytes">Of the pixel data, rounded to whole rows; for KO, which has none, ignored.</param>
public sealed record InstanceSpecification(string Modality, long Bytes, TransferSyntax TransferSyntax)
{
    private static readonly Dictionary<string, long> DefaultBytes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["CT"] = 512 * 1024,
        ["MR"] = 32 * 1024,
        ["CR"] = 10 * 1024 * 1024,
        ["US"] = 4 * 1024 * 1024,
        ["KO"] = 0,
    };

    private static readonly Dictionary<string, TransferSyntax> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["implicit"] = TransferSyntax.ImplicitVRLittleEndian,
        ["explicit"] = TransferSyntax.ExplicitVRLittleEndian,
        ["jpeg"] = TransferSyntax.JPEGBaseline8Bit,
        ["jpeg-lossless"] = TransferSyntax.JPEGLossless,
        ["jpeg-ls"] = TransferSyntax.JPEGLSLossless,
        ["jpeg2000"] = TransferSyntax.JPEG2000Lossless,
        ["htj2k"] = TransferSyntax.HTJ2KLossless,
        ["rle"] = TransferSyntax.RLELossless,
    };

    /// <summary>CT of 512 KiB in Explicit VR Little Endian.</summary>
    public static InstanceSpecification Default { get; } =
        new("CT", DefaultBytes["CT"], TransferSyntax.ExplicitVRLittleEndian);

    /// <param name="text"><c>MODALITY[:SIZE[:SYNTAX]]</c>, as <c>CT:512KiB:jpeg-ls</c>; the syntax also by its UID.
    /// </param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out InstanceSpecification? specification,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        specification = null;
        var parts = text.Split(':', StringSplitOptions.TrimEntries);
        var modality = parts[0].ToUpperInvariant();
        if (parts.Length > 3 || !DefaultBytes.TryGetValue(modality, out var bytes))
        {
            refusal = Refuse(text, "write MODALITY:SIZE:SYNTAX, as CT:512KiB:explicit, with CT, MR, CR, US or KO");
            return false;
        }

        if (parts.Length > 1 && parts[1].Length > 0 && !TryParseSize(parts[1], out bytes))
        {
            refusal = Refuse(text, "the size is a number with B, KiB or MiB, from 2KiB to 1024MiB");
            return false;
        }

        var syntax = TransferSyntax.ExplicitVRLittleEndian;
        if (parts.Length > 2 && !TryParseSyntax(parts[2], out syntax))
        {
            refusal = Refuse(
                text,
                $"the transfer syntax is a UID that is not deflated, or one of {string.Join(", ", Names.Keys)}");
            return false;
        }

        if (modality == "KO" && syntax.IsEncapsulated)
        {
            refusal = Refuse(text, "a Key Object Selection has no pixel data to compress");
            return false;
        }

        specification = new InstanceSpecification(modality, bytes, syntax);
        refusal = null;
        return true;
    }

    /// <summary>The study that such instances are taken from.</summary>
    internal SyntheticStudyOrder Order(Uid study, Patient patient, DateTimeOffset performedAt, int seed)
    {
        var pixels = Bytes / (SyntheticPixels.BitsAllocated(Modality) / 8);
        var frames = 1;
        if (Modality == "US")
        {
            // Frames of 640 × 480 or a little more, as an ultrasound scanner shows them; smaller if one is more than asked.
            frames = (int)Math.Max(1, pixels / (640 * 480));
            pixels /= frames;
        }

        // Columns and rows are US (PS3.5 6.2): 65,535 at most, reached by 8 GiB.
        var columns = Modality == "US" && pixels >= 640 * 480 ? 640 : EvenRoot(pixels);
        return new SyntheticStudyOrder(study, patient, performedAt)
        {
            Seed = seed,
            Modality = Modality,
            Instances = 1,
            Frames = frames,
            Columns = checked((ushort)columns),
            Rows = checked((ushort)Math.Max(2, pixels / columns)),
        };
    }

    public override string ToString() => Modality == "KO"
        ? $"KO {TransferSyntax.Keyword}"
        : $"{Modality} {Sizes.Text(Bytes)} {TransferSyntax.Keyword}";

    // A power of two where the number is one, so that 512 KiB are 512 × 512: sizes of real scanners.
    private static long EvenRoot(long pixels)
    {
        var columns = (long)Math.Sqrt(pixels) & ~1L;
        for (var exact = columns; exact > columns / 2; exact -= 2)
        {
            if (exact > 0 && pixels % exact == 0) return exact;
        }

        return Math.Max(2, columns);
    }

    private static bool TryParseSize(string text, out long bytes) =>
        Sizes.TryParse(text, out bytes) && bytes is >= 2048 and <= Limits.LoadInstanceBytesMax;

    private static bool TryParseSyntax(string text, [NotNullWhen(true)] out TransferSyntax? syntax) =>
        Names.TryGetValue(text, out syntax)
        || (Uid.TryParse(text, out var uid) && TransferSyntax.TryFind(uid, out syntax) && !syntax.IsDeflated
            && !syntax.IsBigEndian);

    private static Refusal Refuse(string text, string why) =>
        new(RefusalReason.TableValue, $"'{text}' is no kind of instance: {why}.");
}

/// <summary>Sizes as people write them: powers of 1,024.</summary>
public static class Sizes
{
    /// <param name="text"><c>512KiB</c>, <c>10M</c>, <c>2048</c>.</param>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.TrimEnd("BbIiKkMmGg".ToCharArray());
        var factor = text[digits.Length..].ToUpperInvariant() switch
        {
            "" or "B" => 1L,
            "K" or "KB" or "KIB" => 1024,
            "M" or "MB" or "MIB" => 1024 * 1024,
            "G" or "GB" or "GIB" => 1024 * 1024 * 1024,
            _ => 0,
        };
        if (factor == 0
            || !decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > int.MaxValue)
        {
            return false;
        }

        bytes = (long)(number * factor);
        return true;
    }

    public static string Text(double bytes) => bytes switch
    {
        >= 1024 * 1024 * 1024 => Text(bytes / (1024 * 1024 * 1024), "GiB"),
        >= 1024 * 1024 => Text(bytes / (1024 * 1024), "MiB"),
        >= 1024 => Text(bytes / 1024, "KiB"),
        _ => Text(bytes, "B"),
    };

    private static string Text(double number, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:0.##} {unit}");
}
