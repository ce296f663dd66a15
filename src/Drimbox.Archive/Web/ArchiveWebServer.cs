using System.Net;
using Drimbox.Core;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Archive.Web;

/// <summary>The DICOMweb side of an archive: its listener, and the bounds on who takes part of it.</summary>
internal sealed class ArchiveWebServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly SearchTransaction _search;

    private ArchiveWebServer(WebApplication application, SearchTransaction search)
    {
        _application = application;
        _search = search;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First());

    /// <exception cref="IOException">The port cannot be taken, or a file of the options cannot be used.</exception>
    /// <exception cref="InvalidOperationException">The options are unsafe.</exception>
    public static async Task<ArchiveWebServer> StartAsync(
        ArchiveOptions options,
        ArchiveSurroundings surroundings,
        ArchiveIndex index,
        InstanceFolders folders,
        ArchiveLifeCycle lifeCycle,
        ICStoreScp store,
        ILogger log,
        CancellationToken cancellationToken)
    {
        var web = options.Web!;
        if (web.Unsafe is { } reason) throw new InvalidOperationException(reason);
        // Empty: neither files of the working folder nor the environment say where it listens.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRouting();
        // The framework logs the paths of requests, which lead to patients.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        var tls = web.Tls is null ? null : new TlsHandshakes(
            web.Tls, surroundings.Time,
            warning => WebLog.TlsFilesUnusable(log, options.NodeId, warning));
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, web, tls));
        var application = builder.Build();
        var lookup = new InstanceLookup(options, index, folders, lifeCycle.Files, lifeCycle.Access);
        var search = new SearchTransaction(options, new ArchiveFind(options, index), surroundings.Ids);
        new WebRoutes(
            options, new WebAccess(web), search, lookup, new StoreTransaction(options, store, log), surroundings.Ids,
            log).Map(application);
        try
        {
            await application.StartAsync(cancellationToken);
            return new ArchiveWebServer(application, search);
        }
        catch
        {
            search.Dispose();
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

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _search.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, ArchiveWebOptions web, TlsHandshakes? tls)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = Limits.WebConnectionsMax;
        limits.MaxRequestLineSize = Limits.WebRequestLineBytesMax;
        limits.MaxRequestHeadersTotalSize = Limits.WebHeadersBytesMax;
        limits.MaxRequestBodySize = web.StoreBytesMax;
        limits.MaxRequestBufferSize = Limits.WebRequestBufferBytes;
        limits.MaxResponseBufferSize = Limits.WebResponseBufferBytes;
        limits.RequestHeadersTimeout = Limits.WebHeadersTimeout;
        limits.KeepAliveTimeout = Limits.AssociationIdleTimeout;
        limits.MinRequestBodyDataRate = new MinDataRate(Limits.ThroughputBytesPerSecondMin, Limits.ThroughputGrace);
        limits.MinResponseDataRate = new MinDataRate(Limits.ThroughputBytesPerSecondMin, Limits.ThroughputGrace);
        kestrel.Listen(web.Address, web.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            var perPeer = new ConnectionsPerPeer(Limits.WebConnectionsPerPeerMax);
            listen.Use(next => connection => perPeer.RunAsync(connection, next));
            if (tls is null) return;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(tls.Begin()),
                HandshakeTimeout = Limits.ArtimTimeout,
            });
        });
    }
}

/// <summary>One peer cannot take all connections (attack A11); this machine may, since a proxy on it stands for
/// many.</summary>
internal sealed class ConnectionsPerPeer(int max)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _counts = [];

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || IPAddress.IsLoopback(address))
        {
            await next(connection);
            return;
        }

        if (!TryEnter(address))
        {
            connection.Abort();
            return;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            Leave(address);
        }
    }

    private bool TryEnter(IPAddress address)
    {
        lock (_gate)
        {
            var count = _counts.GetValueOrDefault(address);
            if (count >= max) return false;
            _counts[address] = count + 1;
            return true;
        }
    }

    private void Leave(IPAddress address)
    {
        lock (_gate)
        {
            if (_counts[address] == 1) _counts.Remove(address);
            else _counts[address]--;
        }
    }
}
