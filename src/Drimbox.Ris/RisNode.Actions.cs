using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Cda;
using Drimbox.Ris.Reports;
using Drimbox.Storage;

namespace Drimbox.Ris;

/// <content>What a user of the RIS does and sees.</content>
public sealed partial class RisNode
{
    public Task<GrainReply> CancelRequestAsync(RequestCancellation request, CancellationToken cancellation) =>
        _requests.ExecuteAsync([(request.PlacerOrderNumber, new CancelRequest(request))], null, cancellation);

    public Task<RisRequestState> GetRequestAsync(InstanceIdentifier order, CancellationToken cancellation) =>
        _requests.GetAsync(order, cancellation);

    /// <summary>Writes the next version of a report: a document of the RIS that replaces the head.</summary>
    public async Task<GrainReply> AmendReportAsync(
        ReportId report, AmendmentText text, string actor, CancellationToken cancellation)
    {
        var state = await _reports.GetAsync(report, cancellation);
        if (state.HeadVersion is not { } head)
            return new GrainReply(new Refusal(RefusalReason.UnknownTarget, "No report has this id."));
        var template = _options.Templates.FirstOrDefault(t => t.Name == text.Template);
        if (text.Template is not null && template is null)
            return new GrainReply(new Refusal(RefusalReason.UnknownTarget, "No template has this name."));
        var zone = TimeZoneInfo.FindSystemTimeZoneById(_options.TimeZone);
        var document = Amendment.TryWrite(
            head, text with { Title = text.Title ?? template?.Title },
            await new ReportViewers(_options.ViewerHost, _requests).OfAsync(head.Header, cancellation),
            _surroundings.Ids, _surroundings.Time.GetUtcNow(), zone, out var refusal);
        if (document is null) return new GrainReply(refusal);
        if (CdaReader.TryRead(document, out refusal) is not { } header) return new GrainReply(refusal);
        var file = await _objects.PutAsync(document, cancellation);
        var sha1 = Convert.ToHexStringLower(SHA1.HashData(document));
        var command = new AmendReport(header, file, sha1, actor)
        {
            Reason = text.Reason,
            Restrictions = template?.Publication ?? [],
            Mail = head.InsQualified ? null : await _mail.KeepAsync(head.DocumentId, document, cancellation),
        };
        return await _reports.ExecuteAsync(report, command, null, cancellation);
    }

    /// <summary>Changes who sees a report; no new version.</summary>
    public Task<GrainReply> ChangeVisibilityAsync(
        ReportId report, Visibility visibility, string actor, CancellationToken cancellation) =>
        _reports.ExecuteAsync(report, new ChangeVisibility(visibility, actor), null, cancellation);

    /// <summary>Asks again for a publication that the DMP refused for good.</summary>
    public Task<GrainReply> RetryPublicationAsync(ReportId report, string actor, CancellationToken cancellation) =>
        _reports.ExecuteAsync(report, new RetryPublication(actor), null, cancellation);

    /// <summary>The reports of this RIS, those that were merged into another left out.</summary>
    public Task<IReadOnlyList<(ReportId Id, ReportState State)>> ListReportsAsync(
        int max, CancellationToken cancellation) => _reports.ListAsync(max, cancellation);

    public Task<ReportState> GetReportAsync(ReportId report, CancellationToken cancellation) =>
        _reports.GetAsync(report, cancellation);

    /// <summary>The report that holds a document, or null.</summary>
    public Task<ReportId?> FindReportAsync(InstanceIdentifier document, CancellationToken cancellation) =>
        _reports.FindAsync(document, cancellation);

    /// <summary>The document of a version, byte for byte.</summary>
    public Task<byte[]> ReadDocumentAsync(ReportVersion version, CancellationToken cancellation) =>
        _objects.ReadAsync(version.File, Limits.CdaBytesMax, cancellation);

    /// <summary>What a version says otherwise than the one that it replaces, in its header and in its text. It names
    /// patients and says what reports say.</summary>
    /// <returns>Null: one of the two is not known here.</returns>
    public async Task<ReportChanges?> ChangesOfAsync(
        ReportState report, ReportVersion version, CancellationToken cancellation)
    {
        if (version.Parent is not { } parent || report.Find(parent) is not { } before) return null;
        var was = CdaBody.TryRead(await ReadDocumentAsync(before, cancellation), out _);
        var now = CdaBody.TryRead(await ReadDocumentAsync(version, cancellation), out _);
        // Documents that were taken once can be read again.
        Invariant.Holds(was is not null && now is not null);
        return new ReportChanges(
            VersionChanges.Between(before.Header, version.Header), BodyChanges.Between(was, now));
    }

    /// <summary>What is sent to MSSanté of a version: its rendition where it has one, else the document. Null for a
    /// document whose INS is not qualified and which has none: nothing may be sent.</summary>
    public async Task<byte[]?> ReadMailDocumentAsync(ReportVersion version, CancellationToken cancellation)
    {
        var file = version.InsQualified ? version.File : version.Mail?.File;
        return file is { } stored ? await _objects.ReadAsync(stored, Limits.CdaBytesMax, cancellation) : null;
    }

    /// <inheritdoc cref="FlowStore.CountOutboxAsync"/>
    public Task<IReadOnlyList<OutboxBacklog>> CountOutboxAsync(CancellationToken cancellation) =>
        _store.CountOutboxAsync(cancellation);

    public Task<IReadOnlyList<OutboxEntry>> ListOutboxAsync(OutboxFilter filter, CancellationToken cancellation) =>
        _store.ListOutboxAsync(filter, cancellation);

    public Task<IReadOnlyList<InboxEntry>> ListInboxAsync(InboxFilter filter, CancellationToken cancellation) =>
        _store.ListInboxAsync(filter, cancellation);
}
