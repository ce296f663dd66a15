using System.Buffers;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Archive.Web;

/// <summary>Retrieve Transaction for frames. Source: PS3.18 10.4.1.1.1 and 8.7.3.3. One frame is in memory at a
/// time.</summary>
internal sealed class FrameTransaction(InstanceLookup lookup, IIdSource ids)
{
    private const string Available = "frames as application/octet-stream if they are uncompressed or RLE, else as the "
        + "image media type of PS3.18 table 8.7.3-5; in multipart/related, a single one also by itself";

    public async Task RunAsync(HttpContext context)
    {
        // PS3.18 10.1.1: a list of numbers in ascending order.
        if (!TryReadList((string)context.Request.RouteValues["frames"]!, out var frames))
        {
            await WebAnswers.RefuseAsync(
                context, StatusCodes.Status400BadRequest, "Frames are numbers in ascending order, with commas.");
            return;
        }

        if (await lookup.FindAsync(context) is not { } instances) return;
        var first = lookup.Read(instances[0], instances[0].Renditions[0]);
        if (first.DataSet.Contains(Tag.PixelData))
        {
            await SendAsync(context, instances[0], first, frames);
            return;
        }

        await WebAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "The instance has no frames.");
    }

    /// <param name="file">The first of its renditions; all have the same frames.</param>
    /// <param name="frames">Counted from 1; null: all.</param>
    public async Task SendAsync(
        HttpContext context, ServedInstance instance, DicomFile file, IReadOnlyList<int>? frames)
    {
        if (!PixelFrames.TryCreate(file.DataSet, out var pixels, out var refusal))
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status406NotAcceptable, refusal.Detail);
            return;
        }

        frames ??= [.. Enumerable.Range(1, pixels.Count)];
        if (frames[^1] > pixels.Count)
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such frame.");
            return;
        }

        var offers = RenditionOffer.OfFrames(instance, mayBeSingle: frames.Count == 1);
        var offer = WebAnswers.Choose(WebAnswers.Acceptances(context.Request), offers);
        if (offer is not null && offer.Rendition != instance.Renditions[0])
        {
            file = lookup.Read(instance, offer.Rendition);
            if (!PixelFrames.TryCreate(file.DataSet, out pixels, out _) || frames[^1] > pixels.Count) offer = null;
        }

        if (offer is null || FrameEncoding.Of(file, pixels!, offer.Media) is not { } encoding)
        {
            await WebAnswers.NotAcceptableAsync(context, Available);
            return;
        }

        var (media, url) = (offer.Media, InstanceLookup.UrlOf(context.Request, instance));
        if (frames.Any(frame => pixels!.LengthOf(frame - 1) > Limits.ValueBytesInMemoryMax))
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, "The frame is too large.");
            return;
        }

        if (media.IsMultipart) await SendPartsAsync(context, encoding, media, url, frames);
        else await SendOneAsync(context, encoding, media, frames[0]);
    }

    private async Task SendPartsAsync(
        HttpContext context, FrameEncoding encoding, OfferedMedia media, string url, IReadOnlyList<int> frames)
    {
        var multipart = new Multipart(ids.NewUuid(), media.Type);
        var output = context.Response.BodyWriter;
        using var first = encoding.Read(frames[0] - 1);
        context.Response.ContentType = multipart.ContentType;
        for (var i = 0; i < frames.Count; i++)
        {
            using var frame = i == 0 ? null : encoding.Read(frames[i] - 1);
            var bytes = (frame ?? first).Memory;
            output.Write(multipart.Begin(i == 0, ContentType(media), bytes.Length, $"{url}/frames/{frames[i]}"));
            await output.WriteAsync(bytes, context.RequestAborted);
        }

        output.Write(multipart.End);
        await output.FlushAsync(context.RequestAborted);
    }

    private static async Task SendOneAsync(
        HttpContext context, FrameEncoding encoding, OfferedMedia media, int frame)
    {
        using var bytes = encoding.Read(frame - 1);
        await WebAnswers.WriteAsync(context, StatusCodes.Status200OK, ContentType(media), bytes.Memory);
    }

    private static string ContentType(OfferedMedia media) => $"{media.Type}; transfer-syntax={media.TransferSyntax}";

    private static bool TryReadList(string text, out IReadOnlyList<int> frames)
    {
        var read = new List<int>();
        frames = read;
        foreach (var part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var frame)
                || frame <= (read.Count == 0 ? 0 : read[^1]) || read.Count == Limits.WebFramesMax) return false;
            read.Add(frame);
        }

        return true;
    }
}

/// <summary>Reads frames as they are, or from and into RLE.</summary>
internal sealed class FrameEncoding
{
    private readonly PixelFrames _frames;
    private readonly PixelLayout? _decoding;
    private readonly PixelLayout? _encoding;

    private FrameEncoding(PixelFrames frames, PixelLayout? decoding, PixelLayout? encoding)
    {
        _frames = frames;
        _decoding = decoding;
        _encoding = encoding;
    }

    /// <returns>Null if the pixels do not fit RLE.</returns>
    public static FrameEncoding? Of(DicomFile file, PixelFrames frames, OfferedMedia media)
    {
        var isRle = file.TransferSyntax == TransferSyntax.RLELossless;
        var wantsRle = media.TransferSyntax == TransferSyntax.RLELossless.Uid;
        if (isRle == wantsRle || (!isRle && frames.IsEncapsulated)) return new FrameEncoding(frames, null, null);
        if (!PixelLayout.TryRead(file.DataSet, out var layout, out _) || !RleLossless.CanEncode(layout)) return null;
        return new FrameEncoding(frames, isRle ? layout : null, wantsRle ? layout : null);
    }

    /// <param name="frame">Counted from 0.</param>
    /// <exception cref="InvalidDataException">It is not RLE.</exception>
    public RentedBytes Read(int frame)
    {
        var source = new RentedBytes((int)_frames.LengthOf(frame));
        _frames.Read(frame, source.Memory.Span);
        if ((_decoding ?? _encoding) is not { } layout) return source;
        using (source)
        {
            if (_decoding is not null)
            {
                var native = new RentedBytes((int)layout.FrameBytes);
                var error = RleLossless.Decode(source.Memory.Span, layout, native.Memory.Span);
                if (error == RleError.None) return native;
                native.Dispose();
                throw new InvalidDataException($"A frame is not RLE: {error} (PS3.5 G).");
            }

            var encoded = new RentedBytes((int)RleLossless.EncodedBytesMax(layout));
            encoded.Length = RleLossless.Encode(source.Memory.Span, layout, encoded.Memory.Span);
            return encoded;
        }
    }
}

/// <summary>Bytes of the pool for a while.</summary>
internal sealed class RentedBytes(int length) : IDisposable
{
    private byte[]? _bytes = ArrayPool<byte>.Shared.Rent(length);

    public int Length { get; set; } = length;

    public Memory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Dispose()
    {
        if (_bytes is not null) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = null;
    }
}
