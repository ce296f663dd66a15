using Drimbox.Gateway.Accounts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Routes that name patients: on the loopback port nobody is known, so any user of the machine could read them
/// there.</summary>
internal static class KnownCallers
{
    /// <summary>Answers 403 to whoever is not known: who comes neither through the administration socket nor over HTTPS
    /// with an account.</summary>
    public static RouteGroupBuilder ForKnownCallers(this RouteGroupBuilder group)
    {
        group.AddEndpointFilter(async (context, next) =>
            AccessControl.CallerOf(context.HttpContext).Door != Door.Loopback
                ? await next(context)
                : Results.Json(
                    new
                    {
                        error = "It names patients: ask through the administration socket (drimbox commands), or over "
                            + "HTTPS with an account.",
                    },
                    AdministrationJson.Options, statusCode: StatusCodes.Status403Forbidden));
        return group;
    }
}
