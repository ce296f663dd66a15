using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Ris;
using Drimbox.Ris.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>A file that comes with requests.</summary>
/// <param name="Content">A CDA document or a PDF; null with <paramref name="Document"/>.</param>
/// <param name="Document">The id of a document that is here already.</param>
internal sealed record UploadedDocument(
    byte[]? Content = null,
    string? Document = null,
    RequestDocumentRole Role = RequestDocumentRole.Supplement,
    string? Type = null,
    string? Title = null)
{
    public DocumentFile ToFile() => new(Content ?? [], Role, Type, Title);
}

/// <summary>Requests that are placed at once, with the document that they come from.</summary>
internal sealed record Decomposition(IReadOnlyList<RequestOrder> Requests, UploadedDocument? Document = null);

/// <summary>An examination to be planned: a new one, or one that is planned already.</summary>
/// <param name="Orders">The requests that it serves.</param>
/// <param name="StudyInstanceUid">Of the one that is planned already; then one order, and nothing else.</param>
/// <param name="Modality">Null for that of the first request; likewise <paramref name="Region"/>.</param>
internal sealed record ExaminationPlan(
    IReadOnlyList<InstanceIdentifier> Orders,
    string? StudyInstanceUid = null,
    Code? Modality = null,
    AnatomicRegion? Region = null,
    Code? Act = null);

/// <summary>The routes of the requests of the RIS, their examinations and documents.</summary>
internal static class RequestRoutes
{
    public static void Map(RouteGroupBuilder group, RisNode ris)
    {
        group.MapPost("/requests", async (
            ImagingRequest request, HttpContext context, CancellationToken cancellation) =>
            AnswerOf(await ris.PlaceRequestsAsync(
                [new RequestOrder(request, [])], null, AdministrationServer.ActorOf(context), cancellation)));
        group.MapPost("/requests/decomposition", (HttpContext context, CancellationToken cancellation) =>
            WithUploadAsync<Decomposition>(context, async decomposition => AnswerOf(await ris.PlaceRequestsAsync(
                decomposition.Requests ?? [], decomposition.Document?.ToFile(), AdministrationServer.ActorOf(context),
                cancellation)), cancellation));
        group.MapPost("/requests/{order}/documents",
            (string order, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, id => WithUploadAsync<UploadedDocument>(
                    context, document => AttachAsync(ris, id, document, context, cancellation), cancellation)));
        group.MapPost("/requests/{order}/documents/{document}/detach",
            (string order, string document, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => InstanceIdentifier.TryParse(document, null, out var named)
                    ? AnswerOf(await ris.DetachDocumentAsync(
                        id, named, AdministrationServer.ActorOf(context), cancellation))
                    : Answers.Bad(DocumentForm)));
        group.MapPost("/requests/{order}/examinations/{study}/withdraw",
            (string order, string study, HttpContext context, CancellationToken cancellation) =>
                WithOrderAsync(order, async id => Uid.TryParse(study, out var named)
                    ? AnswerOf(await ris.WithdrawExaminationAsync(
                        id, named, AdministrationServer.ActorOf(context), cancellation))
                    : Answers.Bad("An examination is named by its Study Instance UID.")));
        group.MapPost("/requests/examinations", (
            ExaminationPlan plan, HttpContext context, CancellationToken cancellation) =>
            PlanAsync(ris, plan, AdministrationServer.ActorOf(context), cancellation));
        group.MapPost("/requests/cancel", async (RequestCancellation request, CancellationToken cancellation) =>
            Answers.Of(await ris.CancelRequestAsync(request, cancellation)));
        group.MapPost("/requests/post-examination", async (PostExamination exam, CancellationToken cancellation) =>
            AnswerOf(await ris.SendPostExaminationAsync(exam, cancellation)));
        group.MapGet("/requests", async (string? after, int? max, CancellationToken cancellation) =>
        {
            InstanceIdentifier last = default;
            return after is not null && !InstanceIdentifier.TryParse(after, null, out last)
                ? Answers.Bad(OrderForm)
                : Results.Ok((await ris.ListRequestsAsync(
                    after is null ? null : last, max ?? Limits.RequestsListedMax, cancellation)).Select(SummaryOf));
        });
        group.MapGet("/requests/{order}", (string order, CancellationToken cancellation) =>
            WithOrderAsync(order, async id => Results.Ok(await ris.GetRequestAsync(id, cancellation))));
        group.MapGet("/requests/tree/{name}", async (string name, CancellationToken cancellation) =>
            await ris.FindRequestsAsync(name, cancellation) is { Count: > 0 } found
                ? Results.Ok(found.SelectMany(RowsOf))
                : Answers.Missing("No request, examination, document or accession number has this name."));
    }

    private const string OrderForm = "An order is ROOT^NUMBER.";
    private const string DocumentForm = "A document is ROOT^EXTENSION, or the root alone.";

    private static async Task<IResult> AttachAsync(
        RisNode ris, InstanceIdentifier order, UploadedDocument document, HttpContext context,
        CancellationToken cancellation)
    {
        var actor = AdministrationServer.ActorOf(context);
        if (document.Document is not { } name)
            return AnswerOf(await ris.AttachDocumentAsync(order, document.ToFile(), actor, cancellation));
        return InstanceIdentifier.TryParse(name, null, out var known)
            ? AnswerOf(await ris.AttachDocumentAsync(order, known, actor, cancellation))
            : Answers.Bad(DocumentForm);
    }

    private static async Task<IResult> PlanAsync(
        RisNode ris, ExaminationPlan plan, string actor, CancellationToken cancellation)
    {
        if (plan.Orders is not [var first, ..]) return Answers.Bad("An examination serves at least one request.");
        if (plan.StudyInstanceUid is { } named)
        {
            return plan.Orders.Count > 1 || !Uid.TryParse(named, out var study)
                ? Answers.Bad("An examination that is planned already gets one request more, by its Study UID.")
                : AnswerOf(await ris.ShareExaminationAsync(first, study, actor, cancellation));
        }

        var request = (await ris.GetRequestAsync(first, cancellation)).Request;
        var (modality, region) = (plan.Modality ?? request?.Modality, plan.Region ?? request?.Region);
        return modality is null || region is null
            ? Answers.Missing("No request has this placer order number.")
            : AnswerOf(await ris.PlanExaminationAsync(
                plan.Orders, new ExaminationOrder(modality, region, plan.Act), actor, cancellation));
    }

    /// <summary>Reads a body that may hold a document: longer than other requests to the administration.</summary>
    private static async Task<IResult> WithUploadAsync<T>(
        HttpContext context, Func<T, Task<IResult>> then, CancellationToken cancellation) where T : class
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = Limits.RequestUploadBytesMax;
        try
        {
            return await context.Request.ReadFromJsonAsync<T>(AdministrationJson.Options, cancellation) is { } body
                ? await then(body)
                : Answers.Bad("The request has no body.");
        }
        catch (JsonException e)
        {
            return Answers.Bad($"The request cannot be read at {e.Path}.");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Answers.OfRefusal(new Refusal(
                RefusalReason.OverLimit,
                $"A document of a request has at most {Limits.RequestDocumentBytesMax} bytes."));
        }
    }

    private static IResult AnswerOf(FilingReply reply) => reply.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Results.Ok(new { ok = true, requests = reply.Requests.SelectMany(RowsOf) });

    private static object SummaryOf(RequestRecord record) => new
    {
        order = record.Order.ToString(),
        accession = record.State.AccessionNumber?.ToString(),
        status = record.State.Status,
        examinations = record.State.Examinations.Count,
        performed = record.State.Examinations.Count(e => e.IsPerformed),
        documents = record.State.Documents.Count,
    };

    // A line for each examination: documents, request, examination.
    private static IEnumerable<object> RowsOf(RequestRecord record) => record.State.Examinations
        .Select(e => (PlannedExamination?)e).DefaultIfEmpty(null).Select(e => new
        {
            documents = string.Join(' ', record.State.Documents.Select(d => d.Id)),
            order = record.Order.ToString(),
            accession = record.State.AccessionNumber?.ToString(),
            status = record.State.Status,
            study = e?.StudyInstanceUid.ToString(),
            procedure = e?.ProcedureId,
            modality = e?.Modality.Value,
            region = e?.Region.Region.Value,
            performed = e?.IsPerformed,
        });

    private static async Task<IResult> WithOrderAsync(string order, Func<InstanceIdentifier, Task<IResult>> then) =>
        InstanceIdentifier.TryParse(order, null, out var id) ? await then(id) : Answers.Bad(OrderForm);
}
