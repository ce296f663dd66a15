using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.ImageAccess;
using Drimbox.Grains.Audit;
using Drimbox.Source.ImageAccess;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Source.Audit;

/// <summary>What the audit trail keeps of one request for images: that it was refused, or that it began and how it
/// ended (DB.SO.46, DB.SO.47).</summary>
internal sealed class ImageAudit(AuditTrail trail, HttpContext context, Uid study, AccessVerdict verdict)
{
    private readonly ImageCaller _caller = new(
        verdict.Caller is { } listed ? $"{listed.Id} {listed.Operator}" : ShownBy(context),
        context.Connection.RemoteIpAddress?.ToString() ?? "", verdict.Holder?.Id ?? "",
        $"https://{context.Request.Host}{context.Request.Path}");

    private readonly ImageSubject _subject = new(study, AccessGate.ManifestNamedBy(context), verdict.Grant?.Ins);

    /// <summary>Before the refusal is answered: a node that is not listed and a token that does not hold are matters of
    /// who asks; all else is an access that was not given.</summary>
    public Task RefusedAsync(AccessDenial denial)
    {
        var (status, why) = AccessGate.AnswerTo(denial);
        // 503: the same request may be made again.
        var isOver = status != StatusCodes.Status503ServiceUnavailable;
        return trail.RecordAsync(
            denial switch
            {
                AccessDenial.NotOnWhiteList => AuditEvents.NodeRefused(
                    trail.Node, _caller.Peer, ShownBy(context), why, trail.Now),
                AccessDenial.NoToken or AccessDenial.TokenNotActive or AccessDenial.TokenNotChecked =>
                    AuditEvents.UserRefused(trail.Node, _caller.Professional, _caller.Peer, why, isOver, trail.Now),
                _ => AuditEvents.ImagesExported(trail.Node, _caller, _subject, [], why, isOver, trail.Now),
            },
            CancellationToken.None);
    }

    /// <summary>Before the first byte of an image may go out.</summary>
    /// <exception cref="Storage.StorageFaultException">It is not written: no image may go out.</exception>
    public Task BeginsAsync() => trail.RecordAsync(
        AuditEvents.BeginTransferring(trail.Node, _caller, _subject, trail.Now), CancellationToken.None);

    /// <summary>After the last one.</summary>
    /// <param name="failure">Null: all of the series went out.</param>
    public Task EndsAsync(IReadOnlyList<AuditSopClass> sent, string? failure) => trail.RecordAsync(
        AuditEvents.ImagesExported(trail.Node, _caller, _subject, sent, failure, isOver: false, trail.Now),
        CancellationToken.None);

    private static string ShownBy(HttpContext context) => context.Connection.ClientCertificate?.Subject ?? "";
}
