using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Where the scrubber stands.</summary>
/// <param name="State">off, paused, reading or waiting.</param>
/// <param name="NextRoundAt">Where it waits.</param>
/// <param name="DamagedInstances">All that are marked now.</param>
/// <param name="MismatchesSinceStart">Files found damaged since this process started.</param>
public sealed record ScrubStatus(
    string State,
    double MegabytesPerSecond,
    ScrubProgress Round,
    DateTimeOffset? NextRoundAt,
    long DamagedInstances,
    long MismatchesSinceStart);

/// <summary>What an archive does with what it holds: room on the disk, retention, removal and its undoing, the check
/// of the files.</summary>
public sealed class ArchiveLifeCycle : IAsyncDisposable
{
    private readonly ArchiveOptions _options;
    private readonly ArchiveSurroundings _surroundings;
    private readonly ArchiveIndex _index;
    private readonly InstanceFolders _folders;
    private readonly ILogger _log;
    private readonly Removals _removals;
    private readonly Retention _retention;
    private readonly Scrubber _scrubber;
    private readonly LeftFiles _leftFiles;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    internal ArchiveLifeCycle(
        ArchiveOptions options,
        ArchiveSurroundings surroundings,
        string folder,
        ArchiveIndex index,
        InstanceFolders folders,
        ILogger log)
    {
        (_options, _surroundings, _index, _folders, _log) = (options, surroundings, index, folders, log);
        Watch = new DiskWatch(options, surroundings, folder, log);
        Access = new StudyAccess(index, surroundings.Time);
        _removals = new Removals(options, surroundings, index, folders, log);
        _retention = new Retention(options, surroundings, index, _removals, Watch, log);
        _scrubber = new Scrubber(options, surroundings, index, folders, log);
        _leftFiles = new LeftFiles(
            options, surroundings, index, folders, new StartUpCheck(options, surroundings, index, folders, log), log);
        Files = new ServedFiles(options, index, folders, _scrubber, log);
    }

    /// <summary>How full the disk is, as of the last look.</summary>
    public DiskState Disk => Watch.State;

    internal DiskWatch Watch { get; }

    internal StudyAccess Access { get; }

    internal ServedFiles Files { get; }

    /// <summary>Moves a study into the trash.</summary>
    public Task<RemovalResult> DeleteAsync(
        Uid study, string actor, string reason, CancellationToken cancellationToken) =>
        _removals.DeleteAsync(study, actor, reason, cancellationToken);

    /// <summary>Brings a study back out of the trash.</summary>
    /// <exception cref="IOException">A file cannot be moved back; it is tried again every hour and at the next
    /// start.</exception>
    public Task<RemovalResult> RestoreAsync(long removalId, string actor, CancellationToken cancellationToken) =>
        _removals.RestoreAsync(removalId, actor, cancellationToken);

    /// <summary>What a purge would do now.</summary>
    public Task<PurgePlan> PlanPurgeAsync(CancellationToken cancellationToken) =>
        _retention.PlanAsync(cancellationToken);

    /// <summary>Purges now, by the rules of the configuration.</summary>
    public Task<PurgePlan> PurgeAsync(CancellationToken cancellationToken) => _retention.PurgeAsync(cancellationToken);

    /// <summary>Until the returned object is disposed no file is moved or unlinked: a backup has time to take those
    /// that its copy of the database names.</summary>
    public Task<IDisposable> HoldFilesAsync(CancellationToken cancellationToken) =>
        _removals.HoldAsync(cancellationToken);

    /// <summary>Opens the file of an instance, hidden or not; null if there is none.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Corrupt"/>: it is marked as damaged.</exception>
    public async Task<Stream?> OpenFileAsync(Uid sopInstanceUid, CancellationToken cancellationToken)
    {
        if (await _index.FindInstanceAsync(sopInstanceUid, cancellationToken) is not { } found) return null;
        var instance = await Files.CheckAsync(found);
        // Not another rendition either: it has another hash.
        if (instance.Damaged || instance.File != found.File)
            throw new StorageFaultException(StorageFault.Corrupt, "The stored file is damaged.");
        return _surroundings.Disk.OpenRead(_folders.PathOf(instance.File.FileName));
    }

    /// <summary>Goes on with a paused round of the scrubber, or begins one.</summary>
    /// <returns>A task that ends with the round.</returns>
    public Task<Task> StartScrubAsync() => _scrubber.StartAsync();

    public Task PauseScrubAsync() => _scrubber.PauseAsync();

    public async Task<ScrubStatus> ScrubStatusAsync(CancellationToken cancellationToken)
    {
        var progress = await _scrubber.CurrentAsync(cancellationToken);
        var due = ScrubSchedule.DueAt(progress, _options.Scrub);
        var isReading = due == DateTimeOffset.MinValue;
        var state = _options.Scrub.MegabytesPerSecond <= 0 ? "off"
            : progress.IsPaused ? "paused"
            : isReading ? "reading"
            : "waiting";
        return new ScrubStatus(
            state, _options.Scrub.MegabytesPerSecond, progress, isReading ? null : due,
            await _index.CountDamagedAsync(cancellationToken), _scrubber.Mismatches);
    }

    /// <summary>Finishes removals that a crash interrupted: before files without a row are swept. Where other processes are
    /// at work that is a duty.</summary>
    internal async Task OpenAsync(CancellationToken cancellationToken)
    {
        _removals.Open();
        if (!_index.IsShared) await _removals.ResumeAsync(cancellationToken);
        await _scrubber.LoadAsync(cancellationToken);
    }

    /// <summary>Begins the work that goes on beside all other.</summary>
    internal void Start() => _running = Task.WhenAll(
        _scrubber.RunAsync(_stopping.Token), RepeatAsync(_stopping.Token),
        _index.IsShared ? _leftFiles.RunAsync(_stopping.Token) : Task.CompletedTask);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        Watch.Dispose();
        _removals.Dispose();
        _stopping.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "The top of a worker loop: the fault is logged, and the work is done at its next time.")]
    private async Task RepeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // Space that runs out does not wait for the hour.
                var interval = _options.Retention.FreePercentTarget is null
                    ? Limits.RetentionInterval
                    : Limits.RetentionSpaceInterval;
                await Task.Delay(interval, _surroundings.Time, cancellationToken);
                try
                {
                    if (!await _index.HasDutyAsync("removals", cancellationToken)) continue;
                    await _removals.ResumeAsync(cancellationToken);
                    if (_options.Retention.Purges) await _retention.PurgeAsync(cancellationToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LifeCycleLog.WorkFailed(_log, e, _options.NodeId, "retention");
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }
}
