using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Administration;
using Drimbox.Teleradiology;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Accounts;

/// <summary>The reports of a platform name its radiologist as their legal authenticator: nobody else who has an account
/// signs or withdraws them.</summary>
internal static class PlatformSignatory
{
    public static RouteGroupBuilder SignedBy(this RouteGroupBuilder routes, TeleradiologyNode platform)
    {
        routes.AddEndpointFilter(async (context, next) =>
            Signs(context.HttpContext) && AccessControl.CallerOf(context.HttpContext).Account is { } account
                && account.Holder.NationalId != platform.RadiologistId
                ? Answers.Refused(new Refusal(
                    RefusalReason.AuthorNotAllowed,
                    $"This platform signs in the name of another than the holder of the account {account.Name}."))
                : await next(context));
        return routes;
    }

    private static bool Signs(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint endpoint
        && RouteRights.Find(RouteRights.ActionOf(context.Request.Method, endpoint))
            is RouteNeed.Of { Right: Right.SignReports };
}
