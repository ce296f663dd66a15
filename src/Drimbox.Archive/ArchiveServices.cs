using Drimbox.Archive.Commitment;
using Drimbox.Archive.Completeness;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>What an archive does beside storing and answering: it commits itself to what it has, and notices when a study
/// is complete.</summary>
internal sealed class ArchiveServices : IDisposable
{
    private readonly CommitmentReporting _reporting;

    private ArchiveServices(
        ArchiveOptions options,
        ArchiveSurroundings surroundings,
        ArchiveIndex index,
        InstanceFolders folders,
        Arrivals arrivals,
        ILogger log)
    {
        var completenessWork = new WorkSignal(surroundings.Time);
        Transfers = new StudyTransfers(surroundings.Time, completenessWork);
        Completeness = new CompletenessWorker(options, surroundings, index, Transfers, completenessWork, log);
        var commitmentWork = new WorkSignal(surroundings.Time);
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

    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(_reporting.RunAsync(stop), Completeness.RunAsync(stop));

    public void Dispose() => _reporting.Dispose();
}
