using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Accounts.OpenId;

/// <summary>The provider cannot be asked, or its answer is none. The message is in our own words.</summary>
internal sealed class OpenIdFaultException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where the provider is asked. Source: OpenID Connect Discovery 1.0, 3.</summary>
internal sealed record OpenIdEndpoints(Uri Authorization, Uri Token, Uri Keys, Uri? UserInfo);

/// <summary>The wire to an OpenID Connect provider: its metadata, its keys, its tokens.</summary>
internal sealed class OpenIdProvider : IDisposable
{
    private readonly OpenIdSection _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private (OpenIdEndpoints Value, DateTimeOffset At)? _endpoints;
    private (IReadOnlyList<VerificationKey> Value, DateTimeOffset At)? _keys;

    /// <exception cref="IOException">The file of the authorities cannot be read.</exception>
    public OpenIdProvider(OpenIdSection options, TimeProvider time)
    {
        _options = options;
        _time = time;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        HttpTrust.Set(handler, options.Authorities);
        _http = new HttpClient(handler)
        {
            Timeout = Limits.OpenIdTimeout, MaxResponseContentBufferSize = Limits.OpenIdAnswerBytesMax,
        };
    }

    /// <exception cref="OpenIdFaultException">See there.</exception>
    public async Task<OpenIdEndpoints> EndpointsAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_endpoints is { } known && _time.GetUtcNow() - known.At < Limits.OpenIdMetadataTime) return known.Value;
            var issuer = _options.Issuer!.ToString().TrimEnd('/');
            var metadata = await GetAsync(new Uri($"{issuer}/.well-known/{_options.Metadata}"), null, cancellation);
            // 4.3: it must be the issuer itself that says so.
            if (SignedToken.TextOf(metadata, "issuer")?.TrimEnd('/') != issuer)
                throw new OpenIdFaultException("The metadata of the provider are those of another issuer.");
            var read = new OpenIdEndpoints(
                Endpoint(metadata, "authorization_endpoint"), Endpoint(metadata, "token_endpoint"),
                Endpoint(metadata, "jwks_uri"),
                metadata.TryGetProperty("userinfo_endpoint", out _) ? Endpoint(metadata, "userinfo_endpoint") : null);
            _endpoints = (read, _time.GetUtcNow());
            return read;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The code for the tokens (RFC 6749 4.1.3, RFC 7636 4.5).</summary>
    /// <returns>Null: the provider does not take the code.</returns>
    /// <exception cref="OpenIdFaultException">See there.</exception>
    public async Task<JsonElement?> ExchangeAsync(
        string code, string verifier, string redirectUri, CancellationToken cancellation)
    {
        var endpoints = await EndpointsAsync(cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoints.Token);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = redirectUri,
            ["code_verifier"] = verifier,
        });
        // RFC 6749 2.3.1: every provider takes the secret this way; both parts are form-encoded first.
        var pair = $"{Uri.EscapeDataString(_options.ClientId)}:{Uri.EscapeDataString(Secret())}";
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        var (status, answer) = await SendAsync(request, cancellation);
        return status switch
        {
            200 => answer,
            400 => null,
            _ => throw new OpenIdFaultException($"The token endpoint of the provider answered {status}."),
        };
    }

    /// <summary>What the userinfo endpoint says of the holder of a token; null where there is none.</summary>
    /// <exception cref="OpenIdFaultException">See there.</exception>
    public async Task<JsonElement?> UserInfoAsync(string accessToken, CancellationToken cancellation) =>
        (await EndpointsAsync(cancellation)).UserInfo is { } address
            ? await GetAsync(address, accessToken, cancellation)
            : null;

    /// <summary>A key of the provider verifies the token. Keys are asked for anew where none does: a provider changes
    /// them.</summary>
    /// <exception cref="OpenIdFaultException">See there.</exception>
    public async Task<bool> SignedAsync(SignedToken token, CancellationToken cancellation)
    {
        var endpoints = await EndpointsAsync(cancellation);
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_keys is { } known)
            {
                if (known.Value.Any(token.IsSignedBy)) return true;
                // Who sends broken tokens does not have us ask for keys each time.
                if (_time.GetUtcNow() - known.At < Limits.OpenIdKeysInterval) return false;
            }

            var set = await GetAsync(endpoints.Keys, null, cancellation);
            var read = set.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array
                ? keys.EnumerateArray().Select(VerificationKey.TryRead).OfType<VerificationKey>().ToList()
                : throw new OpenIdFaultException("The provider has no list of keys.");
            foreach (var former in _keys?.Value ?? []) former.Dispose();
            _keys = (read, _time.GetUtcNow());
            return read.Exists(token.IsSignedBy);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys?.Value ?? []) key.Dispose();
        _http.Dispose();
        _turn.Dispose();
    }

    // Read each time: a secret is changed without a restart.
    private string Secret()
    {
        try
        {
            return File.ReadLines(_options.ClientSecretFile).FirstOrDefault()?.Trim() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OpenIdFaultException("The file of the client secret cannot be read.", e);
        }
    }

    private async Task<JsonElement> GetAsync(Uri address, string? accessToken, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (accessToken is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        var (status, answer) = await SendAsync(request, cancellation);
        return status == 200 && answer is { } json
            ? json
            : throw new OpenIdFaultException($"The provider answered {status}, or no JSON.");
    }

    private async Task<(int Status, JsonElement? Answer)> SendAsync(
        HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _http.SendAsync(request, cancellation);
            if (!answer.IsSuccessStatusCode) return ((int)answer.StatusCode, null);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? ((int)answer.StatusCode, json.RootElement.Clone())
                : throw new OpenIdFaultException("The provider answered no JSON object.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new OpenIdFaultException(
                $"The provider cannot be asked ({(e as HttpRequestException)?.HttpRequestError.ToString() ?? e.GetType().Name}).",
                e);
        }
    }

    private static Uri Endpoint(JsonElement metadata, string name) =>
        Uri.TryCreate(SignedToken.TextOf(metadata, name), UriKind.Absolute, out var address)
        && address.Scheme == Uri.UriSchemeHttps
            ? address
            : throw new OpenIdFaultException($"The metadata of the provider have no https {name}.");
}
