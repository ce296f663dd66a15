using System.Text;
using System.Text.Json;
using System.Xml;

namespace Drimbox.Dicom.Web;

/// <summary>A transaction on a resource.</summary>
/// <param name="Name">GET or POST.</param>
/// <param name="Id">The name of the transaction: <c>RetrieveStudy</c>.</param>
/// <param name="Accepts">The media types of its answers, the default first.</param>
/// <param name="Takes">The media types of its payload.</param>
/// <param name="QueryParameters">Beside <c>accept</c>.</param>
/// <param name="Statuses">Of its answers: <c>200 204</c>.</param>
public sealed record CapabilityMethod(
    string Name,
    string Id,
    IReadOnlyList<string> Accepts,
    IReadOnlyList<string> Takes,
    IReadOnlyList<string> QueryParameters,
    string Statuses);

/// <summary>A resource, its transactions and what is below it.</summary>
/// <param name="Path">One part of the path, or one in braces.</param>
public sealed record CapabilityResource(
    string Path, IReadOnlyList<CapabilityMethod> Methods, IReadOnlyList<CapabilityResource> Resources);

/// <summary>The description of an origin server, a WADL document. Source: PS3.18 8.9, annexes G and H; W3C submission
/// Web Application Description Language of 31 August 2009.</summary>
public static class CapabilitiesDescription
{
    public const string Wadl = "application/vnd.sun.wadl+xml";

    private const string Namespace = "http://wadl.dev.java.net/2009/02";

    /// <summary>In this order of preference.</summary>
    public static IReadOnlyList<OfferedMedia> Offers { get; } =
        [new OfferedMedia(Wadl, IsMultipart: false), new OfferedMedia(WebMediaTypes.Json, IsMultipart: false)];

    public static byte[] ToXml(string baseUri, IReadOnlyList<CapabilityResource> resources)
    {
        using var output = new MemoryStream();
        using (var xml = XmlWriter.Create(output, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
        {
            xml.WriteStartElement("application", Namespace);
            xml.WriteStartElement("resources", Namespace);
            xml.WriteAttributeString("base", baseUri);
            foreach (var resource in resources) Write(xml, resource);
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return output.ToArray();
    }

    /// <summary>PS3.18 annex G: attributes are members with an at sign, repeatable elements are arrays.</summary>
    public static byte[] ToJson(string baseUri, IReadOnlyList<CapabilityResource> resources) =>
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["application"] = new Dictionary<string, object>
            {
                ["resources"] = new object[]
                {
                    new Dictionary<string, object> { ["@base"] = baseUri, ["resource"] = resources.Select(Json) },
                },
            },
        });

    private static void Write(XmlWriter xml, CapabilityResource resource)
    {
        xml.WriteStartElement("resource", Namespace);
        xml.WriteAttributeString("path", resource.Path);
        foreach (var method in resource.Methods) Write(xml, method);
        foreach (var below in resource.Resources) Write(xml, below);
        xml.WriteEndElement();
    }

    private static void Write(XmlWriter xml, CapabilityMethod method)
    {
        xml.WriteStartElement("method", Namespace);
        xml.WriteAttributeString("name", method.Name);
        xml.WriteAttributeString("id", method.Id);
        xml.WriteStartElement("request", Namespace);
        xml.WriteStartElement("param", Namespace);
        xml.WriteAttributeString("name", "Accept");
        xml.WriteAttributeString("style", "header");
        xml.WriteAttributeString("default", method.Accepts[0]);
        foreach (var accepted in method.Accepts) WriteWith(xml, "option", ("value", accepted));
        xml.WriteEndElement();
        foreach (var parameter in method.QueryParameters)
            WriteWith(xml, "param", ("name", parameter), ("style", "query"));
        foreach (var taken in method.Takes) WriteWith(xml, "representation", ("mediaType", taken));
        xml.WriteEndElement();
        xml.WriteStartElement("response", Namespace);
        xml.WriteAttributeString("status", method.Statuses);
        foreach (var accepted in method.Accepts) WriteWith(xml, "representation", ("mediaType", accepted));
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteWith(XmlWriter xml, string element, params (string Name, string Value)[] attributes)
    {
        xml.WriteStartElement(element, Namespace);
        foreach (var (name, value) in attributes) xml.WriteAttributeString(name, value);
        xml.WriteEndElement();
    }

    private static Dictionary<string, object> Json(CapabilityResource resource)
    {
        var json = new Dictionary<string, object> { ["@path"] = resource.Path };
        if (resource.Methods.Count > 0) json["method"] = resource.Methods.Select(Json);
        if (resource.Resources.Count > 0) json["resource"] = resource.Resources.Select(Json);
        return json;
    }

    private static Dictionary<string, object> Json(CapabilityMethod method) => new()
    {
        ["@name"] = method.Name,
        ["@id"] = method.Id,
        ["request"] = new Dictionary<string, object>
        {
            ["param"] = method.QueryParameters
                .Select(p => new Dictionary<string, object> { ["@name"] = p, ["@style"] = "query" })
                .Prepend(new Dictionary<string, object>
                {
                    ["@name"] = "Accept",
                    ["@style"] = "header",
                    ["@default"] = method.Accepts[0],
                    ["option"] = method.Accepts.Select(a => new Dictionary<string, object> { ["@value"] = a }),
                }),
            ["representation"] = Representations(method.Takes),
        },
        ["response"] = new object[]
        {
            new Dictionary<string, object>
            {
                ["@status"] = method.Statuses,
                ["representation"] = Representations(method.Accepts),
            },
        },
    };

    private static IEnumerable<Dictionary<string, object>> Representations(IReadOnlyList<string> mediaTypes) =>
        mediaTypes.Select(m => new Dictionary<string, object> { ["@mediaType"] = m });
}
