using Drimbox.Core.Identity;
using Drimbox.Core.Resynchronisation;
using Drimbox.Source;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>A resynchronisation as it is asked for. What is null is as the configuration says.</summary>
internal sealed record ResyncBody
{
    public DateOnly? From { get; init; }

    public DateOnly? To { get; init; }

    public IReadOnlyList<string> Studies { get; init; } = [];

    public string? Pacs { get; init; }

    public int? PerMinute { get; init; }

    public string? Hours { get; init; }

    public bool AllowAbsent { get; init; }

    /// <summary>Count the studies in the PACS too.</summary>
    public bool AskPacs { get; init; }
}

/// <summary>The routes of the DRIMbox source for resynchronisations.</summary>
internal static class ResyncRoutes
{
    public static void Map(RouteGroupBuilder source, SourceNode node)
    {
        var group = source.MapGroup("/resync");
        group.MapGet("", async (CancellationToken cancellation) =>
            Results.Ok((await node.ListResyncAsync(cancellationToken: cancellation)).Select(run => new
            {
                run = run.Run,
                state = run.State,
                note = run.Note,
                from = run.Plan.From,
                to = run.Plan.To,
                done = run.Done,
                changed = run.Changed,
                failed = run.Failed,
                remaining = run.Remaining,
                endsAt = run.EndsAt,
            })));
        group.MapGet("/{id:long}", async (long id, CancellationToken cancellation) =>
            await node.GetResyncAsync(id, cancellation) is { } status
                ? Results.Ok(status)
                : Answers.Missing("No resynchronisation has this number."));
        group.MapPost("", async (ResyncBody body, HttpContext context, CancellationToken cancellation) =>
        {
            var studies = new List<Uid>();
            foreach (var text in body.Studies)
            {
                if (!Uid.TryParse(text, out var uid)) return Answers.Bad("studies: not a UID.");
                studies.Add(uid);
            }

            var plan = new ResyncPlan(
                body.From, body.To, studies, body.Pacs, body.PerMinute ?? node.ResyncDefaults.PerMinute,
                body.Hours ?? node.ResyncDefaults.Hours, body.AllowAbsent);
            var (estimate, refusal) = await node.PlanResyncAsync(
                plan, body.AskPacs, AdministrationServer.ActorOf(context), cancellation);
            return estimate is null ? Answers.Refused(refusal!) : Results.Ok(estimate);
        });
        MapMove(group, node, "start", ResyncState.Running);
        MapMove(group, node, "pause", ResyncState.Paused);
        MapMove(group, node, "cancel", ResyncState.Cancelled);
    }

    private static void MapMove(RouteGroupBuilder group, SourceNode node, string name, ResyncState to) =>
        group.MapPost("/{id:long}/" + name, async (long id, HttpContext context, CancellationToken cancellation) =>
            Answers.OfRefusal(await node.MoveResyncAsync(
                id, to, AdministrationServer.ActorOf(context), cancellation)));
}
