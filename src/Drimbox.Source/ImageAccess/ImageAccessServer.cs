using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using Drimbox.Core;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.Web;
using Drimbox.Source.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Source.ImageAccess;

/// <summary>The access point that the retrieve URLs of the manifests lead to: HTTPS with certificates on both sides (DB.SO.90,
/// 98, 99).</summary>
internal sealed class ImageAccessServer : IAsyncDisposable
{
    private static readonly IReadOnlyList<CapabilityResource> Resources =
    [
        new("studies", [], [new("{study}", [], [new("series", [],
        [
            new("{series}",
                [new("GET", "RetrieveSeries", ["multipart/related; type=\"application/dicom\""], [], [],
                    "200 400 401 403 404 406 421 502 503 504")],
                []),
        ])])]),
    ];

    private readonly WebApplication _application;

    private ImageAccessServer(WebApplication application) => _application = application;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First());

    /// <exception cref="IOException">The port cannot be taken, or a file of the options cannot be used.</exception>
    public static async Task<ImageAccessServer> StartAsync(
        ImageAccessOptions options, ImageTransaction images, HandshakeAudit handshakes, TimeProvider time, ILogger log,
        CancellationToken cancellationToken)
    {
        // Empty: neither files of the working folder nor the environment say where it listens.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        // A record of TLS leaves by the thread that made it: handing each to another costs more than sending it.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddRouting();
        // The framework logs the paths of requests, which lead to patients.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        var tls = new TlsHandshakes(
            TlsServerOptions.From(options.Tls)!, time, warning => SourceLog.TlsFilesUnusable(log, warning));
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, tls, handshakes));
        var application = builder.Build();
        // Also with what is refused: the caller may be a browser that was led astray.
        application.Use((context, next) =>
        {
            context.Response.Headers.StrictTransportSecurity = "max-age=31536000";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return next(context);
        });
        application.UseRouting();
        application.MapGet("/studies/{study}/series/{series}", context => RunAsync(context, images.RunAsync, log));
        application.MapGet("/", context => RunAsync(context, DescribeAsync, log));
        application.MapMethods("/{**path}", [HttpMethods.Options], context => RunAsync(context, DescribeAsync, log));
        try
        {
            await application.StartAsync(cancellationToken);
            return new ImageAccessServer(application);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes no new requests and lets those under way end.</summary>
    /// <param name="cancellationToken">Cancelled: they are cut off.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _application.StopAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Cut off, as wanted.
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    // DB.SO.103, PS3.18 8.9: that it is there, and what it does.
    private static async Task DescribeAsync(HttpContext context)
    {
        var accepted = Acceptance.Parse(context.Request.Headers.Accept.ToString());
        if (accepted.Choose(CapabilitiesDescription.Offers) is not { } media)
        {
            await ImageTransaction.RefuseAsync(
                context, StatusCodes.Status406NotAcceptable, $"Available: {CapabilitiesDescription.Wadl}, application/json.");
            return;
        }

        var baseUri = $"https://{context.Request.Host}";
        var bytes = media.Type == WebMediaTypes.Json
            ? CapabilitiesDescription.ToJson(baseUri, Resources)
            : CapabilitiesDescription.ToXml(baseUri, Resources);
        context.Response.ContentType = media.Type;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a request: the log and the caller are told.")]
    private static async Task RunAsync(HttpContext context, Func<HttpContext, Task> run, ILogger log)
    {
        try
        {
            await run(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // No one waits for an answer.
        }
        catch (Exception e)
        {
            SourceLog.ImageAccessFailed(log, e);
            if (context.Response.HasStarted) context.Abort();
            else
            {
                await ImageTransaction.RefuseAsync(
                    context, StatusCodes.Status503ServiceUnavailable, "The DRIMbox failed; its log says why.");
            }
        }
    }

    private static void Configure(
        KestrelServerOptions kestrel, ImageAccessOptions options, TlsHandshakes tls, HandshakeAudit handshakes)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = Limits.WebConnectionsMax;
        limits.MaxRequestLineSize = Limits.WebHeadersBytesMax;
        limits.MaxRequestHeadersTotalSize = Limits.WebHeadersBytesMax;
        limits.MaxRequestBodySize = 0;
        limits.MaxResponseBufferSize = Limits.WebResponseBufferBytes;
        limits.RequestHeadersTimeout = Limits.WebHeadersTimeout;
        limits.KeepAliveTimeout = Limits.AssociationIdleTimeout;
        limits.MinResponseDataRate = new MinDataRate(Limits.ThroughputBytesPerSecondMin, Limits.ThroughputGrace);
        kestrel.Listen(IPAddress.Parse(options.Address), options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = context =>
                {
                    var peer = (context.Connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "";
                    return ValueTask.FromResult(Begin(tls, peer, handshakes));
                },
                HandshakeTimeout = Limits.ArtimTimeout,
            });
        });
    }

    private static SslServerAuthenticationOptions Begin(TlsHandshakes tls, string peer, HandshakeAudit handshakes)
    {
        var options = tls.Begin();
        var verify = options.RemoteCertificateValidationCallback!;
        options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
        {
            var isAccepted = verify(sender, certificate, chain, errors);
            if (!isAccepted) handshakes.Refused(peer, certificate?.Subject ?? "");
            return isAccepted;
        };
        return options;
    }
}
