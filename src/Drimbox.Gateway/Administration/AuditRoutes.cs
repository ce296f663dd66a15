using System.Text.Json;
using Drimbox.Core.Audit;
using Drimbox.Grains.Audit;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>What an auditor asks for; all that is named must be so.</summary>
internal sealed record AuditQuestion(
    string? Patient, string? User, string? Document, string? Study, string? Event, AuditOutcome? Outcome,
    DateTimeOffset? From, DateTimeOffset? Until, long? Before, int? Max)
{
    public AuditFilter ToFilter() =>
        new(Patient, User, Document, Study, Event, Outcome, From, Until, Before, Max ?? 100);
}

/// <summary>The audit trail of a node, for those who may read it. Each look is recorded before it is answered; one
/// that cannot be recorded is answered 503.</summary>
internal static class AuditRoutes
{
    private static readonly byte[] _newLine = "\n"u8.ToArray();

    public static void Map(RouteGroupBuilder group, AuditDesk desk)
    {
        group.MapGet("/audit",
            ([AsParameters] AuditQuestion question, HttpContext context, CancellationToken cancellation) =>
                RecordedAsync(async () => Results.Ok((await desk.SearchAsync(
                    question.ToFilter(), AdministrationServer.ActorOf(context), cancellation)).Select(Summary))));
        group.MapGet("/audit/{id:long}", (long id, HttpContext context, CancellationToken cancellation) =>
            RecordedAsync(async () =>
                await desk.FindAsync(id, AdministrationServer.ActorOf(context), cancellation) is { } row
                    ? Results.Ok(Detail(row))
                    : Answers.Missing("No record has this number, or its time was over.")));
        group.MapGet("/audit/verify",
            (long? id, string? sha256, HttpContext context, CancellationToken cancellation) => RecordedAsync(async () =>
                id is null != sha256 is null
                    ? Answers.Bad("A record that was written down has a number and a hash: name both.")
                    : Verdict(await desk.VerifyAsync(
                        id is { } known ? new AuditLink(known, sha256!.ToLowerInvariant()) : null,
                        AdministrationServer.ActorOf(context), cancellation))));
        group.MapGet("/audit/export", (HttpContext context, CancellationToken cancellation) => RecordedAsync(async () =>
        {
            await desk.BeginExportAsync(AdministrationServer.ActorOf(context), cancellation);
            return Results.Stream(
                output => WriteAsync(output, desk.ReadAllAsync(cancellation), cancellation), "application/x-ndjson");
        }));
    }

    private static async Task<IResult> RecordedAsync(Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (StorageFaultException e)
        {
            return Results.Json(
                new { error = $"The audit trail cannot be read or written: {e.Fault}." }, AdministrationJson.Options,
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task WriteAsync(
        Stream output, IAsyncEnumerable<AuditRow> rows, CancellationToken cancellation)
    {
        await foreach (var row in rows.WithCancellation(cancellation))
        {
            await JsonSerializer.SerializeAsync(output, Detail(row), AdministrationJson.Options, cancellation);
            await output.WriteAsync(_newLine, cancellation);
        }
    }

    private static object Summary(AuditRow row) => new
    {
        row.Link.Id,
        row.Record.At,
        row.Record.Event,
        row.Record.Type,
        outcome = row.Record.Outcome,
        users = Of(row, AuditKeyKind.User),
        patient = Of(row, AuditKeyKind.Patient),
        studies = Of(row, AuditKeyKind.Study),
        documents = Of(row, AuditKeyKind.Document),
    };

    private static object Detail(AuditRow row) => new
    {
        row.Link.Id,
        row.Record.At,
        row.Record.Event,
        row.Record.Type,
        outcome = row.Record.Outcome,
        keys = row.Record.Keys.Select(k => new { k.Kind, k.Value }),
        row.Link.Sha256,
        row.Record.Message,
    };

    // A broken trail is no answer that a script may take for a good one.
    private static IResult Verdict(AuditVerdict verdict)
    {
        var first = verdict.Trails.Count > 0
            ? verdict.Trails[0]
            : new AuditTrailEnds(1, AuditLink.Beginning, AuditLink.Beginning);
        return Results.Json(new
        {
            error = verdict.Holds ? null : $"The audit trail was changed, at record {verdict.BrokenAt}: {verdict.Why}",
            holds = verdict.Holds,
            note = verdict.Holds ? verdict.Why : null,
            verdict.Records,
            removedUntil = first.First.Id,
            last = first.Last.Id,
            sha256 = first.Last.Sha256,
            // Of a source that never had several processes it is the only one.
            trails = verdict.Trails.Count > 1 ? verdict.Trails.Select(trail => new
            {
                trail.Trail, removedUntil = trail.First.Id, last = trail.Last.Id, sha256 = trail.Last.Sha256,
            }) : null,
            verdict.BrokenAt,
        },
        AdministrationJson.Options,
        statusCode: verdict.Holds ? StatusCodes.Status200OK : StatusCodes.Status409Conflict);
    }

    private static string Of(AuditRow row, AuditKeyKind kind) =>
        string.Join(' ', row.Record.Keys.Where(k => k.Kind == kind).Select(k => k.Value));
}
