using System.Text;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Archive.Web;

/// <summary>Parts that all answers share.</summary>
internal static class WebAnswers
{
    /// <summary>The service root; PS3.18 8.2 leaves it to us.</summary>
    public const string Root = "/dicom-web";

    /// <summary>The base URI by which the caller knows us; its host name has been checked.</summary>
    public static string BaseUri(HttpRequest request) => $"{request.Scheme}://{request.Host}{Root}";

    public static string StudyUrl(HttpRequest request, string study) => $"{BaseUri(request)}/studies/{study}";

    /// <summary>A Status Report (PS3.18 8.6.3): a sentence of ours, never a value of the request.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        var bytes = Encoding.UTF8.GetBytes(sentence + "\n");
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    public static Task NotAcceptableAsync(HttpContext context, string available) =>
        RefuseAsync(context, StatusCodes.Status406NotAcceptable, $"Not acceptable. Available: {available}.");

    /// <summary>PS3.18 8.7.8.1: the accept parameter decides if something it names is there; else the field.</summary>
    /// <returns>Null: 406.</returns>
    public static OfferedMedia? Choose(HttpRequest request, IReadOnlyList<OfferedMedia> offers)
    {
        foreach (var acceptance in Acceptances(request))
        {
            if (acceptance.Choose(offers) is { } chosen) return chosen;
        }

        return null;
    }

    /// <summary>What the request accepts, the first that is met decides; none: nothing is acceptable.</summary>
    public static IReadOnlyList<Acceptance> Acceptances(HttpRequest request)
    {
        // PS3.18 8.7.7: without the field nothing is acceptable.
        var field = Acceptance.Parse(request.Headers.Accept.ToString());
        if (field.IsEmpty) return [];
        return ByParameter(request) is { } parameter ? [parameter, field] : [field];
    }

    /// <summary>The best of what the renditions of an instance can be given as; null: none is acceptable.</summary>
    /// <param name="offers">The better first.</param>
    public static RenditionOffer? Choose(IReadOnlyList<Acceptance> accepted, IReadOnlyList<RenditionOffer> offers)
    {
        foreach (var acceptance in accepted)
        {
            if (acceptance.Choose(offers.Select(offer => offer.Media)) is { } media)
                return offers.First(offer => offer.Media == media);
        }

        return null;
    }

    /// <summary>What the accept query parameter names, or null without one.</summary>
    public static Acceptance? ByParameter(HttpRequest request)
    {
        var parameter = request.Query["accept"].ToString();
        return parameter.Length == 0 ? null : Acceptance.Parse(parameter);
    }

    public static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>One data set in JSON or as an XML document by itself.</summary>
    public static Task WriteDataSetAsync(HttpContext context, int status, DataSet dataSet, bool asXml) => asXml
        ? WriteAsync(context, status, WebMediaTypes.DicomXml, NativeDicomModel.ToBytes(dataSet))
        : WriteAsync(context, status, WebMediaTypes.DicomJson, DicomJson.ToBytes(dataSet));
}
