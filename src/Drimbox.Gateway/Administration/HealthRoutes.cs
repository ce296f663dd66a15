using Drimbox.Gateway.Hosting;
using Drimbox.Gateway.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Gateway.Administration;

/// <summary>For who watches a process without knowing it: an orchestrator, a balancer, a collector.</summary>
internal static class HealthRoutes
{
    public static void Map(WebApplication application, GatewayProcess process)
    {
        application.MapGet("/health/live", () => Results.Ok(new { status = "live" }));
        application.MapGet("/health/ready", () =>
        {
            // A peer that is away is no reason: what is meant for it waits, and more of it is taken.
            var lacks = new List<string>();
            if (process.Archive is { LifeCycle.Disk.TakesInstances: false }) lacks.Add("archive: the disk is full");
            if (process.Source is { TakesMessages: false }) lacks.Add("source: the disk is full");
            return lacks.Count == 0
                ? Results.Ok(new { status = "ready" })
                : Results.Json(new { status = "not ready", lacks }, statusCode: StatusCodes.Status503ServiceUnavailable);
        });
        application.MapGet(
            "/metrics", () => Results.Text(PrometheusPage.Write(process.Metrics.Read()), PrometheusPage.ContentType));
    }
}
