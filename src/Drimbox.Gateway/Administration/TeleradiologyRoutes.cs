using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Teleradiology;
using Drimbox.Teleradiology.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>The protocol of an accepted request.</summary>
internal sealed record Acceptance(string Protocol);

/// <summary>Why a request is refused.</summary>
internal sealed record RequestRefusal(string? Reason);

/// <summary>What the radiologist writes.</summary>
internal sealed record WrittenReport(string? Indications, string? Technique, string? Results, string? Conclusion)
{
    public ReportText ToText() => new(Indications ?? "", Technique ?? "", Results ?? "", Conclusion ?? "");
}

/// <summary>The routes of the teleradiology platform.</summary>
internal static class TeleradiologyRoutes
{
    public static void Map(IEndpointRouteBuilder routes, TeleradiologyNode platform)
    {
        var group = routes.MapGroup("/api/teleradiology");
        group.MapGet("/requests", async (CancellationToken cancellation) =>
            Results.Ok(await platform.ListRequestsAsync(null, 1000, cancellation)));
        group.MapGet("/requests/{order}", (string order, CancellationToken cancellation) =>
            WithOrderAsync(order, async id => Results.Ok(ViewOf(id, await platform.GetRequestAsync(id, cancellation)))));
        group.MapPost("/requests/{order}/accept",
            (string order, Acceptance acceptance, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => Answers.OfRefusal(await platform.AcceptAsync(
                    id, acceptance.Protocol, AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/requests/{order}/refuse",
            (string order, RequestRefusal refusal, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => Answers.OfRefusal(await platform.RefuseAsync(
                    id, refusal.Reason ?? "", AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/requests/{order}/report",
            (string order, WrittenReport report, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => OfReport(await platform.WriteReportAsync(
                    id, report.ToText(), AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/requests/{order}/correct",
            (string order, WrittenReport report, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => OfReport(await platform.CorrectReportAsync(
                    id, report.ToText(), AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/requests/{order}/withdraw",
            (string order, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => OfReport(await platform.WithdrawReportAsync(
                    id, AdministrationServer.ActorOf(context), cancellation))));
        QueueRoutes.Map(group, platform.ListOutboxAsync, platform.ListInboxAsync);
    }

    private static IResult OfReport(ReportReply reply) => reply.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Results.Ok(new { ok = true, document = reply.Document!.DocumentId.ToString() });

    private static object ViewOf(InstanceIdentifier order, PlatformRequestState state) => new
    {
        order = order.ToString(),
        status = state.Status,
        study = state.PostExamination?.StudyInstanceUid,
        instancesFetched = state.InstancesFetched,
        documents = state.Documents.Select(d => new
        {
            document = d.DocumentId.ToString(),
            replaces = d.Replaces?.ToString(),
            versionNumber = d.VersionNumber,
            sha256 = d.File.Sha256,
            withdrawn = d.Withdrawn,
        }),
    };

    private static async Task<IResult> WithOrderAsync(string order, Func<InstanceIdentifier, Task<IResult>> then) =>
        InstanceIdentifier.TryParse(order, null, out var id)
            ? await then(id)
            : Answers.Bad("An order is ROOT^NUMBER.");
}
