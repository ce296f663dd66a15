using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Drimbox.Emulators.OpenId;

/// <summary>
/// An OpenID Connect provider over HTTPS on the loopback: metadata, authorization with PKCE, token, keys, userinfo. The
/// person before the browser agrees to everything. Source: OpenID Connect Core and Discovery 1.0, RFC 7636; what it tells
/// of a professional is what Pro Santé Connect tells.
/// </summary>
public sealed class OpenIdEmulator : IAsyncDisposable
{
    private readonly OpenIdEmulatorOptions _options;
    private readonly TimeProvider _time;
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Grant> _codes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, OpenIdHolder> _accessTokens = new(StringComparer.Ordinal);
    private RSA _key = RSA.Create(2048);
    private int _keyNumber = 1;
    private int _keyRequests;

    private OpenIdEmulator(OpenIdEmulatorOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, options.Port, listen => listen.UseHttps(options.Certificate)));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Who is before the browser.</summary>
    public OpenIdHolder? Holder { get; set; }

    public Uri Issuer { get; private set; } = new("https://127.0.0.1");

    /// <summary>The issuer that the metadata name; null: itself.</summary>
    public string? ClaimedIssuer { get; set; }

    /// <summary>How often its keys were asked for.</summary>
    public int KeyRequests => _keyRequests;

    /// <summary>What clients asked the browser for, the newest last.</summary>
    public ConcurrentQueue<string> Authorizations { get; } = new();

    public static async Task<OpenIdEmulator> StartAsync(
        OpenIdEmulatorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var emulator = new OpenIdEmulator(options, time);
        await emulator._app.StartAsync(cancellationToken);
        emulator.Issuer = new Uri(emulator._app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single() + "/auth");
        return emulator;
    }

    /// <summary>Signs with another key from now on, which the list has in place of the former one.</summary>
    public void ChangeKey()
    {
        _key.Dispose();
        _key = RSA.Create(2048);
        _keyNumber++;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
    }

    private Task AnswerAsync(HttpContext context) => (context.Request.Method, context.Request.Path.Value) switch
    {
        // As Pro Santé Connect names it.
        ("GET", "/auth/.well-known/wallet-openid-configuration") => JsonAsync(context, new Dictionary<string, object>
        {
            ["issuer"] = ClaimedIssuer ?? Issuer.ToString(),
            ["authorization_endpoint"] = $"{Issuer}/authorize",
            ["token_endpoint"] = $"{Issuer}/token",
            ["jwks_uri"] = $"{Issuer}/keys",
            ["userinfo_endpoint"] = $"{Issuer}/userinfo",
        }),
        ("GET", "/auth/authorize") => AuthorizeAsync(context),
        ("POST", "/auth/token") => TokenAsync(context),
        ("GET", "/auth/keys") => KeysAsync(context),
        ("GET", "/auth/userinfo") => UserInfoAsync(context),
        _ => StatusAsync(context, 404),
    };

    // OpenID Connect Core 3.1.2.5: the browser goes back with the code.
    private Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        Authorizations.Enqueue(context.Request.QueryString.Value ?? "");
        if (Holder is not { } holder || query["client_id"] != _options.ClientId || query["response_type"] != "code"
            || query["code_challenge_method"] != "S256")
        {
            return StatusAsync(context, 400);
        }

        var code = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = new Grant(
            holder, query["redirect_uri"].ToString(), query["code_challenge"].ToString(), query["nonce"].ToString());
        var separator = query["redirect_uri"].ToString().Contains('?', StringComparison.Ordinal) ? '&' : '?';
        context.Response.Redirect(
            $"{query["redirect_uri"]}{separator}code={code}&state={Uri.EscapeDataString(query["state"].ToString())}");
        return Task.CompletedTask;
    }

    private async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(
            $"{Uri.EscapeDataString(_options.ClientId)}:{Uri.EscapeDataString(_options.ClientSecret)}"));
        if (context.Request.Headers.Authorization != expected)
        {
            await StatusAsync(context, 401);
            return;
        }

        var verifier = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        // Each code once, whatever comes of it.
        if (!_codes.TryRemove(form["code"].ToString(), out var grant) || form["grant_type"] != "authorization_code"
            || form["redirect_uri"] != grant.RedirectUri || verifier != grant.Challenge)
        {
            await StatusAsync(context, 400);
            return;
        }

        var access = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        _accessTokens[access] = grant.Holder;
        await JsonAsync(context, new Dictionary<string, object>
        {
            ["token_type"] = "Bearer", ["access_token"] = access, ["id_token"] = IdToken(grant), ["expires_in"] = 120,
        });
    }

    private string IdToken(Grant grant)
    {
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        var holder = grant.Holder;
        var claims = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["iss"] = Issuer.ToString(), ["sub"] = holder.Subject, ["aud"] = _options.ClientId, ["iat"] = now,
            ["exp"] = now + 120, ["nonce"] = grant.Nonce, ["acr"] = holder.Acr,
        };
        if (holder.InToken) claims["SubjectNameID"] = holder.NationalId;
        foreach (var (name, value) in holder.Instead)
        {
            if (value is null) claims.Remove(name);
            else claims[name] = value;
        }

        var head = Part(new Dictionary<string, object?> { ["alg"] = holder.Algorithm, ["kid"] = $"K{_keyNumber}" });
        var signed = $"{head}.{Part(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(Signature(holder, Encoding.ASCII.GetBytes(signed)))}";
    }

    private byte[] Signature(OpenIdHolder holder, byte[] signed)
    {
        if (holder.Algorithm == "none") return [];
        // As who takes the public key of a provider for a shared secret would let anybody sign.
        if (holder.Algorithm == "HS256") return HMACSHA256.HashData(_key.ExportSubjectPublicKeyInfo(), signed);
        var padding = holder.Algorithm == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        if (!holder.ForeignKey) return _key.SignData(signed, HashAlgorithmName.SHA256, padding);
        using var foreign = RSA.Create(2048);
        return foreign.SignData(signed, HashAlgorithmName.SHA256, padding);
    }

    private Task KeysAsync(HttpContext context)
    {
        Interlocked.Increment(ref _keyRequests);
        var key = _key.ExportParameters(includePrivateParameters: false);
        return JsonAsync(context, new Dictionary<string, object>
        {
            ["keys"] = new[]
            {
                new Dictionary<string, string>
                {
                    ["kty"] = "RSA", ["use"] = "sig", ["kid"] = $"K{_keyNumber}",
                    ["n"] = Base64Url.EncodeToString(key.Modulus), ["e"] = Base64Url.EncodeToString(key.Exponent),
                },
            },
        });
    }

    private Task UserInfoAsync(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString();
        return token.StartsWith("Bearer ", StringComparison.Ordinal)
            && _accessTokens.TryGetValue(token["Bearer ".Length..], out var holder)
            ? JsonAsync(context, new Dictionary<string, object>(holder.Also)
            {
                ["sub"] = holder.OtherSubject ?? holder.Subject, ["SubjectNameID"] = holder.NationalId,
            })
            : StatusAsync(context, 401);
    }

    private static string Part(Dictionary<string, object?> value) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));

    private static Task JsonAsync(HttpContext context, Dictionary<string, object> value)
    {
        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value)).AsTask();
    }

    private static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private sealed record Grant(OpenIdHolder Holder, string RedirectUri, string Challenge, string Nonce);
}
