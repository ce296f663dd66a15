using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Web;
using Drimbox.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Drimbox.Archive.Web;

/// <summary>Retrieve Transaction for studies, series and instances. Source: PS3.18 10.4. What is stored passes
/// through; the uncompressed transfer syntaxes and RLE are converted into each other on the way.</summary>
internal sealed class RetrieveTransaction(InstanceLookup lookup, IIdSource ids)
{
    private const string Available = "application/dicom in multipart/related, or of a single instance by itself; in "
        + "the transfer syntax that it is stored in (transfer-syntax=*), or if that is uncompressed or RLE in "
        + "1.2.840.10008.1.2.1 or 1.2.840.10008.1.2.5";

    public async Task RunAsync(HttpContext context)
    {
        if (await lookup.FindAsync(context) is not { } instances) return;
        var accepted = Acceptances(context.Request);
        if (accepted.Count == 0)
        {
            await WebAnswers.NotAcceptableAsync(context, Available);
            return;
        }

        var isInstance = context.Request.RouteValues["instance"] is not null;
        var chosen = new List<(IndexedInstance Instance, OfferedMedia Media)>(instances.Count);
        foreach (var instance in instances)
        {
            if (Choose(accepted, instance, isInstance) is { } media) chosen.Add((instance, media));
        }

        context.Response.Headers.Vary = HeaderNames.Accept;
        if (chosen.Count == 0) await WebAnswers.NotAcceptableAsync(context, Available);
        else if (!chosen[0].Media.IsMultipart) await SendOneAsync(context, chosen[0].Instance, chosen[0].Media);
        else await SendAllAsync(context, chosen, isPartial: chosen.Count < instances.Count);
    }

    private static List<Acceptance> Acceptances(HttpRequest request)
    {
        var field = Acceptance.Parse(request.Headers.Accept.ToString());
        if (field.IsEmpty) return [];
        return WebAnswers.ByParameter(request) is { } parameter ? [parameter, field] : [field];
    }

    private static OfferedMedia? Choose(List<Acceptance> accepted, IndexedInstance instance, bool mayBeSingle)
    {
        // What is damaged is not sent as good; of several it is missing, and the answer is 206.
        if (instance.Damaged || !TransferSyntax.TryFind(instance.TransferSyntaxUid, out var stored)) return null;
        var offers = WebMediaTypes.OfInstance(stored, isMultipart: true, TransferSyntaxConverter.CanConvert);
        if (mayBeSingle)
            offers = offers.Concat(WebMediaTypes.OfInstance(stored, false, TransferSyntaxConverter.CanConvert));
        var all = offers.ToList();
        return accepted.Select(acceptance => acceptance.Choose(all)).FirstOrDefault(chosen => chosen is not null);
    }

    private async Task SendOneAsync(HttpContext context, IndexedInstance instance, OfferedMedia media)
    {
        var contentType = ContentType(media);
        context.Response.Headers.ContentLocation = InstanceLookup.UrlOf(context.Request, instance);
        if (media.TransferSyntax == instance.TransferSyntaxUid)
        {
            // Conditional requests and ranges are those of RFC 9110 13 and 14: the framework's own.
            await TypedResults.PhysicalFile(
                lookup.PathOf(instance), contentType, lastModified: instance.File.ReceivedAt,
                entityTag: new EntityTagHeaderValue($"\"{instance.File.Sha256}\""), enableRangeProcessing: true)
                .ExecuteAsync(context);
            return;
        }

        using var converted = TryConvert(instance, media, out var head);
        if (converted is null)
        {
            await WebAnswers.NotAcceptableAsync(context, Available);
            return;
        }

        context.Response.ContentType = contentType;
        context.Response.ContentLength = head.Length + converted.Length;
        context.Response.Headers.ETag = $"W/\"{instance.File.Sha256}-{media.TransferSyntax}\"";
        await context.Response.BodyWriter.WriteAsync(head, context.RequestAborted);
        await context.Response.BodyWriter.SendAsync(converted, context.RequestAborted);
    }

    private async Task SendAllAsync(
        HttpContext context, List<(IndexedInstance Instance, OfferedMedia Media)> chosen, bool isPartial)
    {
        var multipart = new Multipart(ids.NewUuid(), WebMediaTypes.Dicom);
        var response = context.Response;
        var output = response.BodyWriter;
        // Not all can be given as they were asked for (PS3.18 table 10.4.3-1).
        response.StatusCode = isPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        response.ContentType = multipart.ContentType;
        if (chosen.All(c => c.Media.TransferSyntax == c.Instance.TransferSyntaxUid))
        {
            long length = multipart.End.Length;
            for (var i = 0; i < chosen.Count; i++)
            {
                var (instance, media) = chosen[i];
                length += Head(context.Request, multipart, i == 0, instance, media, instance.File.Length).Length
                    + instance.File.Length;
            }

            response.ContentLength = length;
        }

        for (var i = 0; i < chosen.Count; i++)
        {
            var (instance, media) = chosen[i];
            if (media.TransferSyntax == instance.TransferSyntaxUid)
            {
                output.Write(Head(context.Request, multipart, i == 0, instance, media, instance.File.Length));
                await output.SendFileAsync(lookup.PathOf(instance), instance.File.Length, context.RequestAborted);
            }
            else if (!await SendConvertedAsync(context, multipart, i == 0, instance, media))
            {
                // With the status out what is missing shows by the end of the connection, not by a part less.
                if (chosen.Count > 1) throw new IOException("An instance of the archive cannot be converted.");
                await WebAnswers.NotAcceptableAsync(context, Available);
                return;
            }
        }

        output.Write(multipart.End);
        await output.FlushAsync(context.RequestAborted);
    }

    private async Task<bool> SendConvertedAsync(
        HttpContext context, Multipart multipart, bool isFirst, IndexedInstance instance, OfferedMedia media)
    {
        using var converted = TryConvert(instance, media, out var head);
        if (converted is null) return false;
        var output = context.Response.BodyWriter;
        output.Write(Head(context.Request, multipart, isFirst, instance, media, head.Length + converted.Length));
        await output.WriteAsync(head, context.RequestAborted);
        await output.SendAsync(converted, context.RequestAborted);
        return true;
    }

    private InstanceContent? TryConvert(IndexedInstance instance, OfferedMedia media, out byte[] head)
    {
        head = [];
        Invariant.Holds(TransferSyntax.TryFind(media.TransferSyntax!.Value, out var to));
        var source = InstanceSource.FromPart10File(
            lookup.PathOf(instance), instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid);
        try
        {
            var content = TransferSyntaxConverter.Convert(source, to!).Open();
            head = Part10Writer.Header(
                instance.SopClassUid, instance.SopInstanceUid, to!.Uid, instance.File.SenderAe);
            return content;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static string Head(
        HttpRequest request, Multipart multipart, bool isFirst, IndexedInstance instance, OfferedMedia media,
        long length) =>
        multipart.Begin(isFirst, ContentType(media), length, InstanceLookup.UrlOf(request, instance));

    private static string ContentType(OfferedMedia media) => $"{media.Type}; transfer-syntax={media.TransferSyntax}";
}
