using System.Net;
using Drimbox.Core;
using Drimbox.Dicom.Tls;
using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Accounts.OpenId;
using Drimbox.Gateway.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Administration;

/// <summary>
/// The administration interface of the running process: a Unix socket (who calls is known to the kernel and recorded as
/// the actor), HTTPS for accounts if it is configured, and a read-only HTTP port on loopback if one is configured. In
/// front of every route: <see cref="AccessControl"/>.
/// </summary>
internal sealed class AdministrationServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly SignIn _signIn;
    private readonly OpenIdProvider? _provider;
    private readonly string _socketPath;
    private bool _isStopped;

    private AdministrationServer(
        WebApplication application, SignIn signIn, OpenIdProvider? provider, string socketPath)
    {
        _application = application;
        _signIn = signIn;
        _provider = provider;
        _socketPath = socketPath;
    }

    /// <summary>The address of the HTTP port, or null if there is none.</summary>
    public Uri? HttpAddress => AddressOf(Uri.UriSchemeHttp);

    /// <summary>The address of the HTTPS port, or null if there is none.</summary>
    public Uri? HttpsAddress => AddressOf(Uri.UriSchemeHttps);

    /// <summary>Every route, for those who check them all.</summary>
    public IEnumerable<RouteEndpoint> Routes =>
        ((IEndpointRouteBuilder)_application).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>();

    /// <param name="map">Maps the routes of the roles.</param>
    /// <exception cref="IOException">A port is taken, a file of TLS cannot be used, or the socket cannot be given to
    /// its group.</exception>
    public static async Task<AdministrationServer> StartAsync(
        string socketPath,
        AdministrationOptions options,
        AccountRegister accounts,
        LocalUsers users,
        PasswordHasher hasher,
        TimeProvider time,
        Action<WebApplication> map,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        // A socket file that a killed process left behind; a live process holds the locks of its stores, so it
        // would have been met before.
        File.Delete(socketPath);
        var log = loggers.CreateLogger<AdministrationServer>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(loggers);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.DefaultIgnoreCondition = AdministrationJson.Options.DefaultIgnoreCondition;
            foreach (var converter in AdministrationJson.Options.Converters)
                json.SerializerOptions.Converters.Add(converter);
        });
        var tls = options.Https is { } https
            ? new TlsHandshakes(
                TlsServerOptions.From(https.Tls)!, time, warning => AccountsLog.TlsFilesUnusable(log, warning))
            : null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Limits.AdministrationRequestBytesMax;
            kestrel.ListenUnixSocket(socketPath);
            if (options.HttpPort is { } port)
                kestrel.Listen(IPAddress.Loopback, port, o => o.Protocols = HttpProtocols.Http1);
            if (tls is not null) ListenHttps(kestrel, options.Https!, tls);
        });
        var application = builder.Build();
        var sessions = new Sessions(time, options.Https?.IdleTimeout ?? Limits.SessionTime);
        var signIn = new SignIn(accounts, sessions, options.Passwords.ToPolicy(), hasher, time, log);
        var access = new AccessControl(accounts, sessions, signIn, options, users, time, log);
        application.UseRouting();
        application.Use((HttpContext context, RequestDelegate next) => access.InvokeAsync(context, next));
        AccountRoutes.Map(application, accounts, signIn);
        SessionRoutes.Map(application, sessions, signIn);
        var openId = options.Https?.OpenId;
        var provider = openId is null ? null : new OpenIdProvider(openId, time);
        OpenIdRoutes.Map(
            application,
            provider is null ? null : new OpenIdSignIn(openId!, provider, accounts, sessions, signIn, time, log), log);
        map(application);
        try
        {
            await application.StartAsync(cancellation);
            File.SetUnixFileMode(socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (options.SocketGroup is { } group) SocketGroup.Admit(group, socketPath);
            return new AdministrationServer(application, signIn, provider, socketPath);
        }
        catch
        {
            await application.DisposeAsync();
            signIn.Dispose();
            provider?.Dispose();
            throw;
        }
    }

    /// <summary>Who calls, for the record.</summary>
    public static string ActorOf(HttpContext context) => AccessControl.CallerOf(context).Actor;

    /// <summary>Takes no new requests and lets those under way end.</summary>
    /// <param name="cancellationToken">Cancelled: they are cut off.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_isStopped) return;
        _isStopped = true;
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
        await StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
        _signIn.Dispose();
        _provider?.Dispose();
        File.Delete(_socketPath);
    }

    private static void ListenHttps(
        KestrelServerOptions kestrel, AdministrationHttpsSection https, TlsHandshakes tls) =>
        kestrel.Listen(IPAddress.Parse(https.Address), https.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            var places = new ConnectionPlaces(Limits.AdministrationConnectionsMax);
            listen.Use(next => connection => places.RunAsync(connection, next));
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(tls.Begin()),
                HandshakeTimeout = Limits.ArtimTimeout,
            });
        });

    private Uri? AddressOf(string scheme) => _application.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses
        .Where(a => !a.Contains("unix:", StringComparison.Ordinal)).Select(a => new Uri(a))
        .FirstOrDefault(a => a.Scheme == scheme);
}

/// <summary>Connections of a network take no place of the socket's.</summary>
internal sealed class ConnectionPlaces(int max)
{
    private int _taken;

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var place = Interlocked.Increment(ref _taken);
        try
        {
            if (place > max) connection.Abort();
            else await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref _taken);
        }
    }
}
