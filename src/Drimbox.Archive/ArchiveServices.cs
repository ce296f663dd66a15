using System.Diagnostics.CodeAnalysis;
using Drimbox.Archive.Commitment;
using Drimbox.Archive.Completeness;
using Drimbox.Core;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>What an archive does beside storing and answering: it commits itself to what it has, and notices when a study
/// is complete.</summary>
internal sealed class ArchiveServices : IDisposable
{
    private readonly CommitmentReporting _reporting;
    private readonly ArchiveIndex _index;
    private readonly TimeProvider _time;
    private readonly WorkSignal _commitmentWork;
    private readonly string _nodeId;
    private readonly ILogger _log;

    private ArchiveServices(
        ArchiveOptions options,
        ArchiveSurroundings surroundings,
        ArchiveIndex index,
        InstanceFolders folders,
        Arrivals arrivals,
        ILogger log)
    {
        (_index, _time, _nodeId, _log) = (index, surroundings.Time, options.NodeId, log);
        var completenessWork = new WorkSignal(surroundings.Time);
        Transfers = new StudyTransfers(surroundings.Time, completenessWork);
        Completeness = new CompletenessWorker(options, surroundings, index, Transfers, completenessWork, log);
        var commitmentWork = _commitmentWork = new WorkSignal(surroundings.Time);
        Commitment = new CommitmentScp(index, commitmentWork);
        var check = new CommitmentCheck(options, index, folders, arrivals, Transfers, log);
        _reporting = new CommitmentReporting(
            options, surroundings, index, Commitment, check, commitmentWork, log);
    }

    public CommitmentScp Commitment { get; }

    public CompletenessWorker Completeness { get; }

    public StudyTransfers Transfers { get; }

    /// <summary>Takes up what the last stop left.</summary>
    public static async Task<ArchiveServices> OpenAsync(
        ArchiveOptions options,
        ArchiveSurroundings surroundings,
        ArchiveIndex index,
        InstanceFolders folders,
        Arrivals arrivals,
        ILogger log,
        CancellationToken cancellationToken)
    {
        var services = new ArchiveServices(options, surroundings, index, folders, arrivals, log);
        await services.Completeness.RestoreAsync(cancellationToken);
        return services;
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        _reporting.RunAsync(stop), Completeness.RunAsync(stop),
        _index.IsShared ? LookAsync(stop) : Task.CompletedTask);

    public void Dispose() => _reporting.Dispose();

    /// <summary>Takes up what processes that are gone have left.</summary>
    [SuppressMessage("Design", "CA1031", Justification =
        "Top of the worker loop: the operator is told by the log, and the loop goes on.")]
    private async Task LookAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Limits.SharedUpkeepInterval, _time, stop);
                try
                {
                    await Completeness.LookAsync(stop);
                    if (await _index.Commitments.TakeOverAsync(stop) > 0) _commitmentWork.Set();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    ArchiveLog.LookFailed(_log, e, _nodeId);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The way this ends.
        }
    }
}
