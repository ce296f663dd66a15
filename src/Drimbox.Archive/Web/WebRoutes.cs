using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Dicom.Web;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Web;

/// <summary>Which path and method is which transaction. Source: PS3.18 tables 10.3-2, 10.4.1-1 to 10.4.1-4, 10.5.1-1
/// and 10.6.1-1. Rendered resources and thumbnails need codecs and are answered 406.</summary>
internal sealed class WebRoutes(
    ArchiveOptions options,
    WebAccess access,
    SearchTransaction search,
    InstanceLookup lookup,
    StoreTransaction store,
    IIdSource ids,
    ILogger log)
{
    private const string Studies = WebAnswers.Root + "/studies";
    private const string Study = Studies + "/{study}";
    private const string Series = Study + "/series/{series}";
    private const string Instance = Series + "/instances/{instance}";

    public void Map(WebApplication application)
    {
        var retrieve = new RetrieveTransaction(lookup, ids);
        var metadata = new MetadataTransaction(lookup, ids);
        var frames = new FrameTransaction(lookup, ids);
        var bulkData = new BulkDataTransaction(lookup, frames, ids);
        Get(Studies, "Search", context => search.RunAsync(context, FindLevel.Study));
        Get(Study + "/series", "Search", context => search.RunAsync(context, FindLevel.Series));
        Get(Study + "/instances", "Search", context => search.RunAsync(context, FindLevel.Image));
        Get(Series + "/instances", "Search", context => search.RunAsync(context, FindLevel.Image));
        Get(WebAnswers.Root + "/series", "Search", context => search.RunAsync(context, FindLevel.Series));
        Get(WebAnswers.Root + "/instances", "Search", context => search.RunAsync(context, FindLevel.Image));
        foreach (var resource in (string[])[Study, Series, Instance])
        {
            Get(resource, "Retrieve", retrieve.RunAsync);
            Get(resource + "/metadata", "RetrieveMetadata", metadata.RunAsync);
            Get(resource + "/rendered", "RetrieveRendered", RefuseRenderedAsync);
            Get(resource + "/thumbnail", "RetrieveThumbnail", RefuseRenderedAsync);
        }

        Get(Instance + "/frames/{frames}", "RetrieveFrames", frames.RunAsync);
        Get(Instance + "/frames/{frames}/rendered", "RetrieveRendered", RefuseRenderedAsync);
        Get(Instance + "/frames/{frames}/thumbnail", "RetrieveThumbnail", RefuseRenderedAsync);
        Get(Instance + "/bulkdata/{*path}", "RetrieveBulkdata", bulkData.RunAsync);
        foreach (var resource in (string[])[Studies, Study])
        {
            application.MapPost(
                resource,
                context => RunAsync(context, "Store", WebRights.Store, caller => store.RunAsync(context, caller)));
        }

        foreach (var resource in (string[])[WebAnswers.Root, WebAnswers.Root + "/{**any}"])
        {
            application.MapMethods(
                resource, [HttpMethods.Options],
                context => RunAsync(context, "RetrieveCapabilities", WebRights.Read, _ => DescribeAsync(context)));
        }

        Get(WebAnswers.Root, "RetrieveCapabilities", DescribeAsync);

        void Get(string pattern, string transaction, Func<HttpContext, Task> run) => application.MapGet(
            pattern, context => RunAsync(context, transaction, WebRights.Read, _ => run(context)));
    }

    private static Task RefuseRenderedAsync(HttpContext context) => WebAnswers.RefuseAsync(
        context, StatusCodes.Status406NotAcceptable,
        "This server has no codecs: rendered media types are not available.");

    private static Task DescribeAsync(HttpContext context)
    {
        if (WebAnswers.Choose(context.Request, CapabilitiesDescription.Offers) is not { } media)
            return WebAnswers.NotAcceptableAsync(context, "application/vnd.sun.wadl+xml, application/json");
        var baseUri = WebAnswers.BaseUri(context.Request);
        return WebAnswers.WriteAsync(
            context, StatusCodes.Status200OK, media.Type,
            media.Type == WebMediaTypes.Json
                ? CapabilitiesDescription.ToJson(baseUri, WebCapabilities.Resources)
                : CapabilitiesDescription.ToXml(baseUri, WebCapabilities.Resources));
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a request: the log and the caller are told.")]
    private async Task RunAsync(
        HttpContext context, string transaction, WebRights needed, Func<WebCaller, Task> run)
    {
        try
        {
            if (await AuthoriseAsync(context, needed) is not { } caller) return;
            context.Features.Set(caller);
            await run(caller);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // No one waits for an answer.
        }
        catch (BadHttpRequestException e)
        {
            await FailAsync(context, e.StatusCode, "The request is not one, too long, or too slow.");
        }
        catch (Exception e)
        {
            WebLog.Failed(log, e, options.NodeId, transaction);
            await FailAsync(
                context,
                e is IOException ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError,
                "The archive failed; its log says why.");
        }
    }

    private async Task<WebCaller?> AuthoriseAsync(HttpContext context, WebRights needed)
    {
        if (!access.IsOurs(context))
        {
            await DenyAsync(context, StatusCodes.Status403Forbidden, "The Host field does not name this server.");
            return null;
        }

        if (access.Identify(context) is not { } caller)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await DenyAsync(context, StatusCodes.Status401Unauthorized, "A bearer token or a certificate is needed.");
            return null;
        }

        if ((caller.Rights & needed) == needed) return caller;
        await DenyAsync(context, StatusCodes.Status403Forbidden, "The caller has no right to do this.");
        return null;
    }

    private Task DenyAsync(HttpContext context, int status, string sentence)
    {
        WebLog.NotAuthorised(log, options.NodeId, context.Connection.RemoteIpAddress?.ToString(), status);
        // What was to be stored is not read: the connection ends with the answer.
        context.Response.Headers.Connection = "close";
        return WebAnswers.RefuseAsync(context, status, sentence);
    }

    private static Task FailAsync(HttpContext context, int status, string sentence)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Clear();
            return WebAnswers.RefuseAsync(context, status, sentence);
        }

        // Half an answer must not look like a whole one.
        context.Features.Get<IHttpRequestLifetimeFeature>()!.Abort();
        return Task.CompletedTask;
    }
}
