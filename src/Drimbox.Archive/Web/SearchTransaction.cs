using System.Buffers;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Json;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Web;
using Drimbox.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Drimbox.Archive.Web;

/// <summary>Search Transaction (QIDO-RS): the answer of a relational C-FIND, in JSON or XML. Source: PS3.18
/// 10.6.</summary>
internal sealed class SearchTransaction(ArchiveOptions options, ICFindScp find, IIdSource ids) : IDisposable
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    // PS3.18 tables 10.6.3-3 to 10.6.3-5: what every answer has, as far as it is known.
    private static readonly Tag[] OfStudy =
    [
        Tag.StudyDate, Tag.StudyTime, Tag.AccessionNumber, Tag.ModalitiesInStudy, Tag.ReferringPhysicianName,
        Tag.TimezoneOffsetFromUTC, Tag.PatientName, Tag.PatientID, Tag.PatientBirthDate, Tag.PatientSex,
        Tag.StudyInstanceUID, Tag.StudyID, Tag.NumberOfStudyRelatedSeries, Tag.NumberOfStudyRelatedInstances,
    ];

    private static readonly Tag[] OfSeries =
    [
        Tag.Modality, Tag.TimezoneOffsetFromUTC, Tag.SeriesDescription, Tag.SeriesInstanceUID, Tag.SeriesNumber,
        Tag.NumberOfSeriesRelatedInstances, Tag.PerformedProcedureStepStartDate, Tag.PerformedProcedureStepStartTime,
        Tag.RequestAttributesSequence,
    ];

    private static readonly Tag[] OfInstance =
    [
        Tag.SOPClassUID, Tag.SOPInstanceUID, Tag.TimezoneOffsetFromUTC, Tag.InstanceNumber, Tag.Rows, Tag.Columns,
        Tag.BitsAllocated, Tag.NumberOfFrames, Tag.AvailableTransferSyntaxUID,
    ];

    // Of a caller that showed nothing: no AE title, so that it is none of those of ShowRejectedTo.
    private static AeTitle Anyone => default;

    private readonly SemaphoreSlim _places = new(Limits.WebSearchesMax);

    public async Task RunAsync(HttpContext context, FindLevel level)
    {
        if (SearchRequest.TryParse(context.Request.QueryString.Value, out var refusal) is not { } request)
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status400BadRequest, refusal!.Detail);
            return;
        }

        if (!InstanceLookup.TryReadUids(context, out var uids))
        {
            await WebAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such resource.");
            return;
        }

        if (WebAnswers.Choose(context.Request, WebMediaTypes.Metadata) is not { } media)
        {
            await WebAnswers.NotAcceptableAsync(
                context, "application/dicom+json; multipart/related; type=\"application/dicom+xml\"");
            return;
        }

        await _places.WaitAsync(context.RequestAborted);
        try
        {
            await AnswerAsync(context, request, level, uids, media);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task AnswerAsync(
        HttpContext context, SearchRequest request, FindLevel level, IReadOnlyList<Uid> uids, OfferedMedia media)
    {
        var identifier = request.Matches;
        if (!TryNarrow(identifier, uids))
        {
            // A value that the path contradicts: nothing can match both.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        // What is asked for, before the attributes that every answer has: of those some are not known here.
        var asked = await FindAsync(context, identifier, level);
        if (await RefusedAsync(context, asked)) return;
        var isWhole = asked.Status.Code == DimseStatus.Pending.Code && request.UnknownCount == 0;
        AddReturnKeys(identifier, request, level, uids.Count);
        var answer = await FindAsync(context, identifier, level);
        if (await RefusedAsync(context, answer)) return;
        if (request.Offset >= Limits.FindResultsMax)
        {
            await WebAnswers.RefuseAsync(
                context, StatusCodes.Status413PayloadTooLarge, "There are no pages so far on; ask more precisely.");
            return;
        }

        var page = await PageAsync(context, request, answer.Matches!, media);
        if (!isWhole) Warn(context, "Some attributes are not supported here and were not matched.");
        if (request.IsFuzzy)
            Warn(context, "The fuzzymatching parameter is not supported. Only literal matching has been performed.");
        if (page.Remaining > 0) Warn(context, $"There are {page.Remaining} additional results that can be requested");
        if (page.Count == 0) context.Response.StatusCode = StatusCodes.Status204NoContent;
        else await WebAnswers.WriteAsync(context, StatusCodes.Status200OK, page.ContentType, page.Body);
    }

    private async Task<CFindAnswer> FindAsync(HttpContext context, DataSet identifier, FindLevel level)
    {
        var query = new DataSet();
        foreach (var element in identifier.Elements) query.Set(element);
        query.SetString(Tag.QueryRetrieveLevel, level switch
        {
            FindLevel.Study => "STUDY",
            FindLevel.Series => "SERIES",
            _ => "IMAGE",
        });
        var name = context.Features.Get<WebCaller>() is { IsIdentified: true } caller ? caller.Name : Anyone;
        var peer = new AssociationPeer(
            name, options.AeTitle, context.Connection.RemoteIpAddress ?? IPAddress.None);
        return await find.FindAsync(
            new CFindRequest(peer, SopClass.StudyRootQueryRetrieveInformationModelFind, query)
            {
                Options = QueryOptions.Relational,
            },
            context.RequestAborted);
    }

    private static async Task<bool> RefusedAsync(HttpContext context, CFindAnswer answer)
    {
        if (answer.Matches is not null) return false;
        // PS3.18 table 10.6.3-1: too broad a search is 413.
        var status = answer.Status.Code is >= 0xA700 and <= 0xA7FF
            ? StatusCodes.Status413PayloadTooLarge
            : StatusCodes.Status400BadRequest;
        await WebAnswers.RefuseAsync(context, status, answer.Status.Comment ?? "The search is not understood.");
        return true;
    }

    // The UIDs of the path are matched besides those of the query; one that names another is a contradiction.
    private static bool TryNarrow(DataSet identifier, IReadOnlyList<Uid> uids)
    {
        Tag[] tags = [Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID];
        for (var i = 0; i < uids.Count; i++)
        {
            var given = identifier.GetStrings(tags[i]).Where(v => v.Length > 0).ToList();
            if (given.Count > 0 && !given.Contains(uids[i].ToString(), StringComparer.Ordinal)) return false;
            identifier.SetUid(tags[i], uids[i]);
        }

        return true;
    }

    // PS3.18 10.6.3.3: levels above the one that is searched come as far as the path does not fix them.
    private static void AddReturnKeys(DataSet identifier, SearchRequest request, FindLevel level, int fixedLevels)
    {
        IEnumerable<Tag> tags = level switch
        {
            FindLevel.Study => OfStudy,
            FindLevel.Series => fixedLevels > 0 ? OfSeries : [.. OfSeries, .. OfStudy],
            _ => fixedLevels switch
            {
                0 => [.. OfInstance, .. OfSeries, .. OfStudy],
                1 => [.. OfInstance, .. OfSeries],
                _ => OfInstance,
            },
        };
        tags = tags.Concat(request.Included);
        if (request.IncludesAll) tags = tags.Concat(QueryKeys.TagsOf(level));
        foreach (var tag in tags.Distinct())
        {
            if (!identifier.Contains(tag) && DataDictionary.TryFind(tag, out _)) identifier.SetEmpty(tag);
        }
    }

    private async Task<Page> PageAsync(
        HttpContext context, SearchRequest request, IAsyncEnumerable<DataSet> matches, OfferedMedia media)
    {
        var limit = Math.Min(request.Limit ?? Limits.FindResultsMax, Limits.FindResultsMax - request.Offset);
        using IPageWriter writer = media.IsMultipart ? new XmlPage(ids.NewUuid()) : new JsonPage(media.Type, Json);
        int seen = 0, taken = 0;
        await foreach (var match in matches.WithCancellation(context.RequestAborted))
        {
            if (seen++ < request.Offset || taken == limit) continue;
            taken++;
            Complete(context.Request, match);
            writer.Add(match);
        }

        var remaining = Math.Max(0, seen - request.Offset - taken);
        return new Page(taken, remaining, writer.ContentType, writer.End());
    }

    // PS3.18 tables 10.6.3-3 to 5: where it is retrieved, instead of by whom.
    private static void Complete(HttpRequest request, DataSet match)
    {
        var url = WebAnswers.StudyUrl(request, match.GetString(Tag.StudyInstanceUID) ?? "");
        if (match.GetString(Tag.SeriesInstanceUID) is { } series) url += $"/series/{series}";
        if (match.GetString(Tag.SOPInstanceUID) is { } instance) url += $"/instances/{instance}";
        match.SetString(Tag.RetrieveURL, url);
        match.Remove(Tag.RetrieveAETitle);
        match.Remove(Tag.QueryRetrieveLevel);
    }

    private static void Warn(HttpContext context, string sentence) => context.Response.Headers.Append(
        HeaderNames.Warning, $"299 {WebAnswers.BaseUri(context.Request)} \"{sentence}\"");

    private sealed record Page(int Count, int Remaining, string ContentType, ReadOnlyMemory<byte> Body);

    private interface IPageWriter : IDisposable
    {
        string ContentType { get; }

        void Add(DataSet match);

        ReadOnlyMemory<byte> End();
    }

    private sealed class JsonPage : IPageWriter
    {
        private readonly ArrayBufferWriter<byte> _body = new();
        private readonly Utf8JsonWriter _json;

        public JsonPage(string contentType, JsonWriterOptions options)
        {
            ContentType = contentType;
            _json = new Utf8JsonWriter(_body, options);
            _json.WriteStartArray();
        }

        public string ContentType { get; }

        public void Add(DataSet match)
        {
            DicomJson.Write(match, _json);
            _json.Flush();
        }

        public ReadOnlyMemory<byte> End()
        {
            _json.WriteEndArray();
            _json.Flush();
            return _body.WrittenMemory;
        }

        public void Dispose() => _json.Dispose();
    }

    private sealed class XmlPage(string boundary) : IPageWriter
    {
        private readonly ArrayBufferWriter<byte> _body = new();
        private readonly Multipart _multipart = new(boundary, WebMediaTypes.DicomXml);

        public string ContentType => _multipart.ContentType;

        public void Add(DataSet match)
        {
            var xml = NativeDicomModel.ToBytes(match);
            Write(_multipart.Begin(_body.WrittenCount == 0, WebMediaTypes.DicomXml, xml.Length, null));
            _body.Write(xml);
        }

        public ReadOnlyMemory<byte> End()
        {
            Write(_multipart.End);
            return _body.WrittenMemory;
        }

        public void Dispose()
        {
        }

        private void Write(string ascii) => _body.Write(System.Text.Encoding.ASCII.GetBytes(ascii));
    }
}
