using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>The routes of the archive: quarantine and versions (docs/adr/0017).</summary>
internal static class ArchiveRoutes
{
    public static void Map(IEndpointRouteBuilder routes, ArchiveNode archive)
    {
        MapQuarantine(routes.MapGroup("/api/archive/quarantine"), archive);
        MapVersions(routes.MapGroup("/api/archive/versions"), archive);
    }

    private static void MapQuarantine(RouteGroupBuilder group, ArchiveNode archive)
    {
        group.MapGet("", async (long? after, CancellationToken cancellation) =>
            Results.Ok((await archive.Kept.ListQuarantineAsync(after ?? 0, cancellation)).Select(ViewOf)));
        group.MapGet("/{id:long}", async (long id, CancellationToken cancellation) =>
            await archive.Kept.FindQuarantinedAsync(id, cancellation) is { } found
                ? Results.Ok(ViewOf(found, await StandingAsync(archive, found, cancellation)))
                : Answers.Missing("Nothing in quarantine has this number."));
        group.MapPost("/{id:long}/release", async (long id, HttpContext context, CancellationToken cancellation) =>
            Answers.OfRefusal(await archive.Kept.ReleaseAsync(
                id, AdministrationServer.ActorOf(context), cancellation)));
        group.MapPost("/{id:long}/drop", async (long id, HttpContext context, CancellationToken cancellation) =>
            Answers.OfRefusal(await archive.Kept.DropQuarantinedAsync(
                id, AdministrationServer.ActorOf(context), cancellation)));
    }

    private static void MapVersions(RouteGroupBuilder group, ArchiveNode archive)
    {
        group.MapGet("", async (long? after, CancellationToken cancellation) =>
            Results.Ok((await archive.Kept.ListVersionedAsync(after ?? 0, cancellation)).Select(instance => new
            {
                row = instance.RowId,
                instance = instance.SopInstanceUid,
                study = instance.StudyInstanceUid,
                version = instance.Version,
                sender = instance.File.SenderAe,
                receivedAt = instance.File.ReceivedAt,
            })));
        group.MapGet("/{instance}", (string instance, CancellationToken cancellation) =>
            WithUidAsync(instance, async uid => await archive.Kept.VersionsOfAsync(uid, cancellation) is { } found
                ? Results.Ok(ViewOf(found))
                : Answers.Missing("No instance has this SOP Instance UID.")));
        group.MapPost("/{instance}/{version:int}/restore",
            (string instance, int version, HttpContext context, CancellationToken cancellation) =>
                WithUidAsync(instance, async uid => Answers.OfRefusal(await archive.Kept.RestoreAsync(
                    uid, version, AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/{instance}/{version:int}/drop",
            (string instance, int version, HttpContext context, CancellationToken cancellation) =>
                WithUidAsync(instance, async uid => Answers.OfRefusal(await archive.Kept.DropVersionAsync(
                    uid, version, AdministrationServer.ActorOf(context), cancellation))));
    }

    private static async Task<InstanceVersions?> StandingAsync(
        ArchiveNode archive, QuarantinedFile file, CancellationToken cancellation) =>
        file.SopInstanceUid.IsEmpty ? null : await archive.Kept.VersionsOfAsync(file.SopInstanceUid, cancellation);

    private static object ViewOf(QuarantinedFile file) => new
    {
        id = file.RowId,
        reason = file.Reason,
        instance = TextOf(file.SopInstanceUid),
        sender = file.File.SenderAe,
        receivedAt = file.File.ReceivedAt,
        length = file.File.Length,
    };

    private static object ViewOf(QuarantinedFile file, InstanceVersions? standing) => new
    {
        id = file.RowId,
        reason = file.Reason,
        instance = TextOf(file.SopInstanceUid),
        study = TextOf(file.StudyInstanceUid),
        series = TextOf(file.SeriesInstanceUid),
        sopClass = TextOf(file.SopClassUid),
        transferSyntax = TextOf(file.TransferSyntaxUid),
        sender = file.File.SenderAe,
        receivedAt = file.File.ReceivedAt,
        length = file.File.Length,
        file = file.File.FileName,
        digest = file.File.Digest,
        standing = standing is null
            ? null
            : new
            {
                study = standing.Instance.StudyInstanceUid,
                sender = standing.Instance.File.SenderAe,
                receivedAt = standing.Instance.File.ReceivedAt,
                version = standing.Instance.Version,
                file = standing.Instance.File.FileName,
            },
        events = standing?.Events.Select(ViewOf),
    };

    private static object ViewOf(InstanceVersions versions) => new
    {
        instance = versions.Instance.SopInstanceUid,
        study = versions.Instance.StudyInstanceUid,
        series = versions.Instance.SeriesInstanceUid,
        hidden = !versions.Instance.Visible,
        version = versions.Instance.Version,
        files = versions.Further
            .Select(file => (file.Version, file.TransferSyntaxUid, file.File))
            .Append((versions.Instance.Version, versions.Instance.TransferSyntaxUid, versions.Instance.File))
            .OrderBy(file => file.Version)
            .Select(file => new
            {
                version = file.Version,
                stands = file.Version == versions.Instance.Version,
                transferSyntax = file.TransferSyntaxUid,
                sender = file.File.SenderAe,
                receivedAt = file.File.ReceivedAt,
                length = file.File.Length,
                file = file.File.FileName,
            }),
        events = versions.Events.Select(ViewOf),
    };

    private static object ViewOf(ArchiveEvent what) => new
    {
        at = what.At,
        actor = what.Actor,
        action = what.Action,
        detail = what.Detail,
    };

    private static string? TextOf(Uid uid) => uid.IsEmpty ? null : uid.ToString();

    private static async Task<IResult> WithUidAsync(string text, Func<Uid, Task<IResult>> then) =>
        Uid.TryParse(text, out var uid) ? await then(uid) : Answers.Bad("Not a UID.");
}
