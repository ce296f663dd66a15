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
            var lacks = process.Lacks;
            return lacks.Count == 0
                ? Results.Ok(new { status = "ready" })
                : Results.Json(new { status = "not ready", lacks }, statusCode: StatusCodes.Status503ServiceUnavailable);
        });
        application.MapGet(
            "/metrics", () => Results.Text(PrometheusPage.Write(process.Metrics.Read()), PrometheusPage.ContentType));
    }
}
