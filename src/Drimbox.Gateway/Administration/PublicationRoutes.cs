using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Grains.Publications;
using Drimbox.Ris;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>What a person sets right in the metadata of a refused publication; codes as
/// <c>VALUE^SYSTEM^DISPLAY</c>.</summary>
internal sealed record MetadataChange(
    string? Title, string? HealthcareFacilityType, string? PracticeSetting, string? LanguageCode,
    string? ServiceStartTime, string? ServiceStopTime)
{
    /// <summary>Null, with the reason, if a code is none.</summary>
    public MetadataCorrection? ToCorrection(out string? error)
    {
        error = null;
        var (facility, setting) = (CodeOf(HealthcareFacilityType, ref error), CodeOf(PracticeSetting, ref error));
        return error is null
            ? new MetadataCorrection(Title, facility, setting, LanguageCode, ServiceStartTime, ServiceStopTime)
            : null;
    }

    private static Code? CodeOf(string? text, ref string? error)
    {
        if (text is null) return null;
        if (text.Split('^') is [var value, var system, var display]) return new Code(value, system, display);
        error = "A code is written VALUE^SYSTEM^DISPLAY.";
        return null;
    }
}

/// <summary>The publications of a node: what waits, what is late and why, and what lies aside.</summary>
internal static class PublicationRoutes
{
    private const int Max = 1_000;

    public static void Map(RouteGroupBuilder group, PublicationDesk desk, TimeProvider time)
    {
        group.MapGet("/publications", async (OutboxState? state, CancellationToken cancellation) => Results.Ok(
            (await desk.ListAsync(state is { } only ? [only] : [], Max, cancellation))
                .Select(publication => Summary(publication, time.GetUtcNow()))));
        group.MapGet("/publications/{id:long}", async (long id, CancellationToken cancellation) =>
            await desk.FindAsync(id, cancellation) is { } found
                ? Results.Ok(Detail(found, await desk.HistoryOfAsync(id, cancellation), time.GetUtcNow()))
                : Answers.Missing(PublicationDesk.Unknown.Detail));
        group.MapPost("/publications/{id:long}/retry",
            async (long id, HttpContext context, CancellationToken cancellation) => Answers.OfRefusal(
                await desk.RetryAsync(id, AdministrationServer.ActorOf(context), cancellation)));
        group.MapPost("/publications/{id:long}/discard",
            async (long id, HttpContext context, CancellationToken cancellation) => Answers.OfRefusal(
                await desk.DiscardAsync(id, AdministrationServer.ActorOf(context), cancellation)));
    }

    /// <summary>The metadata of a manifest follow from its reports: only those of a report are set right.</summary>
    public static void MapCorrection(RouteGroupBuilder group, RisNode ris) => group.MapPost(
        "/publications/{id:long}/metadata",
        async (long id, MetadataChange change, HttpContext context, CancellationToken cancellation) =>
            change.ToCorrection(out var error) is { } correction
                ? Answers.OfRefusal(await ris.CorrectPublicationAsync(
                    id, correction, AdministrationServer.ActorOf(context), cancellation))
                : Answers.Bad(error!));

    private static object Summary(PublicationView publication, DateTimeOffset now) => new
    {
        publication.Row.Id,
        subject = SubjectOf(publication.Row),
        does = publication.Summary?.Kind.ToString() ?? "unreadable",
        document = DocumentOf(publication),
        publication.Row.State,
        age = AgeOf(publication.Row, now),
        publication.Row.Attempts,
        publication.Row.Faults,
        publication.Row.LastOutcome,
        publication.Row.LastDetail,
        nextAttempt = NextOf(publication.Row),
    };

    // Nothing of the patient, and nothing of what the document says.
    private static object Detail(
        PublicationView publication, IReadOnlyList<OutboxIntervention> history, DateTimeOffset now) => new
        {
            publication.Row.Id,
            subject = SubjectOf(publication.Row),
            does = publication.Summary?.Kind.ToString() ?? "unreadable",
            submissionSet = publication.Summary?.SubmissionSetUniqueId.ToString(),
            document = publication.Summary?.Entry?.UniqueId.ToString(),
            target = publication.Summary?.Target?.ToString(),
            publication.Row.State,
            age = AgeOf(publication.Row, now),
            publication.Row.CreatedAt,
            publication.Row.FinishedAt,
            publication.Row.Priority,
            publication.Row.Attempts,
            publication.Row.Faults,
            publication.Row.LastOutcome,
            publication.Row.LastDetail,
            nextAttempt = NextOf(publication.Row),
            leaseOwner = publication.Row.LeaseOwner,
            leaseUntil = publication.Row.LeaseUntil,
            metadata = publication.Summary?.Entry is { } entry
                ? new
                {
                    entry.LanguageCode,
                    healthcareFacilityType = TextOf(entry.HealthcareFacilityType),
                    practiceSetting = TextOf(entry.PracticeSetting),
                    entry.ServiceStartTime,
                    entry.ServiceStopTime,
                    typeCode = TextOf(entry.TypeCode),
                    formatCode = TextOf(entry.FormatCode),
                    entry.Hash,
                    entry.Size,
                    entry.Visibility,
                }
                : null,
            interventions = history.Select(h => new { h.Action, h.Actor, h.At }),
        };

    private static string SubjectOf(OutboxEntry row) => row.Lane[(row.Lane.LastIndexOf('/') + 1)..];

    private static string? DocumentOf(PublicationView publication) =>
        (publication.Summary?.Entry?.UniqueId ?? publication.Summary?.Target)?.ToString();

    private static TimeSpan AgeOf(OutboxEntry row, DateTimeOffset now) =>
        TimeSpan.FromSeconds(Math.Floor(((row.FinishedAt ?? now) - row.CreatedAt).TotalSeconds));

    private static DateTimeOffset? NextOf(OutboxEntry row) =>
        row is { State: OutboxState.Pending, LeaseOwner: null } ? row.DueAt : null;

    private static string TextOf(Code code) => $"{code.Value}^{code.System}^{code.Display}";
}
