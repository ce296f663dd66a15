using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Statistics;
using Drimbox.Source.ImageAccess;
using Drimbox.Source.Transfer;

namespace Drimbox.Source;

/// <content>What the source keeps of its publications: handed over, taken over, re-issued, counted.</content>
public sealed partial class SourceNode
{
    /// <summary>Writes out what is kept of the publications while the source goes on working (DB.SO.29). An export to a
    /// folder that was cut off is gone on with.</summary>
    /// <param name="count">How far it is.</param>
    /// <exception cref="TransferException">It cannot be written there.</exception>
    public async Task ExportManifestsAsync(
        ExportOrder order, TransferCount count, CancellationToken cancellationToken = default)
    {
        await new ManifestExport(_register, _objects, _policy.TimeZone).RunAsync(
            order, count, cancellationToken);
        SourceLog.Exported(_logger, count.Studies, count.Refused);
    }

    /// <summary>Takes over what another DRIMbox wrote out (DB.SO.30). What is known already is left as it is.</summary>
    /// <param name="path">A folder or a zip file.</param>
    /// <inheritdoc cref="ExportManifestsAsync"/>
    public async Task ImportManifestsAsync(
        string path, TransferCount count, CancellationToken cancellationToken = default)
    {
        await new ManifestImport(_register, _objects, _policy).RunAsync(path, count, cancellationToken);
        SourceLog.Imported(_logger, count.Studies, count.Unchanged, count.Refused);
    }

    /// <summary>Re-issues every manifest whose URLs lead to another host than <see cref="SourceOptions.RetrieveHost"/>
    /// (DB.SO.31), or goes on after a pause.</summary>
    /// <param name="perMinute">Manifests a minute, 1 to <see cref="Limits.ReissuePerMinuteMax"/>.</param>
    /// <param name="actor">Who wants it, for the record.</param>
    /// <returns>Null, or why nothing was done.</returns>
    public Task<Refusal?> StartReissueAsync(int perMinute, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perMinute, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perMinute, Limits.ReissuePerMinuteMax);
        return _hostChange.StartAsync(perMinute, actor, cancellationToken);
    }

    /// <summary>Has the re-issue rest; what was decided goes to the DMP.</summary>
    /// <inheritdoc cref="StartReissueAsync"/>
    public Task<Refusal?> PauseReissueAsync(string actor, CancellationToken cancellationToken = default) =>
        _hostChange.PauseAsync(actor, cancellationToken);

    /// <summary>How far the last re-issue is.</summary>
    public Task<ReissueRun> GetReissueAsync(CancellationToken cancellationToken = default) =>
        _hostChange.GetAsync(cancellationToken);

    /// <summary>What was counted, by day and subject (DB.SO.87).</summary>
    /// <param name="from">At the site.</param>
    /// <param name="to">Included.</param>
    public Task<IReadOnlyList<DayStatistics>> ListStatisticsAsync(
        DateOnly from, DateOnly to, CancellationToken cancellationToken = default) =>
        _statistics.ListAsync(from, to, cancellationToken);

    /// <summary>A series that a speed test can fetch: the largest of a study, or of the first hundred
    /// studies.</summary>
    public Task<SpeedTarget?> FindSpeedTargetAsync(Uid? study, CancellationToken cancellationToken = default) =>
        _speedTest.FindTargetAsync(study, cancellationToken);

    /// <summary>Measures how fast the PACS gives a series (DB.SO.102).</summary>
    /// <param name="study">Null: the one with the largest series, see <see cref="FindSpeedTargetAsync"/>.</param>
    /// <param name="series">Null: the largest of the study.</param>
    /// <returns>The report, or why there is none.</returns>
    public Task<(SpeedReport? Report, Refusal? Refusal)> TestPacsSpeedAsync(
        Uid? study, Uid? series, CancellationToken cancellationToken = default) =>
        _speedTest.RunAsync(study, series, cancellationToken);

    /// <summary>The day at the site.</summary>
    public DateOnly Today =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(_time.GetUtcNow(), _policy.TimeZone).DateTime);

    /// <summary>What is kept of a manifest, or null (DB.SO.22).</summary>
    public async Task<ManifestRecord?> GetManifestAsync(Uid kosUid, CancellationToken cancellationToken = default) =>
        await _register.FindManifestAsync(kosUid, cancellationToken) is { } study
            ? ManifestRecord.Of(await _register.ReadHistoryAsync(study, cancellationToken))
                .Single(record => record.KosUid == kosUid)
            : null;

    /// <summary>The manifests of the studies, in the order of the UIDs of these.</summary>
    /// <param name="after">Continue after this study; null from the first.</param>
    /// <param name="max">Studies, at most <see cref="Limits.StudiesListedMax"/>.</param>
    public async Task<IReadOnlyList<ManifestRecord>> ListManifestsAsync(
        Uid? after = null, int max = 100, CancellationToken cancellationToken = default)
    {
        var records = new List<ManifestRecord>();
        foreach (var study in await _desk.ListAsync(after, max, cancellationToken))
        {
            records.AddRange(ManifestRecord.Of(
                await _register.ReadHistoryAsync(study.StudyInstanceUid, cancellationToken)));
        }

        return records;
    }
}
