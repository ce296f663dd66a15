using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Gateway.Administration;

/// <summary>All routes of the administration interface: those of the roles that are on.</summary>
internal static class Routes
{
    public static void Map(WebApplication application, GatewayProcess process)
    {
        application.Use((HttpContext context, RequestDelegate next) =>
        {
            // RFC 9112 9.6: the next request goes to another process.
            if (process.IsStopping) context.Response.Headers.Connection = "close";
            return next(context);
        });
        application.MapGet("/api/status", () => Results.Ok(new
        {
            ok = process.Lacks.Count == 0,
            addresses = process.Addresses,
            disk = process.Archive?.LifeCycle.Disk,
            outages = (process.Source?.Outages ?? []).Select(o => new { role = "source", o.Peer, o.Since })
                .Concat((process.Ris?.Outages ?? []).Select(o => new { role = "ris", o.Peer, o.Since })),
            certificates = process.Certificates?.Expiries,
        }));
        application.MapGet("/api/dispatch", () => Results.Ok(process.Statistics.Rows));
        application.MapPost("/api/configuration/reload", (HttpContext context) =>
        {
            if (process.Reloading is not { } reloading) return Answers.Missing("This process has no configuration file.");
            var report = reloading.Reload(AdministrationServer.ActorOf(context));
            return report.Errors.Count > 0
                ? Answers.Bad("Nothing was changed.\n" + string.Join('\n', report.Errors))
                : Results.Ok(new { report.Applied, report.NeedRestart });
        });
        HealthRoutes.Map(application, process);
        BackupRoutes.Map(application, process.Backup!);
        if (process.Archive is { } archive)
        {
            ArchiveRoutes.Map(application, archive);
            LifeCycleRoutes.Map(application, archive);
            ArchiveServiceRoutes.Map(application, archive);
            CorrectionRoutes.Map(application, archive);
        }

        if (process.Ris is { } ris) RisRoutes.Map(application, ris);
        if (process.Teleradiology is { } platform)
            TeleradiologyRoutes.Map(application.MapGroup("").SignedBy(platform), platform);
        if (process.Source is { } source)
        {
            SourceRoutes.Map(application, source);
            SourceArchiveRoutes.Map(application, source, process.Transfers!);
        }

        application.MapFallback(() => Answers.Missing(
            "No such route, or its role is not configured in this process."));
    }
}
