using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Routes that name patients: the loopback port has no authentication, so any user of the machine could read
/// them there.</summary>
internal static class SocketOnly
{
    /// <summary>Answers 403 to whoever does not come through the administration socket.</summary>
    public static RouteGroupBuilder ThroughSocketOnly(this RouteGroupBuilder group)
    {
        group.AddEndpointFilter(async (context, next) =>
            context.HttpContext.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix
                ? await next(context)
                : Results.Json(
                    new { error = "Shown through the administration socket only (drimbox commands): it names patients." },
                    AdministrationJson.Options, statusCode: StatusCodes.Status403Forbidden));
        return group;
    }
}
