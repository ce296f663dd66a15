using System.Text;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.ImageAccess;
using Drimbox.Core.Statistics;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Web;
using Drimbox.Grains.Audit;
using Drimbox.Source.Audit;
using Drimbox.Source.Statistics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.ImageAccess;

/// <summary>Retrieve Transaction of a series for another DRIMbox: the images are sent on as they come from the PACS, each in
/// the transfer syntax that the caller prefers of those it can be given in, with the qualified INS among the identifiers of
/// the patient. Source: DB.SO.32, 39, 41 and 85; PS3.18 10.4.</summary>
internal sealed class ImageTransaction(
    AccessGate gate,
    ImageRetrievals retrievals,
    int requestsMax,
    AuditTrail trail,
    SourceStatistics statistics,
    IIdSource ids,
    ILogger log)
{
    private const string NotAcceptable = "None of the transfer syntaxes that are accepted can be given. Accept must be "
        + "multipart/related; type=\"application/dicom\", with a transfer syntax that the image has, or "
        + "1.2.840.10008.1.2.1 where it is not compressed.";

    private int _requests;

    public async Task RunAsync(HttpContext context)
    {
        if (!Uid.TryParse((string?)context.Request.RouteValues["study"], out var study)
            || !Uid.TryParse((string?)context.Request.RouteValues["series"], out var series))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "Study and series are UIDs (PS3.5 9.1).");
            return;
        }

        var verdict = await gate.CheckAsync(context, study);
        var (caller, holder) = (verdict.Caller?.Id ?? "", verdict.Holder?.Id ?? "");
        var audit = new ImageAudit(trail, context, study, verdict);
        if (verdict.Grant is not { } grant)
        {
            await audit.RefusedAsync(verdict.Denial!.Value);
            statistics.Count(StatisticSubject.Images, verdict.Denial.Value.ToString());
            SourceLog.ImagesRefused(log, StudyRef.Of(study), caller, holder, verdict.Denial.Value);
            await DenyAsync(context, verdict.Denial.Value);
            return;
        }

        if (Interlocked.Increment(ref _requests) > requestsMax)
        {
            Interlocked.Decrement(ref _requests);
            statistics.Count(StatisticSubject.Images, "TooManyRequests");
            context.Response.Headers.RetryAfter = "5";
            await audit.EndsAsync([], "There are too many requests at once.");
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "Too many requests at once: ask again.");
            return;
        }

        try
        {
            // Nothing goes out that the audit trail does not know of (docs/adr/0028).
            await audit.BeginsAsync();
            var sent = new SentImages();
            try
            {
                await SendAsync(context, new RetrievalKey(study, series), grant, sent);
            }
            finally
            {
                await audit.EndsAsync(sent.ByClass, sent.Failure);
            }

            SourceLog.ImagesSent(log, StudyRef.Of(study), caller, holder, sent.Count);
        }
        catch (OperationCanceledException)
        {
            statistics.Count(StatisticSubject.Images, "CallerLeft");
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
        }
    }

    /// <summary>A sentence of ours, never a value of the request (PS3.18 8.6.3).</summary>
    public static async Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        var bytes = Encoding.UTF8.GetBytes(sentence + "\n");
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private static Task DenyAsync(HttpContext context, AccessDenial denial)
    {
        var (status, sentence) = AccessGate.AnswerTo(denial);
        // RFC 6750 3: what kind of token, and what is wrong with the one that was shown.
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate =
                denial == AccessDenial.TokenNotActive ? "Bearer error=\"invalid_token\"" : "Bearer";
        if (status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "60";
        return RefuseAsync(context, status, sentence);
    }

    private async Task SendAsync(HttpContext context, RetrievalKey key, AccessGrant grant, SentImages sent)
    {
        var accepted = Acceptance.Parse(context.Request.Headers.Accept.ToString());
        var retrieval = retrievals.Join(key, grant.Ins, grant.Pacs, grant.ImagesRevision);
        var multipart = new Multipart(ids.NewUuid(), WebMediaTypes.Dicom);
        var body = new MultipartBody(context.Response.BodyWriter, multipart);
        using var reader = new SpoolReader();
        try
        {
            await foreach (var image in retrieval.ReadAsync(
                () => body.FlushAsync(context.RequestAborted), context.RequestAborted))
            {
                if (Choose(accepted, image) is not { } syntax)
                {
                    if (sent.Count > 0)
                        throw new InvalidDataException("An image of the series has no accepted transfer syntax.");
                    sent.Failure = NotAcceptable;
                    statistics.Count(StatisticSubject.Images, "NotAcceptable");
                    await RefuseAsync(context, StatusCodes.Status406NotAcceptable, NotAcceptable);
                    return;
                }

                using var content = Open(reader.SourceOf(image), syntax, grant);
                if (sent.Count == 0)
                {
                    // From here on a failure cuts the connection: what waits to be sent does not end up in a refusal.
                    context.Response.ContentType = multipart.ContentType;
                    await context.Response.StartAsync(context.RequestAborted);
                }

                await body.AddAsync(
                    $"{WebMediaTypes.Dicom}; transfer-syntax={syntax.Uid}",
                    Part10Writer.Header(image.SopClassUid, image.SopInstanceUid, syntax.Uid), content,
                    context.RequestAborted);
                if (sent.Count == 0) await body.FlushAsync(context.RequestAborted);
                sent.Add(image.SopClassUid);
            }

            if (sent.Count == 0)
            {
                statistics.Count(StatisticSubject.Images, "NoImages");
                sent.Failure = "The PACS holds no image of this series.";
                await RefuseAsync(context, StatusCodes.Status404NotFound, sent.Failure);
                return;
            }

            await body.EndAsync(context.RequestAborted);
            sent.Failure = null;
            statistics.Count(StatisticSubject.Images);
        }
        catch (Exception e) when (e is RetrievalFailedException or InvalidDataException && !context.Response.HasStarted)
        {
            sent.Failure = e.Message;
            var isTimeout = e is RetrievalFailedException { IsTimeout: true };
            statistics.Count(StatisticSubject.Images, isTimeout ? "PacsTimedOut" : "PacsFailed");
            await RefuseAsync(
                context, isTimeout ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway, e.Message);
        }
        catch (Exception e) when (e is RetrievalFailedException or InvalidDataException)
        {
            // With the status out what is missing shows by the end of the connection, not by a part less.
            sent.Failure = e.Message;
            statistics.Count(StatisticSubject.Images, "CutOff");
            context.Abort();
        }
        finally
        {
            retrievals.Leave(retrieval);
        }
    }

    /// <summary>An image as it is given out: with the INS, in the transfer syntax that was chosen.</summary>
    private static InstanceContent Open(InstanceSource stored, TransferSyntax to, AccessGrant grant)
    {
        var named = EditedInstance.Of(stored, dataSet => PatientModule.AddIns(dataSet, grant.Ins));
        var source = to.Uid == stored.TransferSyntaxUid ? named : TransferSyntaxConverter.Convert(named, to);
        return source.Open();
    }

    private static TransferSyntax? Choose(Acceptance accepted, ArrivedImage image)
    {
        if (accepted.IsEmpty || !TransferSyntax.TryFind(image.TransferSyntaxUid, out var stored)) return null;
        var offers = WebMediaTypes.OfInstance(stored, isMultipart: true, TransferSyntaxConverter.CanConvert);
        return accepted.Choose(offers)?.TransferSyntax is { } uid && TransferSyntax.TryFind(uid, out var chosen)
            ? chosen
            : null;
    }
}

/// <summary>What of a request went out so far. Until its end it has failed: whoever asked may be gone.</summary>
internal sealed class SentImages
{
    private readonly Dictionary<Uid, int> _byClass = [];

    public int Count { get; private set; }

    /// <summary>In our own words; null: the end went out.</summary>
    public string? Failure { get; set; } = "The connection ended before the last image was sent.";

    public IReadOnlyList<AuditSopClass> ByClass =>
        [.. _byClass.Select(pair => new AuditSopClass(pair.Key, pair.Value))];

    public void Add(Uid sopClass)
    {
        _byClass[sopClass] = _byClass.GetValueOrDefault(sopClass) + 1;
        Count++;
    }
}
