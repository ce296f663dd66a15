using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Storage;
using Drimbox.Teleradiology.Reports;
using Drimbox.Teleradiology.Requests;
using Drimbox.Teleradiology.Templates;
using Drimbox.Teleradiology.Worklist;

namespace Drimbox.Teleradiology;

/// <content>What the radiologist does and sees.</content>
public sealed partial class TeleradiologyNode
{
    /// <summary>In whose name the platform signs: PS_IdNat.</summary>
    public string RadiologistId => _options.Radiologist.Id;

    /// <summary>Accepts a request with the protocol of the examination (flux 3, OK).</summary>
    /// <param name="actor">Who did it, for the record.</param>
    /// <returns>Null, or why nothing was done.</returns>
    public Task<Refusal?> AcceptAsync(
        InstanceIdentifier order, string protocol, string actor, CancellationToken cancellationToken = default) =>
        AcceptAsync(order, [new ImagingProtocol.PlainText(protocol)], actor, cancellationToken);

    /// <summary>Accepts a request with one or more protocols: texts, or PDF documents.</summary>
    /// <inheritdoc cref="AcceptAsync(InstanceIdentifier, string, string, CancellationToken)"/>
    public Task<Refusal?> AcceptAsync(
        InstanceIdentifier order,
        IReadOnlyList<ImagingProtocol> protocols,
        string actor,
        CancellationToken cancellationToken = default) =>
        _answers.AcceptAsync(order, protocols, actor, cancellationToken);

    /// <summary>Refuses a request (flux 3, OC).</summary>
    /// <inheritdoc cref="AcceptAsync(InstanceIdentifier, string, string, CancellationToken)"/>
    public Task<Refusal?> RefuseAsync(
        InstanceIdentifier order, string reason, string actor, CancellationToken cancellationToken = default) =>
        RefuseAsync(order, new Code("", "", reason), actor, cancellationToken);

    /// <summary>Refuses a request with a reason that has a code.</summary>
    /// <inheritdoc cref="AcceptAsync(InstanceIdentifier, string, string, CancellationToken)"/>
    public Task<Refusal?> RefuseAsync(
        InstanceIdentifier order, Code reason, string actor, CancellationToken cancellationToken = default) =>
        _answers.RefuseAsync(order, reason, actor, cancellationToken);

    /// <summary>Keeps the text of a report to be signed later. Nothing leaves.</summary>
    /// <inheritdoc cref="AcceptAsync(InstanceIdentifier, string, string, CancellationToken)"/>
    public Task<Refusal?> DraftReportAsync(
        InstanceIdentifier order, ReportText text, string actor, CancellationToken cancellationToken = default) =>
        _desk.DraftAsync(order, text, actor, cancellationToken);

    /// <summary>The text that waits for a signature, or null.</summary>
    public Task<ReportText?> ReadDraftAsync(InstanceIdentifier order, CancellationToken cancellationToken = default) =>
        _desk.ReadDraftAsync(order, cancellationToken);

    /// <summary>Signs the draft: the first report (MDM^T02), or one that replaces the newest (MDM^T10).</summary>
    public Task<ReportReply> SignReportAsync(
        InstanceIdentifier order, string actor, CancellationToken cancellationToken = default) =>
        _desk.SignAsync(order, actor, cancellationToken);

    /// <summary>Signs the first report of an examination (MDM^T02).</summary>
    public Task<ReportReply> WriteReportAsync(
        InstanceIdentifier order, ReportText text, string actor, CancellationToken cancellationToken = default) =>
        _desk.WriteAsync(order, text, actor, cancellationToken);

    /// <summary>Signs a report that replaces the newest one, withdrawn or not (MDM^T10).</summary>
    public Task<ReportReply> CorrectReportAsync(
        InstanceIdentifier order, ReportText text, string actor, CancellationToken cancellationToken = default) =>
        _desk.CorrectAsync(order, text, actor, cancellationToken);

    /// <summary>Withdraws the newest report (MDM^T04).</summary>
    public Task<ReportReply> WithdrawReportAsync(
        InstanceIdentifier order, string actor, CancellationToken cancellationToken = default) =>
        _desk.WithdrawAsync(order, actor, cancellationToken);

    /// <summary>A request as it stands; its status is Unknown where there is none.</summary>
    public Task<PlatformRequestState> GetRequestAsync(
        InstanceIdentifier order, CancellationToken cancellationToken = default) =>
        _grain.GetAsync(order, cancellationToken);

    /// <summary>A document that the RIS sent for a request, byte for byte; null if the request has none with this id.
    /// </summary>
    public async Task<byte[]?> ReadAttachmentAsync(
        InstanceIdentifier order, InstanceIdentifier document, CancellationToken cancellationToken = default) =>
        (await _grain.GetAsync(order, cancellationToken)).Attachments.Find(document) is { } attachment
            ? await _objects.ReadAsync(attachment.File, Limits.CdaBytesMax, cancellationToken)
            : null;

    /// <summary>What waits, for the desk first: the worklist of the radiologist.</summary>
    public Task<IReadOnlyList<WorklistEntry>> ListWorklistAsync(
        WorklistFilter filter, CancellationToken cancellationToken = default) =>
        _worklist.ListAsync(filter, Limits.RequestsListedMax, cancellationToken);

    /// <summary>What a request waits for, and until when.</summary>
    public DeskWait WaitOf(PlatformRequestState state) =>
        DeskTasks.Of(state, new DeskPolicy(_options.Desk.AnswerWithin, _options.Desk.ReportWithin));

    /// <summary>The report templates, in the order of their names.</summary>
    public IReadOnlyCollection<ReportTemplate> Templates => _templates.All;

    /// <summary>A template with the words of a request in it: what the radiologist begins with.</summary>
    /// <param name="template">Its name; null for the one that fits the examination best.</param>
    /// <returns>Null if there is no such request, or no such template.</returns>
    public async Task<ReportText?> FillTemplateAsync(
        InstanceIdentifier order, string? template = null, CancellationToken cancellationToken = default)
    {
        var state = await _grain.GetAsync(order, cancellationToken);
        if (state.Request is null) return null;
        var chosen = template is null
            // Of several studies the first one decides.
            ? _templates.BestFor(state.Modalities[0].Value, state.Regions[0].Region.Value)
            : _templates.Find(template);
        return chosen is null ? null : TemplateWords.Fill(chosen.Text, state);
    }

    /// <summary>The requests in the order of their numbers, closed ones too.</summary>
    /// <param name="after">Continue after this one; null from the first.</param>
    /// <param name="max">At most <see cref="Limits.RequestsListedMax"/>.</param>
    public async Task<IReadOnlyList<RequestEntry>> ListRequestsAsync(
        InstanceIdentifier? after = null, int max = 100, CancellationToken cancellationToken = default)
    {
        var from = after is { } last ? _parts.StreamOf(last) : (StreamId?)null;
        var entries = new List<RequestEntry>();
        foreach (var stream in await _store.ListStreamsAsync(
            _parts.StreamPrefix, from, Math.Min(max, Limits.RequestsListedMax), cancellationToken))
        {
            var order = _parts.OrderOf(stream.Stream);
            entries.Add(RequestEntry.Of(order, await _grain.GetAsync(order, cancellationToken), stream.ChangedAt));
        }

        return entries;
    }
}
