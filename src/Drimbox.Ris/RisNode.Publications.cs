using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Publications;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Ris;

/// <content>The publications of reports, as operations see them.</content>
public sealed partial class RisNode
{
    public PublicationDesk Publications { get; }

    private PublicationGrains PublicationGrains => new(
        ReportGrain.SubmissionKind,
        payload => SubmissionSummary.Of(EventCodec.Read<ReportSubmissionPayload>(payload).Sealed.Submission),
        ResendAsync,
        GiveUpAsync);

    /// <summary>Sets the metadata of a refused publication right and sends it again.</summary>
    /// <param name="id">Of the publication.</param>
    /// <returns>Null, or why not.</returns>
    public async Task<Refusal?> CorrectPublicationAsync(
        long id, MetadataCorrection correction, string actor, CancellationToken cancellation)
    {
        if (await Publications.FindAsync(id, cancellation) is not { } publication)
            return PublicationDesk.Unknown;
        if (!publication.IsDeadLetter)
            return new Refusal(RefusalReason.WrongState, "It was not refused.");
        var reply = await _reports.ExecuteAsync(
            ReportOf(publication.Row), new CorrectMetadata(correction, actor), null, cancellation);
        return reply.Refusal;
    }

    private async Task<bool> ResendAsync(OutboxEntry row, string actor, CancellationToken cancellation)
    {
        var report = ReportOf(row);
        if ((await _reports.GetAsync(report, cancellation)).Publication.Refused is null) return false;
        await _reports.ExecuteAsync(report, new RetryPublication(actor), null, cancellation);
        return true;
    }

    private async Task GiveUpAsync(OutboxEntry row, Uid submissionSet, string actor, CancellationToken cancellation)
    {
        var report = ReportOf(row);
        var state = await _reports.GetAsync(report, cancellation);
        if (!state.Publication.InFlight.Exists(f => f.SubmissionSetUniqueId == submissionSet)) return;
        await _reports.ExecuteAsync(
            report, new EndSubmission(submissionSet, DispatchOutcome.Quarantine, $"Given up by {actor}."), null,
            cancellation);
    }

    private ReportId ReportOf(OutboxEntry row) =>
        ReportId.Parse(row.Lane[ReportGrain.LanePrefix(_options.Node).Length..], null);
}
