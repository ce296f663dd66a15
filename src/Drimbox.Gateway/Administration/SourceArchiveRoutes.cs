using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Gateway.Hosting;
using Drimbox.Source;
using Drimbox.Source.Transfer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>What is exported, as somebody asks for it.</summary>
/// <param name="Path">On the machine of the process.</param>
/// <param name="From">yyyy-MM-dd.</param>
/// <param name="To">yyyy-MM-dd, included.</param>
internal sealed record ExportBody(
    string Path,
    TransferLayout Layout = TransferLayout.Drimbox,
    DateOnly? From = null,
    DateOnly? To = null,
    string? Study = null);

/// <param name="Path">On the machine of the process.</param>
internal sealed record ImportBody(string Path);

/// <param name="PerMinute">Manifests a minute.</param>
internal sealed record ReissueBody(int PerMinute = Limits.ReissuePerMinuteDefault);

/// <param name="Study">UID; null: the one with the largest series.</param>
/// <param name="Series">UID; null: the largest.</param>
internal sealed record SpeedTestBody(string? Study = null, string? Series = null);

/// <summary>The routes of what a source keeps of its publications.</summary>
internal static class SourceArchiveRoutes
{
    // Shorter than any client waits for an answer.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);

    public static void Map(IEndpointRouteBuilder routes, SourceNode source, TransferJob transfers)
    {
        var group = routes.MapGroup("/api/source");
        group.MapGet("/manifests", async (string? after, int? max, CancellationToken cancellation) =>
        {
            if (after is not null && !Uid.TryParse(after, out _)) return Answers.Bad("'after' is no UID.");
            var records = await source.ListManifestsAsync(
                after is null ? null : Uid.Parse(after), Math.Clamp(max ?? 100, 1, Limits.StudiesListedMax),
                cancellation);
            return Results.Ok(records.Select(r => new
            {
                r.Study,
                manifest = r.KosUid,
                r.Sequence,
                r.CreatedAt,
                r.Instances,
                registry = r.Status,
                host = r.RetrieveHost,
                reports = r.Reports.Count,
            }));
        });
        group.MapGet("/manifests/{kos}/record", async (string kos, CancellationToken cancellation) =>
            Uid.TryParse(kos, out var uid) && await source.GetManifestAsync(uid, cancellation) is { } found
                ? Results.Ok(ViewOf(found))
                : Answers.Missing("No manifest has this SOP Instance UID."));
        group.MapPost("/export", (ExportBody body) =>
        {
            Uid? study = null;
            if (body.Study is not null)
            {
                if (!Uid.TryParse(body.Study, out var uid)) return Answers.Bad("The study is no UID.");
                study = uid;
            }

            return transfers.TryExport(new ExportOrder(body.Path, body.Layout, body.From, body.To, study)) is { } why
                ? Answers.Bad(why)
                : Results.Ok(transfers.Status);
        });
        group.MapPost("/import", (ImportBody body) =>
            transfers.TryImport(body.Path) is { } why ? Answers.Bad(why) : Results.Ok(transfers.Status));
        group.MapGet("/transfer", async (bool? wait, CancellationToken cancellation) =>
        {
            if (wait == true) await transfers.WaitAsync(WaitMax, cancellation);
            return Results.Ok(transfers.Status);
        });
        group.MapPost("/transfer/stop", () =>
            transfers.TryStop() is { } why ? Answers.Bad(why) : Results.Ok(transfers.Status));
        MapReissue(group, source);
        MapSpeedTest(group, source);
        group.MapGet("/statistics", async (DateOnly? from, DateOnly? to, CancellationToken cancellation) =>
        {
            var last = to ?? source.Today;
            var first = from ?? last.AddDays(-6);
            if (first > last || last.DayNumber - first.DayNumber >= Limits.StatisticsDaysMax)
                return Answers.Bad($"From the first day to the last, {Limits.StatisticsDaysMax} days at most.");
            return Results.Ok((await source.ListStatisticsAsync(first, last, cancellation)).Select(s => new
            {
                s.Day,
                s.Subject,
                s.Calls,
                s.Successes,
                errors = s.Calls - s.Successes,
                causes = string.Join(
                    ", ", s.Errors.Select(e => $"{e.Cause}: {e.Count.ToString(CultureInfo.InvariantCulture)}")),
                s.P50,
                s.P95,
                s.P99,
            }));
        });
    }

    private static void MapReissue(RouteGroupBuilder group, SourceNode source)
    {
        group.MapGet("/reissue", async (CancellationToken cancellation) =>
            Results.Ok(await source.GetReissueAsync(cancellation)));
        group.MapPost("/reissue", async (ReissueBody body, HttpContext context, CancellationToken cancellation) =>
        {
            if (body.PerMinute is < 1 or > Limits.ReissuePerMinuteMax)
                return Answers.Bad($"1 to {Limits.ReissuePerMinuteMax} manifests a minute.");
            var refusal = await source.StartReissueAsync(
                body.PerMinute, AdministrationServer.ActorOf(context), cancellation);
            return refusal is null ? Results.Ok(await source.GetReissueAsync(cancellation)) : Answers.Refused(refusal);
        });
        group.MapPost("/reissue/pause", async (HttpContext context, CancellationToken cancellation) =>
        {
            var refusal = await source.PauseReissueAsync(AdministrationServer.ActorOf(context), cancellation);
            return refusal is null ? Results.Ok(await source.GetReissueAsync(cancellation)) : Answers.Refused(refusal);
        });
    }

    private static void MapSpeedTest(RouteGroupBuilder group, SourceNode source)
    {
        group.MapGet("/speedtest", async (string? study, CancellationToken cancellation) =>
            TryUid(study, out var uid) && await source.FindSpeedTargetAsync(uid, cancellation) is { } target
                ? Results.Ok(target)
                : Answers.Missing("There is no such study with a manifest in the DMP."));
        group.MapPost("/speedtest", async (SpeedTestBody body, CancellationToken cancellation) =>
        {
            if (!TryUid(body.Study, out var study) || !TryUid(body.Series, out var series)
                || (series is not null && study is null))
                return Answers.Bad("Study and series are UIDs; a series needs its study.");
            var (report, refusal) = await source.TestPacsSpeedAsync(study, series, cancellation);
            return report is null
                ? Answers.Refused(refusal!)
                : Results.Ok(new { report.Study, report.Series, run = SpeedFigures.Of(report.Run) });
        });
    }

    private static bool TryUid(string? text, out Uid? uid)
    {
        uid = Uid.TryParse(text, out var parsed) ? parsed : null;
        return text is null || uid is not null;
    }

    private static object ViewOf(ManifestRecord record) => new
    {
        record.Study,
        manifest = record.KosUid,
        record.Sequence,
        record.CreatedAt,
        record.Instances,
        registry = record.Status,
        record.Visibility,
        host = record.RetrieveHost,
        reissueOf = record.ReissueOf,
        sha256 = record.File.Sha256,
        bytes = record.File.Length,
        reports = record.Reports.Select(r => new { document = r.ToString() }),
        submissions = record.Submissions,
    };
}
