using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Grains.Publications;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;

namespace Drimbox.Source;

/// <content>The publications of manifests, as operations see them.</content>
public sealed partial class SourceNode
{
    public PublicationDesk Publications { get; }

    private PublicationGrains PublicationGrains => new(
        StudyRegister.SubmissionKind,
        payload => SubmissionSummary.Of(EventCodec.Read<ManifestSubmissionPayload>(payload).Sealed.Submission),
        ResendAsync,
        GiveUpAsync);

    private async Task<bool> ResendAsync(OutboxEntry row, string actor, CancellationToken cancellation)
    {
        var study = StudyOf(row);
        if ((await _register.GetAsync(study, cancellation)).Publication.Refused is null) return false;
        await _register.ExecuteAsync(study, new RetryManifestPublication(actor), null, cancellation);
        return true;
    }

    private async Task GiveUpAsync(OutboxEntry row, Uid submissionSet, string actor, CancellationToken cancellation)
    {
        var study = StudyOf(row);
        var state = await _register.GetAsync(study, cancellation);
        if (!state.Publication.InFlight.Exists(f => f.SubmissionSetUniqueId == submissionSet)) return;
        await _register.ExecuteAsync(
            study, new EndManifestSubmission(submissionSet, DispatchOutcome.Quarantine, $"Given up by {actor}."), null,
            cancellation);
    }

    private Uid StudyOf(OutboxEntry row) => Uid.Parse(row.Lane[_register.LanePrefix.Length..]);
}
