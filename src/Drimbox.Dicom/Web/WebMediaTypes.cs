namespace Drimbox.Dicom.Web;

/// <summary>The media types of PS3.18 8.7.3, and in which of them what is stored can be given.</summary>
public static class WebMediaTypes
{
    public const string Dicom = "application/dicom";
    public const string DicomJson = "application/dicom+json";
    public const string DicomXml = "application/dicom+xml";
    public const string OctetStream = "application/octet-stream";
    public const string Json = "application/json";

    /// <summary>PS3.18 8.7.3.2: JSON is the default; XML is in parts.</summary>
    public static IReadOnlyList<OfferedMedia> Metadata { get; } =
    [
        new OfferedMedia(DicomJson, IsMultipart: false), new OfferedMedia(DicomXml, IsMultipart: true),
        new OfferedMedia(Json, IsMultipart: false),
    ];

    /// <summary>The media type of compressed frames, PS3.18 table 8.7.3-5; null where there is none.</summary>
    public static string? OfFrames(TransferSyntax syntax) => syntax.Uid.ToString() switch
    {
        "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" or "1.2.840.10008.1.2.4.57"
            or "1.2.840.10008.1.2.4.70" => "image/jpeg",
        "1.2.840.10008.1.2.5" => "image/dicom-rle",
        "1.2.840.10008.1.2.4.80" or "1.2.840.10008.1.2.4.81" => "image/jls",
        "1.2.840.10008.1.2.4.90" or "1.2.840.10008.1.2.4.91" => "image/jp2",
        "1.2.840.10008.1.2.4.92" or "1.2.840.10008.1.2.4.93" => "image/jpx",
        "1.2.840.10008.1.2.4.201" or "1.2.840.10008.1.2.4.202" or "1.2.840.10008.1.2.4.203" => "image/jphc",
        "1.2.840.10008.1.2.4.110" or "1.2.840.10008.1.2.4.111" or "1.2.840.10008.1.2.4.112" => "image/jxl",
        "1.2.840.10008.1.2.4.100" or "1.2.840.10008.1.2.4.100.1" or "1.2.840.10008.1.2.4.101"
            or "1.2.840.10008.1.2.4.101.1" => "video/mpeg",
        "1.2.840.10008.1.2.4.102" or "1.2.840.10008.1.2.4.102.1" or "1.2.840.10008.1.2.4.103"
            or "1.2.840.10008.1.2.4.103.1" or "1.2.840.10008.1.2.4.104" or "1.2.840.10008.1.2.4.104.1"
            or "1.2.840.10008.1.2.4.105" or "1.2.840.10008.1.2.4.105.1" or "1.2.840.10008.1.2.4.106"
            or "1.2.840.10008.1.2.4.106.1" => "video/mp4",
        "1.2.840.10008.1.2.4.107" or "1.2.840.10008.1.2.4.108" => "video/h265",
        _ => null,
    };

    /// <summary>The pixels were compressed so that they cannot be had back: then what is stored may stand for the
    /// default transfer syntax (PS3.18 8.7.3.4). Those that may be either are not among them.</summary>
    public static bool IsLossy(TransferSyntax syntax) => syntax.Uid.ToString() is
        "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" or "1.2.840.10008.1.2.4.81"
        || OfFrames(syntax)?.StartsWith("video/", StringComparison.Ordinal) == true;

    /// <summary>PS3.18 8.7.3.4: Implicit VR Little Endian and Explicit VR Big Endian are not used on the web.</summary>
    public static bool IsOfTheWeb(TransferSyntax syntax) => !syntax.IsImplicitVr && !syntax.IsBigEndian;

    /// <summary>The encodings of an instance that a server without codecs can give: what is stored, and what it can be
    /// made into.</summary>
    /// <param name="stored">Its transfer syntax.</param>
    /// <param name="canConvert">Asked for the stored and another one.</param>
    public static IEnumerable<OfferedMedia> OfInstance(
        TransferSyntax stored, bool isMultipart, Func<TransferSyntax, TransferSyntax, bool> canConvert)
    {
        var explicitLittle = TransferSyntax.ExplicitVRLittleEndian;
        var hasDefault = stored == explicitLittle || canConvert(stored, explicitLittle);
        if (IsOfTheWeb(stored))
        {
            yield return new OfferedMedia(
                Dicom, isMultipart, stored.Uid, stored == explicitLittle || (!hasDefault && IsLossy(stored)))
            {
                IsLastResort = !hasDefault,
            };
        }

        foreach (var other in (TransferSyntax[])[explicitLittle, TransferSyntax.RLELossless])
        {
            if (stored != other && canConvert(stored, other))
                yield return new OfferedMedia(Dicom, isMultipart, other.Uid, other == explicitLittle);
        }
    }

    /// <summary>The encodings of frames that a server without codecs can give.</summary>
    /// <inheritdoc cref="OfInstance"/>
    public static IEnumerable<OfferedMedia> OfFrames(
        TransferSyntax stored, bool isMultipart, Func<TransferSyntax, TransferSyntax, bool> canConvert)
    {
        var explicitLittle = TransferSyntax.ExplicitVRLittleEndian;
        if (stored.IsEncapsulated && OfFrames(stored) is { } compressed)
        {
            var isLastResort = !canConvert(stored, explicitLittle);
            yield return new OfferedMedia(compressed, isMultipart, stored.Uid) { IsLastResort = isLastResort };
            // PS3.18 8.7.3.3.2: the names of before the standard had some.
            foreach (var former in FormerNames(compressed))
                yield return new OfferedMedia(former, isMultipart, stored.Uid);
            // Viewers ask so for the bytes as they are: type=application/octet-stream; transfer-syntax=*.
            if (isLastResort) yield return new OfferedMedia(OctetStream, isMultipart, stored.Uid, IsDefault: false);
        }

        if (!stored.IsEncapsulated || canConvert(stored, explicitLittle))
            yield return new OfferedMedia(OctetStream, isMultipart, explicitLittle.Uid);
        if (stored == TransferSyntax.RLELossless || !canConvert(stored, TransferSyntax.RLELossless)) yield break;
        yield return new OfferedMedia("image/dicom-rle", isMultipart, TransferSyntax.RLELossless.Uid);
        yield return new OfferedMedia("image/x-dicom-rle", isMultipart, TransferSyntax.RLELossless.Uid);
    }

    private static IEnumerable<string> FormerNames(string mediaType) => mediaType switch
    {
        "image/jls" => ["image/x-jls"],
        "image/dicom-rle" => ["image/x-dicom-rle"],
        "image/jphc" => ["image/jhc", "image/jph"],
        "video/mpeg" => ["video/mpeg2"],
        _ => [],
    };
}
