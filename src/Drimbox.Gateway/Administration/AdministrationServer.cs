using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Administration;

/// <summary>
/// The administration interface of the running process: a Unix socket (mode 0600; who calls is known to the kernel
/// and recorded as the actor), and a read-only HTTP port on loopback if one is configured.
/// </summary>
internal sealed class AdministrationServer : IAsyncDisposable
{
    private const string ActorKey = "drimbox.actor";

    private readonly WebApplication _application;
    private readonly string _socketPath;

    private AdministrationServer(WebApplication application, string socketPath)
    {
        _application = application;
        _socketPath = socketPath;
    }

    /// <summary>The address of the HTTP port, or null if there is none.</summary>
    public Uri? HttpAddress => _application.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses
        .Where(a => !a.Contains("unix:", StringComparison.Ordinal)).Select(a => new Uri(a)).FirstOrDefault();

    /// <param name="httpPort">Loopback port, 0 for a free one, null for none.</param>
    /// <param name="map">Maps the routes of the roles.</param>
    public static async Task<AdministrationServer> StartAsync(
        string socketPath,
        int? httpPort,
        Action<WebApplication> map,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        // A socket file that a killed process left behind; a live process holds the locks of its stores, so it
        // would have been met before.
        File.Delete(socketPath);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(loggers);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.DefaultIgnoreCondition = AdministrationJson.Options.DefaultIgnoreCondition;
            foreach (var converter in AdministrationJson.Options.Converters)
                json.SerializerOptions.Converters.Add(converter);
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.ListenUnixSocket(socketPath);
            if (httpPort is { } port) kestrel.Listen(IPAddress.Loopback, port, o => o.Protocols = HttpProtocols.Http1);
        });
        var application = builder.Build();
        application.Use(IdentifyAsync);
        map(application);
        await application.StartAsync(cancellation);
        File.SetUnixFileMode(socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new AdministrationServer(application, socketPath);
    }

    /// <summary>Who calls: the user at the other end of the socket.</summary>
    public static string ActorOf(HttpContext context) => (string)context.Items[ActorKey]!;

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
        File.Delete(_socketPath);
    }

    private static async Task IdentifyAsync(HttpContext context, RequestDelegate next)
    {
        var socket = context.Features.Get<IConnectionSocketFeature>()?.Socket;
        var user = socket is null ? null : PeerCredentials.UserOf(socket);
        if (user is null && !HttpMethods.IsGet(context.Request.Method))
        {
            // Until authentication is configured, the HTTP port shows and changes nothing.
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsJsonAsync(
                new { error = "Read only: changes go through the administration socket (drimbox commands)." },
                AdministrationJson.Options, context.RequestAborted);
            return;
        }

        if (user is null && context.Request.Host.Host is not ("localhost" or "127.0.0.1" or "[::1]"))
        {
            // A page of another site whose name now points here (DNS rebinding) must not read through a browser.
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        context.Items[ActorKey] = user ?? "http";
        await next(context);
    }
}
