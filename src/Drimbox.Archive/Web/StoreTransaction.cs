using System.Net;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Web;

/// <summary>Store Transaction (STOW-RS): each part goes the way of a C-STORE, and the answer is sent when all of them
/// are durable. Source: PS3.18 10.5.</summary>
internal sealed class StoreTransaction(ArchiveOptions options, ICStoreScp store, ILogger log)
{
    public async Task RunAsync(HttpContext context, WebCaller caller)
    {
        if (!InstanceLookup.TryReadUids(context, out var uids))
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such resource.");
            return;
        }

        if (!MediaType.TryParse(context.Request.ContentType, out var type)
            || type.Essence != "multipart/related" || !IsDicom(type["type"]))
        {
            await WebAnswers.RefuseAsync(
                context, StatusCodes.Status415UnsupportedMediaType,
                "What can be stored is multipart/related; type=\"application/dicom\".");
            return;
        }

        if (!MultipartReader.IsBoundary(type["boundary"]))
        {
            await WebAnswers.RefuseAsync(
                context, StatusCodes.Status400BadRequest, "The boundary is absent or none (RFC 2046 5.1.1).");
            return;
        }

        var peer = new AssociationPeer(
            caller.Name, options.AeTitle, context.Connection.RemoteIpAddress ?? IPAddress.None);
        var reception = new WebReception(
            options, store, peer, uids.Count > 0 ? uids[0] : null, WebAnswers.BaseUri(context.Request));
        using var reader = new MultipartReader(context.Request.Body, type["boundary"]!);
        bool isOverLimit;
        try
        {
            isOverLimit = !await reception.ReceiveAsync(reader, context.RequestAborted);
        }
        finally
        {
            // What arrived whole is kept whatever became of the rest.
            await reception.EndAsync();
        }

        await AnswerAsync(context, caller, reception.Report, reader.Refusal, isOverLimit);
    }

    private async Task AnswerAsync(
        HttpContext context, WebCaller caller, StoreReport report, Refusal? refusal, bool isOverLimit)
    {
        if (refusal is not null) report.AddOther(DimseStatus.CannotUnderstand);
        var status = isOverLimit && report.StoredCount == 0 ? StatusCodes.Status413PayloadTooLarge
            : refusal is not null && report.StoredCount == 0 ? StatusCodes.Status400BadRequest
            : isOverLimit ? StatusCodes.Status202Accepted
            : report.HttpStatus;
        WebLog.Stored(log, options.NodeId, caller.Name.ToString(), report.StoredCount, status);
        var study = context.Request.RouteValues["study"] is string uid
            ? WebAnswers.StudyUrl(context.Request, uid)
            : null;
        var media = WebAnswers.Choose(
            context.Request,
            [
                new OfferedMedia(WebMediaTypes.DicomJson, false), new OfferedMedia(WebMediaTypes.DicomXml, false),
                new OfferedMedia(WebMediaTypes.Json, false),
            ]);
        // An answer in a form that was not asked for tells more than none: what is stored is stored.
        await WebAnswers.WriteDataSetAsync(
            context, status, report.ToDataSet(study), media?.Type == WebMediaTypes.DicomXml);
    }

    // Absent in what some senders write; the parts say it then.
    private static bool IsDicom(string? rootType) =>
        rootType is null || (MediaType.TryParse(rootType, out var type) && type.Essence == WebMediaTypes.Dicom);
}
