using System.Globalization;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Archive.Web;

/// <summary>Retrieve Transaction for a value that the metadata gives by its address. Source: PS3.18 10.4.1.1.1; the
/// path below <c>bulkdata</c> is ours: tags and item numbers.</summary>
internal sealed class BulkDataTransaction(InstanceLookup lookup, FrameTransaction frames, IIdSource ids)
{
    private const string PixelDataPath = "7FE00010";

    public async Task RunAsync(HttpContext context)
    {
        if (await lookup.FindAsync(context) is not { } instances) return;
        var file = lookup.Read(instances[0], instances[0].Renditions[0]);
        var url = InstanceLookup.UrlOf(context.Request, instances[0]);
        var path = (string)context.Request.RouteValues["path"]!;
        if (!TryFind(file.DataSet, path, out var element))
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such value.");
            return;
        }

        if (element.Fragments is { } fragments)
        {
            // PS3.18 8.7.3.3.2: each frame by itself, a video in one part.
            if (IsVideo(file)) await SendVideoAsync(context, file, fragments, url, path);
            else await frames.SendAsync(context, instances[0], file, frames: null);
            return;
        }

        // PS3.18 10.5.1.4: an encapsulated document has a media type of its own.
        var type = element.Tag == Tag.EncapsulatedDocument
            && MediaType.TryParse(file.DataSet.GetString(Tag.MIMETypeOfEncapsulatedDocument), out var document)
            ? document.Essence
            : WebMediaTypes.OctetStream;
        string[] types = type == WebMediaTypes.OctetStream ? [type] : [WebMediaTypes.OctetStream, type];
        var media = WebAnswers.Choose(
            context.Request,
            [.. types.SelectMany(t => (OfferedMedia[])[new OfferedMedia(t, true), new OfferedMedia(t, false)])]);
        if (media is null && path == PixelDataPath && instances[0].Renditions.Count > 1)
        {
            // Another rendition may be compressed.
            await frames.SendAsync(context, instances[0], file, frames: null);
            return;
        }

        if (media is null)
        {
            await WebAnswers.NotAcceptableAsync(
                context, $"{string.Join(", ", types)}, by itself or in multipart/related");
            return;
        }

        await SendAsync(context, media, media.Type, element.Length, [element], $"{url}/bulkdata/{path}");
    }

    private static bool IsVideo(DicomFile file) =>
        WebMediaTypes.OfFrames(file.TransferSyntax)?.StartsWith("video/", StringComparison.Ordinal) == true;

    private Task SendVideoAsync(
        HttpContext context, DicomFile file, EncapsulatedFragments fragments, string url, string path)
    {
        var offers = WebMediaTypes.OfFrames(file.TransferSyntax, true, static (_, _) => false)
            .Concat(WebMediaTypes.OfFrames(file.TransferSyntax, false, static (_, _) => false));
        if (WebAnswers.Choose(context.Request, [.. offers]) is not { } media)
            return WebAnswers.NotAcceptableAsync(context, WebMediaTypes.OfFrames(file.TransferSyntax)!);
        // The first item is the Basic Offset Table.
        var parts = fragments.Skip(1).ToList();
        var contentType = $"{media.Type}; transfer-syntax={media.TransferSyntax}";
        return SendAsync(
            context, media, contentType, parts.Sum(p => p.Length), parts, $"{url}/bulkdata/{path}");
    }

    private async Task SendAsync(
        HttpContext context,
        OfferedMedia media,
        string contentType,
        long length,
        IReadOnlyList<DataElement> values,
        string location)
    {
        var response = context.Response;
        var output = response.BodyWriter;
        var multipart = new Multipart(ids.NewUuid(), media.Type);
        var (begin, end) = media.IsMultipart
            ? (multipart.Begin(true, contentType, length, location), multipart.End)
            : ("", "");
        response.ContentType = media.IsMultipart ? multipart.ContentType : contentType;
        response.ContentLength = begin.Length + length + end.Length;
        output.Write(begin);
        foreach (var value in values)
        {
            if (value.Range is { } range) await output.SendAsync(range, context.RequestAborted);
            else await output.WriteAsync(value.Value, context.RequestAborted);
        }

        output.Write(end);
        await output.FlushAsync(context.RequestAborted);
    }

    // 00081115/1/00091010: tags, and between them the numbers of items, which count from 1.
    private static bool TryFind(DataSet dataSet, string path, out DataElement element)
    {
        element = default;
        var parts = path.Split('/');
        if (parts.Length > 2 * Limits.SequenceDepthMax) return false;
        for (var i = 0; i < parts.Length; i += 2)
        {
            if (parts[i].Length != 8 || !uint.TryParse(
                    parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var tag)
                || !dataSet.TryGet(new Tag(tag), out element)) return false;
            if (i == parts.Length - 1) return element.Sequence is null;
            if (i + 2 >= parts.Length || element.Sequence is not { } items
                || !int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1 || number > items.Count) return false;
            dataSet = items[number - 1];
        }

        return false;
    }
}
