using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Statistics;
using Drimbox.Grains.Audit;
using Drimbox.Grains.Studies;
using Drimbox.Source.Manifests;
using Drimbox.Source.Studies;

namespace Drimbox.Source.ImageAccess;

/// <summary>A series that a speed test can fetch.</summary>
/// <param name="Images">As its manifest lists them.</param>
/// <param name="RetrieveUrl">Where other DRIMboxes ask for it.</param>
public sealed record SpeedTarget(Uid Study, Uid Series, Uid Manifest, int Images, string RetrieveUrl);

/// <summary>How fast the PACS gave a series.</summary>
public sealed record SpeedReport(Uid Study, Uid Series, SpeedRun Run);

/// <summary>Fetches a series from the PACS as for another DRIMbox, and measures it (DB.SO.102): C-FIND of its study,
/// then C-MOVE. One at a time; it is meant for hours in which nobody works.</summary>
internal sealed class SpeedTest(
    StudyRegister register,
    ManifestFiles files,
    PacsQuery pacs,
    ImageRetrievals? retrievals,
    AuditTrail audit,
    TimeProvider time) : IDisposable
{
    // As many studies are looked at for the largest series: enough for a large one, and a second's work.
    private const int StudiesLookedAt = 100;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The largest series of a study; of the first hundred studies where none is named. Null: there is no
    /// manifest in the DMP to find one by.</summary>
    public async Task<SpeedTarget?> FindTargetAsync(Uid? study, CancellationToken cancellationToken)
    {
        SpeedTarget? largest = null;
        foreach (var candidate in study is { } one ? [one] : await register.ListAsync(null, StudiesLookedAt, cancellationToken))
        {
            var state = await register.GetAsync(candidate, cancellationToken);
            if (state.Wanted(candidate) is null || state.Current is not { } version) continue;
            if (await files.TryReadAsync(version, cancellationToken) is not { } manifest) continue;
            var series = manifest.Series.MaxBy(s => s.Instances.Count)!;
            if (series.Instances.Count > (largest?.Images ?? 0))
            {
                largest = new SpeedTarget(
                    candidate, series.SeriesInstanceUid, version.SopInstanceUid, series.Instances.Count,
                    manifest.AddressOf(series) ?? "");
            }
        }

        return largest;
    }

    /// <param name="series">Null: the largest of the study.</param>
    /// <returns>The report, or why there is none.</returns>
    public async Task<(SpeedReport? Report, Refusal? Refusal)> RunAsync(
        Uid? study, Uid? series, CancellationToken cancellationToken)
    {
        if (retrievals is null)
            return No(RefusalReason.WrongState, "Images can be fetched only where Source:ImageAccess is configured.");
        if (!await _one.WaitAsync(TimeSpan.Zero, cancellationToken))
            return No(RefusalReason.Unavailable, "Another speed test is running.");
        try
        {
            return await RunAsync(retrievals, study, series, cancellationToken);
        }
        catch (RetrievalFailedException e)
        {
            return No(RefusalReason.Unavailable, e.Message);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<(SpeedReport? Report, Refusal? Refusal)> RunAsync(
        ImageRetrievals images, Uid? study, Uid? series, CancellationToken cancellationToken)
    {
        if (study is null)
        {
            if (await FindTargetAsync(null, cancellationToken) is not { } target)
                return No(RefusalReason.UnknownTarget, "No manifest is in the DMP to find a series by: name a study.");
            (study, series) = (target.Study, series ?? target.Series);
        }

        var asked = time.GetTimestamp();
        var state = await register.GetAsync(study.Value, cancellationToken);
        var answer = await pacs.AskAsync(study.Value, state, cancellationToken);
        var query = time.GetElapsedTime(asked);
        await audit.RecordPastAsync(
            [.. answer.Asked.Select(one => audit.Of(PacsQuery.EventOf(audit, study.Value, one)))]);
        if (answer.Findings is not { } findings)
            return No(RefusalReason.Unavailable, $"The PACS could not be asked: {answer.Failure}.");
        series ??= findings.Series.MaxBy(s => s.Instances.Count)?.SeriesInstanceUid;
        if (findings.Series.FirstOrDefault(s => s.SeriesInstanceUid == series) is not { Instances.Count: > 0 })
            return No(RefusalReason.UnknownTarget, "The PACS shows no image of this study or series.");
        var key = new RetrievalKey(study.Value, series!.Value);
        if (images.Find(key) is not null)
            return No(RefusalReason.Unavailable, "The series is just being fetched for somebody.");
        var patient = state.ActiveReports(key.Study) is [.., var last] ? last.Patient.Ins : null;
        // It is not joined with what others ask for, and not kept.
        var retrieval = images.Join(key, patient, findings.Pacs, revision: null);
        return (new SpeedReport(key.Study, key.Series, await FetchAsync(images, retrieval, query, cancellationToken)), null);
    }

    private async Task<SpeedRun> FetchAsync(
        ImageRetrievals images, ImageRetrieval retrieval, TimeSpan query, CancellationToken cancellationToken)
    {
        var (count, bytes, first) = (0, 0L, TimeSpan.Zero);
        var started = time.GetTimestamp();
        try
        {
            await foreach (var image in retrieval.ReadAsync(cancellationToken))
            {
                if (count == 0) first = time.GetElapsedTime(started);
                count++;
                bytes += image.Length;
            }

            return new SpeedRun(query, first, time.GetElapsedTime(started), count, bytes);
        }
        finally
        {
            images.Leave(retrieval);
        }
    }

    private static (SpeedReport? Report, Refusal? Refusal) No(RefusalReason reason, string why) =>
        (null, new Refusal(reason, why));
}
