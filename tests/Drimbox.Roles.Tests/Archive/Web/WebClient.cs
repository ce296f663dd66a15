using System.Text;
using Drimbox.Archive;
using Drimbox.Archive.Web;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Archive;

/// <summary>A part of a multipart answer, found by a search for the boundary in the whole of it.</summary>
internal sealed record Part(string Header, byte[] Bytes);

/// <summary>A user agent without any knowledge of the server's code but the codecs of data sets.</summary>
internal sealed class WebClient : IDisposable
{
    public const string DicomParts = "multipart/related; type=\"application/dicom\"";
    public const string AsStored = DicomParts + "; transfer-syntax=*";
    public const string Json = "application/dicom+json";

    private readonly HttpClient _http;

    public WebClient(ArchiveNode node)
    {
        Address = new Uri(node.WebAddress!, "dicom-web/");
        _http = new HttpClient(new HeardAnswers(new SocketsHttpHandler()))
        {
            BaseAddress = Address,
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    public Uri Address { get; }

    public static Func<ArchiveOptions, ArchiveOptions> OnLoopback(
        Func<ArchiveWebOptions, ArchiveWebOptions>? change = null) => options => options with
    {
        Web = (change ?? (static o => o))(
            new ArchiveWebOptions { Address = System.Net.IPAddress.Loopback, Port = 0 }),
    };

    public Task<HttpResponseMessage> GetAsync(
        string path, string? accept = Json, Action<HttpRequestMessage>? change = null) =>
        SendAsync(HttpMethod.Get, path, accept, null, change);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? accept, HttpContent? content = null,
        Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path)) { Content = content };
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        change?.Invoke(request);
        return await _http.SendAsync(request);
    }

    public async Task<IReadOnlyList<DataSet>> SearchAsync(string path)
    {
        using var response = await GetAsync(path);
        if (response.StatusCode == System.Net.HttpStatusCode.NoContent) return [];
        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(
            DicomJson.TryReadAll(await response.Content.ReadAsByteArrayAsync(), out var found, out var refusal),
            refusal?.Detail);
        return found;
    }

    public async Task<List<Part>> GetPartsAsync(string path, string accept = AsStored)
    {
        using var response = await GetAsync(path, accept);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return await PartsAsync(response);
    }

    public static async Task<List<Part>> PartsAsync(HttpResponseMessage response)
    {
        var boundary = response.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!;
        var body = await response.Content.ReadAsByteArrayAsync();
        var delimiter = Encoding.ASCII.GetBytes("--" + boundary.Trim('"'));
        var parts = new List<Part>();
        for (var at = Find(body, delimiter, 0); ;)
        {
            var begin = at + delimiter.Length;
            if (body.AsSpan(begin).StartsWith("--"u8)) return parts;
            var next = Find(body, delimiter, begin);
            Assert.True(next > 0, "The answer has no last delimiter.");
            var header = Find(body, "\r\n\r\n"u8.ToArray(), begin);
            parts.Add(new Part(
                Encoding.ASCII.GetString(body, begin, header - begin), body[(header + 4)..(next - 2)]));
            at = next;
        }
    }

    public Task<HttpResponseMessage> StoreAsync(params IReadOnlyList<byte[]> files) => StoreAsync("studies", files);

    public Task<HttpResponseMessage> StoreAsync(string path, IReadOnlyList<byte[]> files) =>
        SendAsync(HttpMethod.Post, path, Json, Body(files));

    public static HttpContent Body(IReadOnlyList<byte[]> files, string partType = "application/dicom")
    {
        using var body = new MemoryStream();
        foreach (var file in files)
        {
            body.Write(Encoding.ASCII.GetBytes($"\r\n--bound\r\nContent-Type: {partType}\r\n\r\n"));
            body.Write(file);
        }

        body.Write("\r\n--bound--\r\n"u8);
        return Raw(body.ToArray());
    }

    public static ByteArrayContent Raw(
        byte[] body, string contentType = "multipart/related; type=\"application/dicom\"; boundary=bound")
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return content;
    }

    public static async Task<DataSet> ReportAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(DicomJson.TryRead(body, out var report, out var refusal), refusal?.Detail);
        return report!;
    }

    public static byte[] FileOf(DataSet dataSet, TransferSyntax? syntax = null) =>
        Part10Writer.ToBytes(dataSet, syntax ?? TransferSyntax.ExplicitVRLittleEndian, AeTitle.Parse("CT1"));

    public static DicomFile Parse(byte[] file)
    {
        Assert.True(DicomFile.TryRead(file, out var read, out var refusal), refusal?.Detail);
        return read!;
    }

    public void Dispose() => _http.Dispose();

    private static int Find(byte[] bytes, byte[] wanted, int from)
    {
        var found = bytes.AsSpan(from).IndexOf(wanted);
        return found < 0 ? -1 : from + found;
    }
}
