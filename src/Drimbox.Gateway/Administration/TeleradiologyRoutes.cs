using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Teleradiology;
using Drimbox.Teleradiology.Reports;
using Drimbox.Teleradiology.Worklist;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>The protocols of an accepted request, in their order: texts first.</summary>
/// <param name="Documents">PDF files.</param>
internal sealed record Acceptance(
    string? Protocol = null, IReadOnlyList<string>? Protocols = null, IReadOnlyList<byte[]>? Documents = null)
{
    public IReadOnlyList<ImagingProtocol> ToProtocols() =>
    [
        .. Protocol is null ? [] : (ImagingProtocol[])[new ImagingProtocol.PlainText(Protocol)],
        .. (Protocols ?? []).Select(text => new ImagingProtocol.PlainText(text)),
        .. (Documents ?? []).Select(file => new ImagingProtocol.Encapsulated("PDF", file)),
    ];
}

/// <summary>Why a request is refused.</summary>
/// <param name="Code">The reason as a code of <paramref name="System"/>, the name of a coding system.</param>
internal sealed record RequestRefusal(string? Reason, string? Code = null, string? System = null)
{
    public Code ToCode() => new(Code ?? "", System ?? "", Reason ?? "");
}

/// <summary>What the radiologist writes.</summary>
/// <param name="Template">The template whose text stands where nothing else is said, or null for none.</param>
internal sealed record WrittenReport(
    string? Indications, string? Technique, string? Results, string? Conclusion, string? Template = null)
{
    /// <param name="under">The text of the template, or an empty one.</param>
    public ReportText ToText(ReportText under) => under with
    {
        Indication = Indications ?? under.Indication,
        Technique = Technique ?? under.Technique,
        Results = Results ?? under.Results,
        Conclusion = Conclusion ?? under.Conclusion,
    };
}

/// <summary>The routes of the teleradiology platform.</summary>
internal static class TeleradiologyRoutes
{
    public static void Map(IEndpointRouteBuilder routes, TeleradiologyNode platform)
    {
        var group = routes.MapGroup("/api/teleradiology");
        group.MapGet("/requests", (string? after, int? max, CancellationToken cancellation) =>
            ListAsync(platform, after, max ?? 1000, cancellation));
        group.MapGet("/worklist", async (
            RequestStatus[]? status, TimeSpan? olderThan, string? modality, bool? late,
            CancellationToken cancellation) =>
            Results.Ok((await platform.ListWorklistAsync(
                new WorklistFilter(status is { Length: > 0 } ? status : null, olderThan, modality, late ?? false),
                cancellation)).Select(ViewOf)));
        group.MapGet("/templates", () => Results.Ok(platform.Templates.Select(template => new
        {
            name = template.Name,
            modalities = string.Join(' ', template.Modalities),
            regions = string.Join(' ', template.Regions),
            publication = string.Join(' ', template.Publication),
        })));
        group.MapGet("/requests/{order}", (string order, CancellationToken cancellation) =>
            WithOrderAsync(order, async id =>
            {
                var state = await platform.GetRequestAsync(id, cancellation);
                return Results.Ok(ViewOf(id, state, platform.WaitOf(state)));
            }));
        MapAnswers(group, platform);
        MapReports(group, platform);
        QueueRoutes.Map(group, platform.ListOutboxAsync, platform.ListInboxAsync);
    }

    private static void MapAnswers(RouteGroupBuilder group, TeleradiologyNode platform)
    {
        group.MapPost("/requests/{order}/accept",
            (string order, Acceptance acceptance, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => Answers.OfRefusal(await platform.AcceptAsync(
                    id, acceptance.ToProtocols(), AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/requests/{order}/refuse",
            (string order, RequestRefusal refusal, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => Answers.OfRefusal(await platform.RefuseAsync(
                    id, refusal.ToCode(), AdministrationServer.ActorOf(context), cancellation))));
    }

    private static void MapReports(RouteGroupBuilder group, TeleradiologyNode platform)
    {
        // These say what the request and the radiologist say of the patient.
        var texts = group.MapGroup("/requests/{order}").ForKnownCallers();
        texts.MapGet("/draft", (string order, CancellationToken cancellation) =>
            WithOrderAsync(order, async id => await platform.ReadDraftAsync(id, cancellation) is { } draft
                ? Results.Ok(draft)
                : Answers.Missing("There is no draft.")));
        texts.MapGet("/template", (string order, string? name, CancellationToken cancellation) =>
            WithOrderAsync(order, async id => await platform.FillTemplateAsync(id, name, cancellation) is { } text
                ? Results.Ok(text)
                : Answers.Missing("There is no such request, or no such template.")));
        texts.MapGet("/attachments/{document}", (string order, string document, CancellationToken cancellation) =>
            WithOrderAsync(order, async id => InstanceIdentifier.TryParse(document, null, out var named)
                && await platform.ReadAttachmentAsync(id, named, cancellation) is { } bytes
                ? Results.Bytes(bytes, "text/xml")
                : Answers.Missing("The request has no such document.")));

        group.MapPost("/requests/{order}/draft",
            (string order, WrittenReport report, HttpContext context, CancellationToken cancellation) =>
                WithTextAsync(
                    platform, order, report,
                    async (id, text) => Answers.OfRefusal(await platform.DraftReportAsync(
                        id, text, AdministrationServer.ActorOf(context), cancellation)),
                    cancellation));
        group.MapPost("/requests/{order}/sign",
            (string order, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => OfReport(await platform.SignReportAsync(
                    id, AdministrationServer.ActorOf(context), cancellation))));
        group.MapPost("/requests/{order}/report",
            (string order, WrittenReport report, HttpContext context, CancellationToken cancellation) =>
                WithTextAsync(
                    platform, order, report,
                    async (id, text) => OfReport(await platform.WriteReportAsync(
                        id, text, AdministrationServer.ActorOf(context), cancellation)),
                    cancellation));
        group.MapPost("/requests/{order}/correct",
            (string order, WrittenReport report, HttpContext context, CancellationToken cancellation) =>
                WithTextAsync(
                    platform, order, report,
                    async (id, text) => OfReport(await platform.CorrectReportAsync(
                        id, text, AdministrationServer.ActorOf(context), cancellation)),
                    cancellation));
        group.MapPost("/requests/{order}/withdraw",
            (string order, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => OfReport(await platform.WithdrawReportAsync(
                    id, AdministrationServer.ActorOf(context), cancellation))));
    }

    private static async Task<IResult> ListAsync(
        TeleradiologyNode platform, string? after, int max, CancellationToken cancellation)
    {
        if (after is null) return Results.Ok(await platform.ListRequestsAsync(null, max, cancellation));
        return await WithOrderAsync(after, async last =>
            Results.Ok(await platform.ListRequestsAsync(last, max, cancellation)));
    }

    private static async Task<IResult> WithTextAsync(
        TeleradiologyNode platform,
        string order,
        WrittenReport report,
        Func<InstanceIdentifier, ReportText, Task<IResult>> then,
        CancellationToken cancellation) =>
        await WithOrderAsync(order, async id =>
        {
            var under = report.Template is { } name
                ? await platform.FillTemplateAsync(id, name, cancellation)
                : new ReportText("", "", "", "");
            return under is null
                ? Answers.Missing("There is no such request, or no such template.")
                : await then(id, report.ToText(under));
        });

    private static object ViewOf(WorklistEntry entry) => new
    {
        order = entry.Order.ToString(),
        status = entry.Status,
        waitsFor = entry.WaitsFor,
        since = entry.Since,
        dueAt = entry.DueAt,
        late = entry.IsLate,
        emergency = entry.IsEmergency,
        modality = entry.Modality,
        region = entry.Region,
        instances = entry.InstancesFetched,
        draft = entry.HasDraft,
        withdrawn = entry.ReportWithdrawn,
        receivedAt = entry.ReceivedAt,
    };

    private static IResult OfReport(ReportReply reply) => reply.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Results.Ok(new { ok = true, document = reply.Document!.DocumentId.ToString() });

    private static object ViewOf(InstanceIdentifier order, PlatformRequestState state, DeskWait wait) => new
    {
        order = order.ToString(),
        status = state.Status,
        waitsFor = wait.Task,
        since = state.Status == RequestStatus.Unknown ? (DateTimeOffset?)null : wait.Since,
        dueAt = wait.DueAt,
        protocols = state.Response?.Protocols.Count,
        draftBy = state.Draft?.Actor,
        instancesFetched = state.InstancesFetched,
        studies = state.Examinations.Select(e => new
        {
            study = e.StudyInstanceUid,
            accessionNumber = e.Complement.AccessionNumber.ToString(),
            instancesFetched = e.InstancesFetched,
            reported = state.LastDocument is { Withdrawn: false } last
                && last.Studies?.Contains(e.StudyInstanceUid) != false,
        }),
        attachments = state.Attachments.Current.Select(a => new
        {
            document = a.DocumentId.ToString(),
            type = a.Type.Value,
            length = a.File.Length,
            sha256 = a.File.Sha256,
        }),
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
