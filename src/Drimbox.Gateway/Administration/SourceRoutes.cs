using Drimbox.Core.Identity;
using Drimbox.Source;
using Drimbox.Source.Studies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>The routes of the DRIMbox source: studies, manifests, alerts.</summary>
internal static class SourceRoutes
{
    public static void Map(IEndpointRouteBuilder routes, SourceNode source)
    {
        var group = routes.MapGroup("/api/source");
        group.MapGet("/studies", async (CancellationToken cancellation) =>
            Results.Ok((await source.ListStudiesAsync(cancellationToken: cancellation)).Select(s => new
            {
                study = s.StudyInstanceUid,
                reports = s.Reports.Count(r => r.Counts),
                manifests = s.Manifests.Count,
                registry = s.Manifests.Count > 0 ? s.Manifests[^1].Status : null,
                withheld = s.Withheld?.Reason,
                inFlight = s.InFlight,
            })));
        group.MapGet("/alerts", async (CancellationToken cancellation) =>
            Results.Ok(await source.ListAlertsAsync(cancellationToken: cancellation)));
        group.MapGet("/repairs", async (CancellationToken cancellation) =>
            Results.Ok(await source.ListRepairsAsync(cancellationToken: cancellation)));
        group.MapPost("/studies/{study}/reevaluate", (string study, CancellationToken cancellation) =>
            WithUidAsync(study, async uid => await source.ReevaluateAsync(uid, cancellation) is { } look
                ? Results.Ok(new
                {
                    change = look.Decided?.ToString() ?? "none",
                    withheld = look.Withheld,
                    failure = look.Failure,
                    counts = !look.IsUnwanted,
                })
                : Answers.Missing("No report about this study has been received.")));
        group.MapGet("/studies/{study}", (string study, CancellationToken cancellation) =>
            WithUidAsync(study, async uid => await source.GetStudyAsync(uid, cancellation) is { } found
                ? Results.Ok(ViewOf(found))
                : Answers.Missing("No report about this study has been received.")));
        group.MapGet("/manifests/{kos}", (string kos, CancellationToken cancellation) =>
            WithUidAsync(kos, async uid => await source.ReadManifestAsync(uid, cancellation) is { } file
                ? Results.Bytes(file, "application/dicom")
                : Answers.Missing("No manifest has this SOP Instance UID.")));
        group.MapPost("/studies/{study}/notice",
            (string study, HttpContext context, CancellationToken cancellation) =>
                WithUidAsync(study, async uid => Answers.OfRefusal(await source.NoticeAsync(
                    uid, AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/studies/{study}/retry",
            (string study, HttpContext context, CancellationToken cancellation) =>
                WithUidAsync(study, async uid => Answers.OfRefusal(await source.RetryPublicationAsync(
                    uid, AdministrationServer.ActorOf(context), cancellation))));
        ResyncRoutes.Map(group, source);
        QueueRoutes.Map(group, source.ListOutboxAsync, source.ListInboxAsync);
        PublicationRoutes.Map(group, source.Publications, TimeProvider.System);
        AuditRoutes.Map(group, source.Audit);
    }

    private static object ViewOf(StudyOverview study) => new
    {
        study = study.StudyInstanceUid,
        withheld = study.Withheld?.Reason,
        refused = study.Refused?.Detail,
        inFlight = study.InFlight,
        pacs = study.Pacs,
        reports = study.Reports.Select(r => new
        {
            document = r.DocumentId.ToString(),
            replaces = r.Parent?.ToString(),
            counts = r.Counts,
            visibility = r.Visibility,
            receivedAt = r.ReceivedAt,
        }),
        manifests = study.Manifests.Select(m => new
        {
            uniqueId = m.KosUid,
            sequence = m.Sequence,
            instances = m.Instances,
            registry = m.Status,
            visibility = m.Visibility,
            createdAt = m.CreatedAt,
        }),
    };

    private static async Task<IResult> WithUidAsync(string text, Func<Uid, Task<IResult>> then) =>
        Uid.TryParse(text, out var uid) ? await then(uid) : Answers.Bad("Not a UID.");
}
