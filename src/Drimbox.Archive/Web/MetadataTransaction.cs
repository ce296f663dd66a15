using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Archive.Web;

/// <summary>Retrieve Transaction for metadata. Source: PS3.18 10.4.1.1.2. Long values are given by their address, one
/// instance is in memory at a time.</summary>
internal sealed class MetadataTransaction(InstanceLookup lookup, IIdSource ids)
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public async Task RunAsync(HttpContext context)
    {
        if (await lookup.FindAsync(context) is not { } instances) return;
        instances.RemoveAll(instance => instance.Damaged);
        if (WebAnswers.Choose(context.Request, WebMediaTypes.Metadata) is not { } media)
        {
            await WebAnswers.NotAcceptableAsync(
                context, "application/dicom+json; multipart/related; type=\"application/dicom+xml\"");
            return;
        }

        if (media.IsMultipart) await WriteXmlAsync(context, instances);
        else await WriteJsonAsync(context, instances);
    }

    private async Task WriteJsonAsync(HttpContext context, List<ServedInstance> instances)
    {
        var output = context.Response.BodyWriter;
        context.Response.ContentType = WebMediaTypes.DicomJson;
        await using var json = new Utf8JsonWriter(output, Json);
        json.WriteStartArray();
        foreach (var instance in instances)
        {
            DicomJson.Write(
                Read(instance), json, new DicomJsonOptions { BulkDataUri = Address(context.Request, instance) });
            await json.FlushAsync(context.RequestAborted);
            await output.FlushAsync(context.RequestAborted);
        }

        json.WriteEndArray();
        await json.FlushAsync(context.RequestAborted);
        await output.FlushAsync(context.RequestAborted);
    }

    private async Task WriteXmlAsync(HttpContext context, List<ServedInstance> instances)
    {
        var multipart = new Multipart(ids.NewUuid(), WebMediaTypes.DicomXml);
        var output = context.Response.BodyWriter;
        context.Response.ContentType = multipart.ContentType;
        for (var i = 0; i < instances.Count; i++)
        {
            var xml = NativeDicomModel.ToBytes(Read(instances[i]), Address(context.Request, instances[i]));
            output.Write(multipart.Begin(
                i == 0, WebMediaTypes.DicomXml, xml.Length,
                $"{InstanceLookup.UrlOf(context.Request, instances[i])}/metadata"));
            await output.WriteAsync(xml, context.RequestAborted);
        }

        output.Write(multipart.End);
        await output.FlushAsync(context.RequestAborted);
    }

    // Its renditions say the same of it.
    private DataSet Read(ServedInstance instance) => lookup.Read(instance, instance.Renditions[0]).DataSet;

    private static Func<BulkDataPlace, string?> Address(HttpRequest request, ServedInstance instance)
    {
        var url = InstanceLookup.UrlOf(request, instance);
        return place => place.Element.Tag == Tag.PixelData || place.Element.Fragments is not null
            || place.Element.Length > Limits.WebInlineBytesMax
            ? $"{url}/bulkdata/{place.Path}"
            : null;
    }
}
