using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Drimbox.Archive.Web;

/// <summary>Retrieve Transaction for studies, series and instances. Source: PS3.18 10.4. What is stored, in any of its
/// renditions, passes through; the uncompressed transfer syntaxes and RLE are converted into each other on the way.
/// </summary>
internal sealed class RetrieveTransaction(InstanceLookup lookup, IIdSource ids)
{
    private const string Available = "application/dicom in multipart/related, or of a single instance by itself; in "
        + "a transfer syntax that it is stored in (transfer-syntax=*), or if one is uncompressed or RLE in "
        + "1.2.840.10008.1.2.1 or 1.2.840.10008.1.2.5";

    public async Task RunAsync(HttpContext context)
    {
        if (await lookup.FindAsync(context) is not { } instances) return;
        var accepted = WebAnswers.Acceptances(context.Request);
        if (accepted.Count == 0)
        {
            await WebAnswers.NotAcceptableAsync(context, Available);
            return;
        }

        var isInstance = context.Request.RouteValues["instance"] is not null;
        var chosen = new List<(ServedInstance Instance, RenditionOffer Offer)>(instances.Count);
        foreach (var instance in instances)
        {
            // What is damaged is not sent as good; of several it is missing, and the answer is 206.
            var offers = RenditionOffer.OfInstance(instance, isInstance);
            if (WebAnswers.Choose(accepted, offers) is { } offer) chosen.Add((instance, offer));
        }

        context.Response.Headers.Vary = HeaderNames.Accept;
        if (chosen.Count == 0) await WebAnswers.NotAcceptableAsync(context, Available);
        else if (!chosen[0].Offer.Media.IsMultipart) await SendOneAsync(context, chosen[0].Instance, chosen[0].Offer);
        else await SendAllAsync(context, chosen, isPartial: chosen.Count < instances.Count);
    }

    private async Task SendOneAsync(HttpContext context, ServedInstance instance, RenditionOffer offer)
    {
        var contentType = ContentType(offer.Media);
        var file = offer.Rendition.File;
        context.Response.Headers.ContentLocation = InstanceLookup.UrlOf(context.Request, instance);
        if (PassesThrough(instance, offer))
        {
            // Conditional requests and ranges are those of RFC 9110 13 and 14: the framework's own.
            await TypedResults.PhysicalFile(
                lookup.PathOf(offer.Rendition), contentType, lastModified: file.ReceivedAt,
                entityTag: new EntityTagHeaderValue($"\"{file.Digest}\""), enableRangeProcessing: true)
                .ExecuteAsync(context);
            return;
        }

        using var converted = TryConvert(instance, offer, out var head);
        if (converted is null)
        {
            await WebAnswers.NotAcceptableAsync(context, Available);
            return;
        }

        context.Response.ContentType = contentType;
        context.Response.ContentLength = head.Length + converted.Length;
        context.Response.Headers.ETag = 
            $"W/\"{file.Digest}-{offer.Media.TransferSyntax}{VersionOf(instance)}\"";
        await context.Response.BodyWriter.WriteAsync(head, context.RequestAborted);
        await context.Response.BodyWriter.SendAsync(converted, context.RequestAborted);
    }

    private async Task SendAllAsync(
        HttpContext context, List<(ServedInstance Instance, RenditionOffer Offer)> chosen, bool isPartial)
    {
        var multipart = new Multipart(ids.NewUuid(), WebMediaTypes.Dicom);
        var response = context.Response;
        var output = response.BodyWriter;
        // Not all can be given as they were asked for (PS3.18 table 10.4.3-1).
        response.StatusCode = isPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        response.ContentType = multipart.ContentType;
        if (chosen.All(c => PassesThrough(c.Instance, c.Offer)))
        {
            long length = multipart.End.Length;
            for (var i = 0; i < chosen.Count; i++)
            {
                var (instance, offer) = chosen[i];
                var file = offer.Rendition.File;
                length += Head(context.Request, multipart, i == 0, instance, offer, file.Length).Length + file.Length;
            }

            response.ContentLength = length;
        }

        for (var i = 0; i < chosen.Count; i++)
        {
            var (instance, offer) = chosen[i];
            if (PassesThrough(instance, offer))
            {
                var file = offer.Rendition.File;
                output.Write(Head(context.Request, multipart, i == 0, instance, offer, file.Length));
                await output.SendFileAsync(lookup.PathOf(offer.Rendition), file.Length, context.RequestAborted);
            }
            else if (!await SendConvertedAsync(context, multipart, i == 0, instance, offer))
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
        HttpContext context, Multipart multipart, bool isFirst, ServedInstance instance, RenditionOffer offer)
    {
        using var converted = TryConvert(instance, offer, out var head);
        if (converted is null) return false;
        var output = context.Response.BodyWriter;
        output.Write(Head(context.Request, multipart, isFirst, instance, offer, head.Length + converted.Length));
        await output.WriteAsync(head, context.RequestAborted);
        await output.SendAsync(converted, context.RequestAborted);
        return true;
    }

    private InstanceContent? TryConvert(ServedInstance instance, RenditionOffer offer, out byte[] head)
    {
        head = [];
        var rendition = offer.Rendition;
        Invariant.Holds(TransferSyntax.TryFind(offer.Media.TransferSyntax!.Value, out var to));
        var source = lookup.SourceOf(instance, rendition);
        try
        {
            var content = (offer.IsAsStored ? source : TransferSyntaxConverter.Convert(source, to!)).Open();
            head = Part10Writer.Header(
                rendition.SopClassUid, instance.SopInstanceUid, to!.Uid, rendition.File.SenderAe);
            return content;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    // The patient of a corrected study is written on the way.
    private static bool PassesThrough(ServedInstance instance, RenditionOffer offer) =>
        offer.IsAsStored && instance.Correction is null;

    private static string VersionOf(ServedInstance instance) =>
        instance.Correction is { } correction ? $"-{CorrectedDataSet.VersionOf(correction)}" : "";

    private static string Head(
        HttpRequest request, Multipart multipart, bool isFirst, ServedInstance instance, RenditionOffer offer,
        long length) =>
        multipart.Begin(isFirst, ContentType(offer.Media), length, InstanceLookup.UrlOf(request, instance));

    private static string ContentType(OfferedMedia media) => $"{media.Type}; transfer-syntax={media.TransferSyntax}";
}
