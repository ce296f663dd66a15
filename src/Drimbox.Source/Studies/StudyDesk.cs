using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;
using Drimbox.Grains.Outages;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;

namespace Drimbox.Source.Studies;

/// <summary>What the administrator reads and does.</summary>
internal sealed class StudyDesk(
    StudyRegister register, FlowStore store, ObjectStore objects, OutageWatch outages)
{
    public async Task<StudyOverview?> GetAsync(Uid study, CancellationToken cancellationToken)
    {
        var state = await register.GetAsync(study, cancellationToken);
        return state == StudyState.Empty ? null : StudyOverview.Of(study, state);
    }

    public async Task<IReadOnlyList<StudyOverview>> ListAsync(Uid? after, int max, CancellationToken cancellationToken)
    {
        var studies = new List<StudyOverview>();
        foreach (var study in await register.ListAsync(
            after, Math.Min(max, Limits.StudiesListedMax), cancellationToken))
            studies.Add(StudyOverview.Of(study, await register.GetAsync(study, cancellationToken)));

        return studies;
    }

    /// <summary>What is away first: it may be the reason for the rest.</summary>
    public async Task<IReadOnlyList<SourceAlert>> ListAlertsAsync(int max, CancellationToken cancellationToken)
    {
        List<SourceAlert> alerts = [.. outages.Open.Select(SourceAlert.Of)];
        if (alerts.Count < max)
            alerts.AddRange(await ListOfAllAsync(SourceAlert.Of, max - alerts.Count, cancellationToken));
        return alerts;
    }

    public Task<IReadOnlyList<StudyRepair>> ListRepairsAsync(int max, CancellationToken cancellationToken) =>
        ListOfAllAsync(StudyRepair.Of, max, cancellationToken);

    public async Task<byte[]?> ReadManifestAsync(Uid kosUid, CancellationToken cancellationToken)
    {
        if (await register.FindManifestAsync(kosUid, cancellationToken) is not { } study) return null;
        var state = await register.GetAsync(study, cancellationToken);
        var version = state.Manifests.Find(m => m.SopInstanceUid == kosUid);
        Invariant.Holds(version is not null);
        return await objects.ReadAsync(version.File, Limits.KosBytesMax, cancellationToken);
    }

    public async Task<Refusal?> NoticeAsync(Uid study, string actor, CancellationToken cancellationToken)
    {
        if ((await register.GetAsync(study, cancellationToken)).Reports.IsEmpty) return Unknown;
        await register.NoticeAsync([study], actor, null, cancellationToken);
        return null;
    }

    public async Task<Refusal?> RetryAsync(Uid study, string actor, CancellationToken cancellationToken)
    {
        var state = await register.GetAsync(study, cancellationToken);
        if (state == StudyState.Empty) return Unknown;
        if (state.Publication.Refused is not null)
        {
            await register.ExecuteAsync(study, new RetryManifestPublication(actor), null, cancellationToken);
            return null;
        }

        // A row that was set aside for its faults, or that waits for its next attempt.
        var open = await store.ListOutboxAsync(
            new OutboxFilter(
                [OutboxState.Quarantined, OutboxState.Discarded, OutboxState.Pending], register.LaneOf(study)),
            cancellationToken);
        foreach (var row in open)
        {
            var submission = EventCodec.Read<ManifestSubmissionPayload>(row.Payload).Sealed.Submission;
            if (state.Publication.InFlight.Exists(f => f.SubmissionSetUniqueId == submission.SubmissionSetUniqueId)
                && await store.RequeueAsync(row.Id, actor, cancellationToken))
                return null;
        }

        return new Refusal(RefusalReason.WrongState, "Nothing of this study waits for a retry.");
    }

    private async Task<IReadOnlyList<T>> ListOfAllAsync<T>(
        Func<StudyOverview, IEnumerable<T>> of, int max, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        Uid? last = null;
        while (found.Count < max)
        {
            var page = await ListAsync(last, 100, cancellationToken);
            if (page.Count == 0) break;
            found.AddRange(page.SelectMany(of));
            last = page[^1].StudyInstanceUid;
        }

        return found.Count > max ? found[..max] : found;
    }

    private static Refusal Unknown => new(RefusalReason.UnknownTarget, "No report of this study is known.");
}
