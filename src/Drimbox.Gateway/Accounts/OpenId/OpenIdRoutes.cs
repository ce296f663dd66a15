using Drimbox.Gateway.Administration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Accounts.OpenId;

/// <summary>What the provider gave to the program of a user.</summary>
internal sealed record OpenIdBody(string? Code, string? Verifier, string? RedirectUri);

/// <summary>The two steps of a sign-in by OpenID Connect: where the browser goes, and what came back.</summary>
internal static class OpenIdRoutes
{
    private const int StateLengthMax = 256;

    /// <param name="signIn">Null: no provider is configured.</param>
    public static void Map(IEndpointRouteBuilder routes, OpenIdSignIn? signIn, ILogger log)
    {
        routes.MapGet("/api/session/openid",
            async (string? redirectUri, string? challenge, string? state, CancellationToken cancellation) =>
            {
                if (signIn is null) return None();
                if (!OpenIdSignIn.IsLoopback(redirectUri, out var redirect) || challenge is not { Length: 43 }
                    || state is not { Length: > 0 and <= StateLengthMax })
                {
                    return Answers.Bad(
                        "Give redirectUri (http://127.0.0.1:PORT/…), challenge (S256, RFC 7636) and state.");
                }

                return await AskedAsync(log, async () => Results.Ok(new
                {
                    url = (await signIn.AddressAsync(redirect, challenge, state, cancellation)).AbsoluteUri,
                }));
            });
        routes.MapPost("/api/session/openid",
            async (OpenIdBody body, HttpContext context, CancellationToken cancellation) => signIn is null
                ? None()
                : await AskedAsync(log, async () => await signIn.TryAsync(
                    body.Code ?? "", body.Verifier ?? "", body.RedirectUri ?? "",
                    context.Connection.RemoteIpAddress?.ToString(), cancellation) is { } opened
                        ? Results.Ok(new { token = opened.Token, account = opened.Account.ToString() })
                        // The log says which: whoever asks is not told whether there is such an account.
                        : Results.Json(
                            new { error = "Not signed in: the provider's answer does not lead to an account in use." },
                            AdministrationJson.Options, statusCode: StatusCodes.Status401Unauthorized)));
    }

    private static async Task<IResult> AskedAsync(ILogger log, Func<Task<IResult>> ask)
    {
        try
        {
            return await ask();
        }
        catch (OpenIdFaultException e)
        {
            AccountsLog.OpenIdUnavailable(log, e.Message);
            return Results.Json(
                new { error = "The OpenID provider cannot be asked now: try again, or sign in otherwise." },
                AdministrationJson.Options, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static IResult None() => Answers.Missing("No OpenID provider is configured (Administration:Https:OpenId).");
}
