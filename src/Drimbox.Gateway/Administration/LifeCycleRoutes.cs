using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Why a study is deleted.</summary>
internal sealed record Deletion(string? Reason);

/// <summary>The routes of an archive: its studies, its disk, retention and the scrubber.</summary>
internal static class LifeCycleRoutes
{
    public static void Map(IEndpointRouteBuilder routes, ArchiveNode archive)
    {
        var group = routes.MapGroup("/api/archive");
        group.MapGet("/disk", () => Results.Ok(archive.LifeCycle.Disk));
        group.MapGet("/scrub", async (CancellationToken cancellation) =>
            Results.Ok(await archive.LifeCycle.ScrubStatusAsync(cancellation)));
        group.MapPost("/scrub/start", async (CancellationToken cancellation) =>
        {
            if (archive.Options.Scrub.MegabytesPerSecond <= 0)
                return Answers.Bad("The scrubber is off: set Archive:Scrub:MegabytesPerSecond.");
            _ = await archive.LifeCycle.StartScrubAsync();
            return Results.Ok(await archive.LifeCycle.ScrubStatusAsync(cancellation));
        });
        group.MapPost("/scrub/pause", async (CancellationToken cancellation) =>
        {
            await archive.LifeCycle.PauseScrubAsync();
            return Results.Ok(await archive.LifeCycle.ScrubStatusAsync(cancellation));
        });
        MapRetention(group, archive);
        var named = routes.MapGroup("/api/archive").ForKnownCallers();
        MapStudies(named, archive);
        MapRemovals(named, archive);
    }

    private static void MapRetention(RouteGroupBuilder group, ArchiveNode archive)
    {
        group.MapGet("/purge", async (CancellationToken cancellation) =>
            Results.Ok(ViewOf(await archive.LifeCycle.PlanPurgeAsync(cancellation))));
        group.MapPost("/purge", async (CancellationToken cancellation) =>
            Results.Ok(ViewOf(await archive.LifeCycle.PurgeAsync(cancellation))));
        group.MapGet("/removals", async (int? max, CancellationToken cancellation) =>
            Results.Ok((await archive.Index.ListRemovalsAsync(Within(max), null, cancellation)).Select(ViewOf)));
    }

    private static void MapStudies(RouteGroupBuilder group, ArchiveNode archive)
    {
        group.MapGet("/studies", async (
            string? patient, string? accession, string? from, string? to, string? modality, bool? damaged, int? max,
            int? skip, CancellationToken cancellation) =>
        {
            var studies = await archive.Index.ListStudiesAsync(
                new StudyFilter
                {
                    PatientId = patient,
                    AccessionNumber = accession,
                    From = from,
                    To = to,
                    Modality = modality,
                    Damaged = damaged ?? false,
                    Max = Within(max),
                    Skip = Math.Max(0, skip ?? 0),
                },
                cancellation);
            return Results.Ok(studies.Select(SummaryOf));
        });
        group.MapGet("/studies/{study}", (string study, CancellationToken cancellation) =>
            WithUidAsync(study, uid => ShowAsync(archive, uid, cancellation)));
        group.MapGet("/instances/{instance}/file", (string instance, CancellationToken cancellation) =>
            WithUidAsync(instance, async uid =>
            {
                try
                {
                    return await archive.LifeCycle.OpenFileAsync(uid, cancellation) is { } file
                        ? Results.Stream(file, "application/dicom")
                        : Answers.Missing("The archive has no such instance.");
                }
                catch (StorageFaultException e)
                {
                    return Answers.Refused(new Refusal(RefusalReason.Unavailable, e.Message));
                }
            }));
        group.MapPost("/studies/{study}/protect", (string study, HttpContext context, CancellationToken cancellation) =>
            ProtectAsync(archive, study, AdministrationServer.ActorOf(context), cancellation));
        group.MapPost("/studies/{study}/unprotect", (string study, CancellationToken cancellation) =>
            ProtectAsync(archive, study, null, cancellation));
    }

    private static void MapRemovals(RouteGroupBuilder group, ArchiveNode archive)
    {
        group.MapPost("/studies/{study}/delete",
            (string study, Deletion deletion, HttpContext context, CancellationToken cancellation) =>
                WithUidAsync(study, async uid => OfRemoval(await archive.LifeCycle.DeleteAsync(
                    uid, AdministrationServer.ActorOf(context), deletion.Reason ?? "", cancellation))));
        group.MapPost("/studies/{study}/restore",
            (string study, HttpContext context, CancellationToken cancellation) =>
                WithUidAsync(study, async uid =>
                {
                    var removals = await archive.Index.ListRemovalsAsync(Limits.StudyListMax, uid, cancellation);
                    return removals.FirstOrDefault(removal => removal.State == RemovalState.Kept) is { } kept
                        ? OfRemoval(await archive.LifeCycle.RestoreAsync(
                            kept.Id, AdministrationServer.ActorOf(context), cancellation))
                        : Answers.Missing("The trash has no study with this UID.");
                }));
    }

    private static async Task<IResult> ShowAsync(ArchiveNode archive, Uid study, CancellationToken cancellation)
    {
        var filter = new StudyFilter { StudyInstanceUid = study, Max = 1 };
        var removals = await archive.Index.ListRemovalsAsync(10, study, cancellation);
        if (await archive.Index.ListStudiesAsync(filter, cancellation) is not [var entry])
        {
            return removals.FirstOrDefault(r => r.State == RemovalState.Kept) is { } kept
                ? Answers.Missing($"It was deleted by {kept.Actor}; 'drimbox study restore {study}' brings it back.")
                : Answers.Missing("The archive has no such study.");
        }

        var instances = await archive.Index.ListInstancesAsync(study, cancellation);
        var corrected = await archive.Index.Corrections.FindAsync(study, cancellation);
        var corrections = await archive.Index.Corrections.ListAsync(study, 10, cancellation);
        return Results.Ok(new
        {
            study = entry.StudyInstanceUid,
            patient = entry.PatientId,
            issuer = entry.IssuerOfPatientId,
            name = entry.PatientName,
            date = entry.StudyDate,
            accession = entry.AccessionNumber,
            description = entry.StudyDescription,
            bytes = entry.Bytes,
            firstReceivedAt = entry.FirstReceivedAt,
            lastReceivedAt = entry.LastReceivedAt,
            accessedOn = entry.AccessedOn,
            protectedBy = entry.ProtectedBy,
            series = instances.GroupBy(i => (i.SeriesInstanceUid, i.Modality, i.SeriesNumber)).Select(s => new
            {
                series = s.Key.SeriesInstanceUid,
                modality = s.Key.Modality,
                number = s.Key.SeriesNumber,
                instances = s.Count(),
                rejected = s.Count(i => i.HiddenReason is not null),
                damaged = s.Count(i => i.DamagedAt is not null),
                bytes = s.Sum(i => i.Length),
            }),
            instances = instances.Select(i => new
            {
                instance = i.SopInstanceUid,
                series = i.SeriesInstanceUid,
                number = i.InstanceNumber,
                sopClass = i.SopClassUid,
                transferSyntax = i.TransferSyntaxUid,
                file = i.FileName,
                length = i.Length,
                digest = i.Digest,
                sender = i.SenderAe,
                receivedAt = i.ReceivedAt,
                rejected = i.HiddenReason,
                damagedAt = i.DamagedAt,
            }),
            // Whom the files name, if it is another.
            received = corrected is null ? null : new
            {
                patient = corrected.Received.PatientId,
                issuer = corrected.Received.Issuer,
                name = corrected.Received.Name,
            },
            corrections = corrections.Select(CorrectionRoutes.ViewOf),
            removals = removals.Select(ViewOf),
        });
    }

    private static Task<IResult> ProtectAsync(
        ArchiveNode archive, string study, string? by, CancellationToken cancellation) =>
        WithUidAsync(study, async uid => await archive.Index.ProtectAsync(uid, by, cancellation)
            ? Results.Ok(new { ok = true })
            : Answers.Missing("The archive has no such study."));

    private static IResult OfRemoval(RemovalResult result) => result switch
    {
        RemovalResult.Done(var removal) => Results.Ok(ViewOf(removal)),
        RemovalResult.Held(RemovalHold.Absent) => Answers.Missing("The archive has no such study."),
        RemovalResult.Held(var why) => Answers.Refused(new Refusal(RefusalReason.WrongState, TextOf(why))),
        _ => throw Invariant.Unreachable(result),
    };

    private static string TextOf(RemovalHold hold) => hold switch
    {
        RemovalHold.Protected => "The study is protected: 'drimbox study unprotect' first.",
        RemovalHold.NotDelivered => "Something about the study is not delivered yet: see the outbox of the archive.",
        RemovalHold.Changed => "Instances of the study have come meanwhile.",
        RemovalHold.NotKept => "The removal cannot be undone any more, or is still under way.",
        RemovalHold.CameAgain => "An instance of the study has come again with other bytes: delete those first.",
        RemovalHold.Absent => "There is no such study.",
        _ => throw Invariant.Unreachable(hold),
    };

    private static object SummaryOf(StudyEntry study) => new
    {
        study = study.StudyInstanceUid,
        patient = study.PatientId,
        name = study.PatientName,
        date = study.StudyDate,
        accession = study.AccessionNumber,
        modalities = string.Join('\\', study.Modalities),
        series = study.Series,
        instances = study.Instances,
        rejected = study.Hidden,
        damaged = study.Damaged,
        bytes = study.Bytes,
        lastReceivedAt = study.LastReceivedAt,
        @protected = study.ProtectedBy is not null,
    };

    private static object ViewOf(RemovalEntry removal) => new
    {
        removal = removal.Id,
        study = removal.StudyInstanceUid,
        kind = removal.Kind,
        state = removal.State,
        by = removal.Actor,
        reason = removal.Reason,
        at = removal.RemovedAt,
        keptUntil = removal.KeepUntil,
        instances = removal.Instances,
        bytes = removal.Bytes,
    };

    private static object ViewOf(PurgePlan plan) => new
    {
        bytes = plan.Bytes,
        thereAreMore = plan.IsCut,
        studies = plan.Candidates.Select(candidate => new
        {
            study = candidate.Study.StudyInstanceUid,
            instances = candidate.Study.Instances,
            bytes = candidate.Study.Bytes,
            why = candidate.Why,
            stays = candidate.Hold,
        }),
    };

    private static int Within(int? max) => Math.Clamp(max ?? 50, 1, Limits.StudyListMax);

    private static async Task<IResult> WithUidAsync(string text, Func<Uid, Task<IResult>> then) =>
        Uid.TryParse(text, out var uid) ? await then(uid) : Answers.Bad("Not a UID.");
}
