using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Ris;
using Drimbox.Ris.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Who shall not see a report.</summary>
internal sealed record VisibilityChange(IReadOnlyList<Visibility> HiddenFrom);

/// <summary>The routes of the RIS: requests, the register of reports, their publications.</summary>
internal static class RisRoutes
{
    public static void Map(IEndpointRouteBuilder routes, RisNode ris)
    {
        var group = routes.MapGroup("/api/ris");
        MapRequests(group, ris);
        MapReports(group, ris);
        QueueRoutes.Map(group, ris.ListOutboxAsync, ris.ListInboxAsync);
    }

    private static void MapRequests(RouteGroupBuilder group, RisNode ris)
    {
        group.MapPost("/requests", async (ImagingRequest request, CancellationToken cancellation) =>
            Answers.Of(await ris.PlaceRequestAsync(request, cancellation)));
        group.MapPost("/requests/cancel", async (RequestCancellation request, CancellationToken cancellation) =>
            Answers.Of(await ris.CancelRequestAsync(request, cancellation)));
        group.MapPost("/requests/post-examination", async (PostExamination exam, CancellationToken cancellation) =>
            Answers.Of(await ris.SendPostExaminationAsync(exam, cancellation)));
        group.MapGet("/requests/{order}", async (string order, CancellationToken cancellation) =>
            InstanceIdentifier.TryParse(order, null, out var id)
                ? Results.Ok(await ris.GetRequestAsync(id, cancellation))
                : Answers.Bad("An order is ROOT^NUMBER."));
    }

    private static void MapReports(RouteGroupBuilder group, RisNode ris)
    {
        group.MapGet("/reports", async (CancellationToken cancellation) =>
        {
            var reports = await ris.ListReportsAsync(1000, cancellation);
            return Results.Ok(reports.Select(r => RisViews.Summary(r.Id, r.State)));
        });
        group.MapGet("/reports/{report}", (string report, CancellationToken cancellation) =>
            WithReportAsync(ris, report, async id =>
                Results.Ok(RisViews.Detail(id, await ris.GetReportAsync(id, cancellation))), cancellation));
        group.MapGet("/reports/{report}/versions/{sequence:int}/document",
            (string report, int sequence, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id =>
                {
                    var state = await ris.GetReportAsync(id, cancellation);
                    return state.Versions.Find(v => v.Sequence == sequence) is { } version
                        ? Results.Bytes(await ris.ReadDocumentAsync(version, cancellation), "text/xml")
                        : Answers.Missing("The report has no such version.");
                }, cancellation));
        group.MapPost("/reports/{report}/amend",
            (string report, AmendmentText text, HttpContext context, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id => Answers.Of(await ris.AmendReportAsync(
                    id, text, AdministrationServer.ActorOf(context), cancellation)), cancellation));
        group.MapPost("/reports/{report}/visibility",
            (string report, VisibilityChange change, HttpContext context, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id => Answers.Of(await ris.ChangeVisibilityAsync(
                    id, change.HiddenFrom.Aggregate(Visibility.Normal, (sum, v) => sum | v),
                    AdministrationServer.ActorOf(context), cancellation)), cancellation));
        group.MapPost("/reports/{report}/retry",
            (string report, HttpContext context, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id => Answers.Of(await ris.RetryPublicationAsync(
                    id, AdministrationServer.ActorOf(context), cancellation)), cancellation));
    }

    /// <summary>A report is named by its own id or by the id of any of its documents.</summary>
    private static async Task<IResult> WithReportAsync(
        RisNode ris, string name, Func<ReportId, Task<IResult>> then, CancellationToken cancellation)
    {
        if (ReportId.TryParse(name, null, out var id)) return await then(id);
        if (InstanceIdentifier.TryParse(name, null, out var document)
            && await ris.FindReportAsync(document, cancellation) is { } found)
        {
            return await then(found);
        }

        return Answers.Missing("No report has this id, and no report holds a document with it.");
    }
}

/// <summary>Reports as the administration interface shows them: states and identifiers, no clinical content.</summary>
internal static class RisViews
{
    public static object Summary(ReportId id, ReportState state) => new
    {
        report = id,
        head = state.Head?.ToString(),
        versions = state.Versions.Count,
        withdrawn = state.HeadIsWithdrawn,
        visibility = state.Visibility,
        publication = PublicationOf(state),
    };

    public static object Detail(ReportId id, ReportState state) => new
    {
        report = id,
        head = state.Head?.ToString(),
        withdrawn = state.HeadIsWithdrawn,
        visibility = state.Visibility,
        publication = PublicationOf(state),
        refused = state.Publication.Refused is { } step ? $"{step.Kind} {step.Document ?? step.Target}" : null,
        versions = state.Versions.Select(v => new
        {
            sequence = v.Sequence,
            origin = v.Origin,
            document = v.DocumentId.ToString(),
            replaces = v.Parent?.ToString(),
            versionNumber = v.Header.VersionNumber,
            sha256 = v.File.Sha256,
            length = v.File.Length,
            recordedAt = v.RecordedAt,
            withdrawn = state.Withdrawn.Contains(v.DocumentId),
            registry = state.Publication.Documents.GetValueOrDefault(v.DocumentId)?.Status,
        }),
    };

    private static string PublicationOf(ReportState state)
    {
        if (state.Publication.Refused is not null) return "refused";
        if (!state.Publication.InFlight.IsEmpty) return "in flight";
        if (state.Wanted is not { } wanted) return state.Publication.Approved.Any() ? "pending" : "none";
        return state.Publication.Approved.Contains(wanted.UniqueId) ? "approved" : "pending";
    }
}
