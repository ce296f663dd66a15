using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Drimbox.Dmp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Dmp;

/// <summary>
/// Stands between a publisher and a DMP, passes everything on as it is, resets included, and keeps of each submission
/// what must be the same at every attempt: its metadata and its documents, by their hash. It reads them by itself, with
/// nothing of ours.
/// </summary>
internal sealed class RecordingDmp : IAsyncDisposable
{
    private static readonly XNamespace Lcm = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";

    // ITI TF-3 table 4.2.5-3: XDSSubmissionSet.uniqueId.
    private const string SubmissionSetUniqueId = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";

    private readonly WebApplication _app;
    private readonly HttpClient _http;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _sent = new(StringComparer.Ordinal);

    private RecordingDmp(WebApplication app, HttpClient http)
    {
        _app = app;
        _http = http;
    }

    /// <summary>Where the publisher sends to.</summary>
    public XdsTarget Target { get; private set; } = null!;

    /// <summary>Submission set → the hashes of what was sent for it, one an attempt.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Sent =>
        _sent.ToDictionary(s => s.Key, s => (IReadOnlyList<string>)[.. s.Value], StringComparer.Ordinal);

    /// <summary>Answers a submission in place of the DMP: gets its metadata and gives an ebRS error code, or null to pass
    /// it on.</summary>
    public Func<string, string?> Refuses { get; set; } = _ => null;

    /// <summary>Asks for metadata that are no submission are counted here.</summary>
    public int Queries => Volatile.Read(ref _queries);

    private int _queries;

    public static async Task<RecordingDmp> StartAsync(XdsTarget behind, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        // A connection for each request: a client that sends again by itself would hide what happened.
        var http = new HttpClient(new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.Zero, AllowAutoRedirect = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var recorder = new RecordingDmp(app, http);
        app.Run(context => recorder.PassAsync(
            context, context.Request.Path.Value!.EndsWith("/registry", StringComparison.Ordinal)
                ? behind.Registry
                : behind.Repository));
        await app.StartAsync(cancellation);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        recorder.Target = XdsTarget.Under(new Uri(new Uri(address), "/dmp/"));
        return recorder;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task PassAsync(HttpContext context, Uri to)
    {
        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            if (await RecordAsync(context.Request.ContentType!, body.ToArray()) is { } metadata
                && Refuses(metadata) is { } code)
            {
                await RefuseAsync(context, code);
                return;
            }

            using var content = new ByteArrayContent(body.ToArray());
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(context.Request.ContentType!);
            using var request = new HttpRequestMessage(HttpMethod.Post, to) { Content = content };
            using var response = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            context.Response.ContentLength = response.Content.Headers.ContentLength;
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task<string?> RecordAsync(string contentType, byte[] body)
    {
        var parts = await PartsAsync(contentType, body);
        var metadata = XDocument.Parse(Encoding.UTF8.GetString(parts[0])).Descendants(Lcm + "SubmitObjectsRequest")
            .SingleOrDefault();
        if (metadata is null)
        {
            Interlocked.Increment(ref _queries);
            return null;
        }

        var set = metadata.Descendants(Rim + "ExternalIdentifier")
            .Single(i => (string?)i.Attribute("identificationScheme") == SubmissionSetUniqueId);
        var text = metadata.ToString(SaveOptions.DisableFormatting);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        foreach (var part in parts.Skip(1)) hash.AppendData(SHA256.HashData(part));
        _sent.GetOrAdd((string)set.Attribute("value")!, _ => new ConcurrentQueue<string>())
            .Enqueue(Convert.ToHexStringLower(hash.GetCurrentHash()));
        return text;
    }

    // XOP: the envelope, then the documents.
    private static async Task<List<byte[]>> PartsAsync(string contentType, byte[] body)
    {
        var type = MediaTypeHeaderValue.Parse(contentType);
        if (type.MediaType != "multipart/related") return [body];
        var boundary = type.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"');
        var reader = new MultipartReader(boundary, new MemoryStream(body));
        var parts = new List<byte[]>();
        while (await reader.ReadNextSectionAsync() is { } section)
        {
            using var part = new MemoryStream();
            await section.Body.CopyToAsync(part);
            parts.Add(part.ToArray());
        }

        return parts;
    }

    private static async Task RefuseAsync(HttpContext context, string code)
    {
        context.Response.ContentType = "application/soap+xml; charset=utf-8";
        await context.Response.WriteAsync(
            $"""
            <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>
            <rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
              status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"><rs:RegistryErrorList>
            <rs:RegistryError errorCode="{code}" codeContext="" severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/>
            </rs:RegistryErrorList></rs:RegistryResponse></s:Body></s:Envelope>
            """);
    }
}
