using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Dicom.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Drimbox.Emulators.Psc;

/// <summary>A professional whose token is known.</summary>
/// <param name="Id">National identifier.</param>
/// <param name="Professions">Codes of TRE_G15-ProfessionSante, one for each of his situations.</param>
public sealed record PscHolder(string Id, params IReadOnlyList<string> Professions);

/// <summary>The two answers of Pro Santé Connect that a DRIMbox source asks for, on 127.0.0.1: introspection (RFC 7662) and
/// user information (OpenID Connect Core 5.3). The client shows a certificate (RFC 8705).</summary>
public sealed class PscEmulator : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TimeProvider _time;

    private PscEmulator(WebApplication app, TimeProvider time)
    {
        (_app, _time) = (app, time);
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri BaseAddress { get; }

    public Uri Introspection => new(BaseAddress, "introspect");

    public Uri UserInformation => new(BaseAddress, "userinfo");

    /// <summary>Who holds which token; one that is not here is not active.</summary>
    public ConcurrentDictionary<string, PscHolder> Tokens { get; } = new(StringComparer.Ordinal);

    /// <summary>The client id that may ask.</summary>
    public required string ClientId { get; init; }

    /// <summary>Set to answer everything with this status.</summary>
    public int? Failure { get; set; }

    /// <summary>How often a token was introspected.</summary>
    public int Introspections { get; private set; }

    /// <param name="tls">Its certificate, and the authorities of those who ask.</param>
    public static async Task<PscEmulator> StartAsync(
        DicomTlsOptions tls, string clientId, TimeProvider time, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var handshakes = new TlsHandshakes(TlsServerOptions.From(tls)!, time, static _ => { });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(handshakes.Begin()),
            })));
        var app = builder.Build();
        PscEmulator? emulator = null;
        app.Run(context => emulator!.AnswerAsync(context));
        await app.StartAsync(cancellationToken);
        return emulator = new PscEmulator(app, time) { ClientId = clientId };
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        if (Failure is { } status)
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        }

        return context.Request switch
        {
            { Method: "POST", Path.Value: "/introspect" } => IntrospectAsync(context),
            { Method: "GET", Path.Value: "/userinfo" } => DescribeAsync(context),
            _ => RefuseAsync(context, StatusCodes.Status404NotFound),
        };
    }

    private async Task IntrospectAsync(HttpContext context)
    {
        Introspections++;
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (form["client_id"] != ClientId)
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized);
            return;
        }

        var holder = Tokens.GetValueOrDefault(form["token"].ToString());
        await WriteAsync(context, holder is null
            ? new { active = false }
            : new
            {
                active = true,
                sub = "f:" + holder.Id,
                typ = "Bearer",
                SubjectNameID = holder.Id,
                exp = _time.GetUtcNow().AddMinutes(2).ToUnixTimeSeconds(),
            });
    }

    private Task DescribeAsync(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
        return Tokens.GetValueOrDefault(token) is { } holder
            ? WriteAsync(context, new
            {
                sub = "f:" + holder.Id,
                SubjectNameID = holder.Id,
                SubjectRefPro = new
                {
                    exercices = holder.Professions.Select(code => new { codeProfession = code }).ToList(),
                },
            })
            : RefuseAsync(context, StatusCodes.Status401Unauthorized);
    }

    private static Task RefuseAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext context, object answer)
    {
        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(answer), context.RequestAborted).AsTask();
    }
}
