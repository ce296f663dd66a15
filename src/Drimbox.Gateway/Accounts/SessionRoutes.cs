using Drimbox.Gateway.Administration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Accounts;

/// <summary>Where a caller over HTTPS proves who he is, and where any caller asks who he is.</summary>
internal static class SessionRoutes
{
    // One sentence for all of them: it must not tell which.
    private const string Wrong =
        "Not signed in: the account or the password is wrong, or the account is suspended or locked for a while.";

    public static void Map(IEndpointRouteBuilder routes, Sessions sessions, SignIn signIn)
    {
        routes.MapGet("/api/session", (HttpContext context) => Results.Ok(ViewOf(AccessControl.CallerOf(context))));
        routes.MapPost("/api/session", async (SignInBody body, HttpContext context, CancellationToken cancellation) =>
        {
            var (outcome, token) = await signIn.TryAsync(
                body.Account ?? "", body.Password ?? "", AddressOf(context), cancellation);
            return token is null ? Refused(outcome) : Results.Ok(new { token, account = body.Account });
        });
        routes.MapDelete("/api/session", (HttpContext context) =>
        {
            if (AccessControl.TokenOf(context) is { } token) sessions.End(token);
            return Results.Ok(new { ok = true });
        });
        routes.MapPost("/api/session/password",
            async (SignInBody body, HttpContext context, CancellationToken cancellation) =>
            {
                var (outcome, refusal) = await signIn.ChangeAsync(
                    body.Account ?? "", body.Password ?? "", body.NewPassword ?? "", AddressOf(context), cancellation);
                return outcome == SignInOutcome.Accepted ? Answers.OfRefusal(refusal) : Refused(outcome);
            });
    }

    private static object ViewOf(Caller caller) => new
    {
        actor = caller.Actor,
        account = caller.Account?.Name.ToString(),
        name = caller.Account is { } account ? $"{account.Holder.FamilyName} {account.Holder.GivenName}" : null,
        nationalId = caller.Account?.Holder.NationalId,
        roles = caller.Account is { } holder ? string.Join(' ', holder.Roles) : null,
        rights = string.Join(' ', caller.Rights.Order()),
    };

    private static IResult Refused(SignInOutcome outcome) => outcome switch
    {
        SignInOutcome.MustChange => Results.Json(
            new
            {
                error = "The password must be changed first: POST /api/session/password with account, password and "
                    + "newPassword.",
                reason = "PasswordMustChange",
            },
            AdministrationJson.Options, statusCode: StatusCodes.Status403Forbidden),
        SignInOutcome.Busy => Results.Json(
            new { error = "Too many sign-ins at once: try again." }, AdministrationJson.Options,
            statusCode: StatusCodes.Status503ServiceUnavailable),
        _ => Results.Json(
            new { error = Wrong }, AdministrationJson.Options, statusCode: StatusCodes.Status401Unauthorized),
    };

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString();
}
