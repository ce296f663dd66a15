using Drimbox.Archive;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>The routes of what an archive does beside storing: which studies are complete, which storage commitments
/// wait.</summary>
internal static class ArchiveServiceRoutes
{
    private const int ListedMax = 1000;

    public static void Map(IEndpointRouteBuilder routes, ArchiveNode archive)
    {
        var group = routes.MapGroup("/api/archive");
        group.MapGet("/completeness", async (bool? complete, CancellationToken cancellation) =>
            Results.Ok(await archive.Index.Completeness.ListAsync(complete, ListedMax, cancellation)));
        group.MapGet("/commitments", async (CancellationToken cancellation) =>
            Results.Ok(await archive.Index.Commitments.ListAsync(ListedMax, cancellation)));
    }
}
