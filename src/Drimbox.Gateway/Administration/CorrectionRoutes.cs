using Drimbox.Archive;
using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>A correction of a patient as it is asked for. What is null is as it was, or whichever there is.</summary>
internal sealed record CorrectionBody
{
    /// <summary>Patient ID of who is corrected or merged.</summary>
    public string Patient { get; init; } = "";

    public string? Issuer { get; init; }

    public string? IssuerOid { get; init; }

    /// <summary>Study Instance UID of a move.</summary>
    public string Study { get; init; } = "";

    /// <summary>The patient id from now on; of a merge or a move, whose study it is.</summary>
    public string? ToPatient { get; init; }

    public string? ToIssuer { get; init; }

    public string? ToIssuerOid { get; init; }

    public string? Name { get; init; }

    public string? BirthDate { get; init; }

    public string? Sex { get; init; }

    public string Reason { get; init; } = "";
}

/// <summary>The routes of an archive that correct patients (docs/adr/0019). Their bodies name patients, so that no path
/// does.</summary>
internal static class CorrectionRoutes
{
    public static void Map(IEndpointRouteBuilder routes, ArchiveNode archive)
    {
        var group = routes.MapGroup("/api/archive/corrections").ForKnownCallers();
        group.MapGet("", async (string? study, int? max, CancellationToken cancellation) =>
        {
            if (study is not null && !Uid.TryParse(study, out _)) return Answers.Bad("Not a UID.");
            var entries = await archive.Index.Corrections.ListAsync(
                study is null ? null : Uid.Parse(study), Math.Clamp(max ?? 50, 1, Limits.StudyListMax), cancellation);
            return Results.Ok(entries.Select(ViewOf));
        });
        group.MapPost("/correct", async (CorrectionBody body, HttpContext context, CancellationToken cancellation) =>
            Of(await archive.Corrections.CorrectAsync(
                PatientOf(body), ChangeOf(body) with
                {
                    PatientId = body.ToPatient,
                    Issuer = body.ToIssuer,
                    IssuerEntity = body.ToIssuerOid,
                    IssuerEntityType = TypeOf(body.ToIssuerOid),
                },
                AdministrationServer.ActorOf(context), body.Reason, cancellation)));
        group.MapPost("/merge", async (CorrectionBody body, HttpContext context, CancellationToken cancellation) =>
            Of(await archive.Corrections.MergeAsync(
                PatientOf(body), TargetOf(body), ChangeOf(body), AdministrationServer.ActorOf(context), body.Reason,
                cancellation)));
        group.MapPost("/move", async (CorrectionBody body, HttpContext context, CancellationToken cancellation) =>
            Uid.TryParse(body.Study, out var study)
                ? Of(await archive.Corrections.MoveAsync(
                    study, TargetOf(body), ChangeOf(body), AdministrationServer.ActorOf(context), body.Reason,
                    cancellation))
                : Answers.Bad("Not a UID."));
        group.MapPost("/{id:long}/undo", async (long id, HttpContext context, CancellationToken cancellation) =>
            Of(await archive.Corrections.UndoAsync(id, AdministrationServer.ActorOf(context), cancellation)));
    }

    public static object ViewOf(CorrectionEntry entry) => new
    {
        correction = entry.Id,
        kind = entry.Kind,
        patient = entry.Patient.PatientId,
        issuer = entry.Patient.Issuer,
        issuerOid = entry.Patient.IssuerEntity,
        study = entry.Study.IsEmpty ? null : entry.Study.ToString(),
        toPatient = entry.To.PatientId,
        toIssuer = entry.To.Issuer,
        toIssuerOid = entry.To.IssuerEntity,
        name = entry.To.Name,
        birthDate = entry.To.BirthDate,
        sex = entry.To.Sex,
        by = entry.Actor,
        at = entry.At,
        reason = entry.Reason,
        studies = entry.Studies,
        undoneBy = entry.UndoneBy,
        undoneAt = entry.UndoneAt,
    };

    private static IResult Of(CorrectionResult result) => result.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Results.Ok(new { correction = result.Entry!.Id, studies = result.Studies });

    private static PatientReference PatientOf(CorrectionBody body) => new(body.Patient, body.Issuer, body.IssuerOid);

    private static PatientReference TargetOf(CorrectionBody body) =>
        new(body.ToPatient ?? "", body.ToIssuer, body.ToIssuerOid);

    private static PatientChange ChangeOf(CorrectionBody body) =>
        new(Name: body.Name, BirthDate: body.BirthDate, Sex: body.Sex);

    // PS3.3 table 10-18: an OID is of type ISO.
    private static string? TypeOf(string? oid) => oid is null ? null : oid.Length > 0 ? "ISO" : "";
}
