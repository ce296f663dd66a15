using Drimbox.Gateway.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Where a backup goes.</summary>
/// <param name="Copy">Copy every file, though the file system could share its bytes.</param>
internal sealed record BackupOrder(string Folder, bool Copy = false);

/// <summary>The routes of the backup.</summary>
internal static class BackupRoutes
{
    // Shorter than any client waits for an answer.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);

    public static void Map(IEndpointRouteBuilder routes, BackupJob backup)
    {
        routes.MapPost("/api/backup", (BackupOrder order) => backup.TryBegin(order.Folder, !order.Copy) is { } why
            ? Answers.Bad(why)
            : Results.Ok(backup.Status));
        routes.MapGet("/api/backup", async (bool? wait, CancellationToken cancellation) =>
        {
            if (wait == true) await backup.WaitAsync(WaitMax, cancellation);
            return Results.Ok(backup.Status);
        });
    }
}
