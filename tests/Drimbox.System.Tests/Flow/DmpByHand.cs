using System.Net.Http.Headers;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;

namespace Drimbox.Tests.Flow;

/// <summary>A document entry as the registry returns it, read by the names of ITI TF-3 4.2.</summary>
internal sealed record EntryText(string EntryUuid, string UniqueId, string TypeCode, string Status, string RepositoryUniqueId)
{
    /// <summary>LOINC 18748-4: imaging report.</summary>
    public bool IsReport => TypeCode == "18748-4";

    public bool IsManifest => TypeCode == "IMG-KOS";

    /// <summary>The ExtrinsicObject.</summary>
    internal XElement? Element { get; init; }

    public bool IsApproved => Status == "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved";
}

/// <summary>The DMP asked by hand: request files, a plain HTTP client, and the answers as XML.</summary>
internal sealed class DmpByHand(Uri registry, Uri repository) : IDisposable
{
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
    private static readonly XNamespace Xds = "urn:ihe:iti:xds-b:2007";
    private static readonly XNamespace Xop = "http://www.w3.org/2004/08/xop/include";

    private readonly HttpClient _http = new();

    /// <summary>ITI-18 FindDocuments: Approved and Deprecated entries of the patient.</summary>
    public async Task<IReadOnlyList<EntryText>> FindAsync(string ins) => Read(await QueryAsync(
        "Requests/iti18-find-documents.xml", ("ins", ins)));

    /// <summary>ITI-18 GetDocuments.</summary>
    public async Task<IReadOnlyList<EntryText>> GetAsync(string uniqueId) => Read(await QueryAsync(
        "Requests/iti18-get-documents.xml", ("document", uniqueId)));

    /// <summary>ITI-43: the bytes of one document.</summary>
    public async Task<byte[]> RetrieveAsync(EntryText entry)
    {
        using var response = await PostAsync(
            repository, "Requests/iti43-retrieve.xml",
            ("document", entry.UniqueId), ("repository", entry.RepositoryUniqueId));
        var type = response.Content.Headers.ContentType!;
        Assert.Equal("multipart/related", type.MediaType, ignoreCase: true);
        var boundary = type.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"');
        var reader = new MultipartReader(boundary, await response.Content.ReadAsStreamAsync(Cancellation));

        // XOP: the first part is the envelope, and its Include names the part with the bytes.
        var root = await reader.ReadNextSectionAsync(Cancellation);
        var envelope = await XDocument.LoadAsync(root!.Body, LoadOptions.None, Cancellation);
        var document = Assert.Single(envelope.Descendants(Xds + "DocumentResponse"));
        Assert.Equal(entry.UniqueId, document.Element(Xds + "DocumentUniqueId")!.Value);
        var href = (string)document.Descendants(Xop + "Include").Single().Attribute("href")!;
        while (await reader.ReadNextSectionAsync(Cancellation) is { } part)
        {
            var id = part.Headers!["Content-ID"].ToString().Trim('<', '>');
            if ("cid:" + id != Uri.UnescapeDataString(href)) continue;
            using var bytes = new MemoryStream();
            await part.Body.CopyToAsync(bytes, Cancellation);
            return bytes.ToArray();
        }

        Assert.Fail($"no part is {href}");
        return [];
    }

    public void Dispose() => _http.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static List<EntryText> Read(XDocument answer) =>
        answer.Descendants(Rim + "ExtrinsicObject").Select(entry => new EntryText(
            (string)entry.Attribute("id")!,
            // ITI TF-3 Table 4.2.3.2-1: uniqueId is an external identifier, typeCode a classification.
            entry.Elements(Rim + "ExternalIdentifier")
                .Where(i => (string?)i.Attribute("identificationScheme") == "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab")
                .Select(i => (string)i.Attribute("value")!).Single(),
            entry.Elements(Rim + "Classification")
                .Where(c => (string?)c.Attribute("classificationScheme") == "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983")
                .Select(c => (string)c.Attribute("nodeRepresentation")!).Single(),
            (string)entry.Attribute("status")!,
            entry.Elements(Rim + "Slot").Where(s => (string?)s.Attribute("name") == "repositoryUniqueId")
                .Select(s => s.Descendants(Rim + "Value").Single().Value).Single())
        {
            Element = entry,
        }).ToList();

    private async Task<XDocument> QueryAsync(string file, params (string, string)[] values)
    {
        using var response = await PostAsync(registry, file, values);
        var answer = XDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(
            "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success",
            (string?)answer.Descendants().Single(e => e.Name.LocalName == "AdhocQueryResponse").Attribute("status"));
        return answer;
    }

    private async Task<HttpResponseMessage> PostAsync(Uri address, string file, params (string, string)[] values)
    {
        var request = Template.Fill(file, [.. values, ("message", Guid.NewGuid().ToString())]);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(request));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/soap+xml; charset=utf-8");
        var response = await _http.PostAsync(address, content, Cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{file}: {response.StatusCode}");
        return response;
    }
}
