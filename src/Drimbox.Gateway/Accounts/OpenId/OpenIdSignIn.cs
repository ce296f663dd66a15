using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Accounts.OpenId;

/// <summary>
/// Sign-in by OpenID Connect with the authorization code flow and PKCE, for native applications (RFC 8252): the program
/// of the user opens a browser, takes the code at the loopback, and brings it here; the secret of the client and the
/// checks of the ID token (OpenID Connect Core 3.1.3.7) are here. Nothing is kept between the two requests: the nonce is
/// the code challenge, which only who has the verifier can have asked for. Source: SSI/IAM.80.02.
/// </summary>
internal sealed class OpenIdSignIn(
    OpenIdSection options,
    OpenIdProvider provider,
    AccountRegister accounts,
    Sessions sessions,
    SignIn signIn,
    TimeProvider time,
    ILogger log)
{
    // For the record of what follows the provider: no user of the operating system has a colon in his name.
    private readonly string _actor = $"openid:{options.Issuer!.Host}";

    private int _asking;

    /// <summary>Where the browser goes.</summary>
    /// <exception cref="OpenIdFaultException">The provider cannot be asked.</exception>
    public async Task<Uri> AddressAsync(
        Uri redirect, string challenge, string state, CancellationToken cancellation)
    {
        var endpoint = (await provider.EndpointsAsync(cancellation)).Authorization;
        var query = QueryString.Of(
            ("response_type", "code"), ("client_id", options.ClientId), ("scope", options.Scope),
            ("redirect_uri", redirect.OriginalString), ("state", state), ("nonce", challenge),
            ("code_challenge", challenge), ("code_challenge_method", "S256"), ("acr_values", options.AcrValues));
        return new UriBuilder(endpoint)
        {
            Query = endpoint.Query.Length > 1 ? $"{endpoint.Query[1..]}&{query}" : query,
        }.Uri;
    }

    /// <returns>The token of a session and its account, or null: the log says why.</returns>
    /// <exception cref="OpenIdFaultException">The provider cannot be asked.</exception>
    public async Task<(string Token, AccountName Account)?> TryAsync(
        string code, string verifier, string redirect, string? address, CancellationToken cancellation)
    {
        var (account, why) = await InTurnAsync(() => AccountOfAsync(code, verifier, redirect, cancellation));
        if (account is null)
        {
            AccountsLog.OpenIdRefused(log, address, why!);
            return null;
        }

        await signIn.SucceedAsync(account.Name, AccessMeans.OpenId, address, cancellation);
        return (sessions.Open(new SessionHolder(account.Name, account.Password?.Digest)), account.Name);
    }

    /// <summary>An address at which a native application takes the code: the loopback by its number (RFC 8252
    /// 7.3).</summary>
    public static bool IsLoopback(string? text, out Uri redirect) =>
        Uri.TryCreate(text, UriKind.Absolute, out redirect!) && redirect is { Scheme: "http", Fragment: "", UserInfo: "" }
        && IPAddress.TryParse(redirect.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip);

    /// <summary>RFC 7636 4.2: S256 of a verifier of 43 to 128 unreserved characters; null for another.</summary>
    public static string? ChallengeOf(string? verifier) =>
        verifier is { Length: >= 43 and <= 128 }
        && verifier.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~')
            ? Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))
            : null;

    // Anybody may call: the provider must not be flooded through us.
    private async Task<T> InTurnAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return Interlocked.Increment(ref _asking) <= Limits.SignInsWaitingMax
                ? await ask()
                : throw new OpenIdFaultException("Too many sign-ins at once.");
        }
        finally
        {
            Interlocked.Decrement(ref _asking);
        }
    }

    private async Task<(Account? Account, string? Why)> AccountOfAsync(
        string code, string verifier, string redirect, CancellationToken cancellation)
    {
        if (ChallengeOf(verifier) is not { } challenge || !IsLoopback(redirect, out _))
            return (null, "the request is not as RFC 7636 and RFC 8252 have it");
        if (await provider.ExchangeAsync(code, verifier, redirect, cancellation) is not { } tokens)
            return (null, "the provider does not take the code");
        if (SignedToken.TextOf(tokens, "id_token") is not { } text || SignedToken.TryRead(text) is not { } token
            || !await provider.SignedAsync(token, cancellation))
        {
            return (null, "no ID token that a key of the provider has signed");
        }

        if (WhyNot(token.Claims, challenge) is { } why) return (null, why);
        var claims = new OpenIdClaims(token.Claims, await AskedAsync(tokens, token.Claims, cancellation));
        if (claims.Text(options.Claim) is not { } identity) return (null, "the provider does not say who it is");
        var found = accounts.State.Accounts.Values.FirstOrDefault(a => identity == IdentifierOf(a.Holder));
        return found is { IsSuspended: false }
            ? await FollowAsync(found.Name, claims, cancellation)
            : (null, "no account that is in use has this identifier");
    }

    private string? IdentifierOf(AccountHolder holder) => options.Match switch
    {
        OpenIdMatch.NationalId => holder.NationalId,
        OpenIdMatch.InternalId => holder.InternalId,
        var other => throw Invariant.Unreachable(other),
    };

    // OpenID Connect Core 3.1.3.7, 2 to 5 and 9 to 12.
    private string? WhyNot(JsonElement claims, string challenge)
    {
        if (SignedToken.TextOf(claims, "iss")?.TrimEnd('/') != options.Issuer!.ToString().TrimEnd('/'))
            return "the ID token is of another issuer";
        var audiences = AudiencesOf(claims);
        if (!audiences.Contains(options.ClientId)
            || (audiences.Count > 1 && SignedToken.TextOf(claims, "azp") != options.ClientId))
        {
            return "the ID token is for another client";
        }

        var now = time.GetUtcNow();
        if (InstantOf(claims, "exp") is not { } end || now >= end + Limits.OpenIdClockSkew)
            return "the ID token has expired";
        if (InstantOf(claims, "iat") is not { } issued || issued > now + Limits.OpenIdClockSkew)
            return "the ID token is of the future";
        if (SignedToken.TextOf(claims, "nonce") != challenge) return "the ID token answers another request";
        if (options.AcrValues is { } acr && !acr.Split(' ').Contains(SignedToken.TextOf(claims, "acr")))
            return "the authentication is weaker than what was asked for";
        return SignedToken.TextOf(claims, "sub") is { Length: > 0 } ? null : "the ID token has no subject";
    }

    // SSI/IAM.83: the account is as the provider says, before it is opened.
    private async Task<(Account? Account, string? Why)> FollowAsync(
        AccountName name, OpenIdClaims claims, CancellationToken cancellation)
    {
        foreach (var command in options.Follow is { } follow ? claims.Follow(name, follow) : [])
        {
            var decision = await accounts.ExecuteAsync(command, _actor, null, cancellation);
            if (decision.Refusal is { } refusal)
                return (null, $"what the provider says of the account is refused ({refusal.Reason})");
        }

        return accounts.State.Find(name) is { Roles.Count: > 0 } account
            ? (account, null)
            : (null, "the account has no role");
    }

    // 5.3.2: an answer about another subject must not be used.
    private async Task<JsonElement?> AskedAsync(
        JsonElement tokens, JsonElement token, CancellationToken cancellation) =>
        SignedToken.TextOf(tokens, "access_token") is { } access
        && await provider.UserInfoAsync(access, cancellation) is { } said
        && SignedToken.TextOf(said, "sub") == SignedToken.TextOf(token, "sub")
            ? said
            : null;

    private static List<string> AudiencesOf(JsonElement claims) =>
        !claims.TryGetProperty("aud", out var audience) ? []
        : audience.ValueKind == JsonValueKind.Array
            ? [.. audience.EnumerateArray().Where(a => a.ValueKind == JsonValueKind.String).Select(a => a.GetString()!)]
            : audience.ValueKind == JsonValueKind.String ? [audience.GetString()!] : [];

    private static DateTimeOffset? InstantOf(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out var seconds) && seconds is > 0 and < 100_000_000_000
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
}
