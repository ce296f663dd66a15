using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>What waits, what is late and why: the outbox and the inbox of a node, without payloads.</summary>
internal static class QueueRoutes
{
    public static void Map(
        RouteGroupBuilder group,
        Func<OutboxFilter, CancellationToken, Task<IReadOnlyList<OutboxEntry>>> outbox,
        Func<InboxFilter, CancellationToken, Task<IReadOnlyList<InboxEntry>>> inbox)
    {
        group.MapGet("/outbox", async (OutboxState? state, CancellationToken cancellation) =>
        {
            var rows = await outbox(new OutboxFilter(state is { } s ? [s] : [], Max: 1000), cancellation);
            return Results.Ok(rows.Select(r => new
            {
                r.Id,
                r.Lane,
                r.Kind,
                r.State,
                r.Attempts,
                r.LastOutcome,
                r.LastDetail,
                r.CreatedAt,
                r.DueAt,
                r.FinishedAt,
            }));
        });
        group.MapGet("/inbox", async (string? controlId, string? ackCode, CancellationToken cancellation) =>
        {
            var rows = await inbox(new InboxFilter(controlId, AckCode: ackCode, Max: 1000), cancellation);
            return Results.Ok(rows.Select(r => new
            {
                r.Id,
                from = $"{r.Key.SendingApplication}|{r.Key.SendingFacility}",
                r.Key.ControlId,
                r.MessageType,
                r.AckCode,
                r.BodyLength,
                r.ReceivedAt,
            }));
        });
    }
}
