using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Takes studies out and brings them back. The rows change in one transaction, then the files move: what a
/// crash leaves between the two is finished at the next start, before files without a row are swept.</summary>
internal sealed class Removals(
    ArchiveOptions options, ArchiveSurroundings surroundings, ArchiveIndex index, InstanceFolders folders, ILogger log)
    : IDisposable
{
    // Held by whoever moves or unlinks files, and by a backup: what its database names must stay until it has it. Where
    // there are other processes, a lock of the index over all of them goes with it.
    private readonly SemaphoreSlim _files = new(1);

    /// <summary>Makes the trash.</summary>
    public void Open() => surroundings.Disk.MakeDirectory(folders.PathOf("trash"));

    public void Dispose() => _files.Dispose();

    /// <summary>Moves a study into the trash.</summary>
    public async Task<RemovalResult> DeleteAsync(
        Uid study, string actor, string reason, CancellationToken cancellationToken)
    {
        var keepUntil = surroundings.Time.GetUtcNow() + options.TrashKept;
        return await RemoveAsync(
            new RemovalOrder(study, RemovalKind.Delete, actor, reason, keepUntil), cancellationToken);
    }

    /// <summary>Removes a study for good, unless something came since the facts were read.</summary>
    public Task<RemovalResult> PurgeAsync(StudyFacts study, string why, CancellationToken cancellationToken) =>
        RemoveAsync(
            new RemovalOrder(
                study.StudyInstanceUid, RemovalKind.Purge, "retention", why, KeepUntil: null, study.LastReceivedAt),
            cancellationToken);

    /// <summary>Brings a study back out of the trash, as it was.</summary>
    public async Task<RemovalResult> RestoreAsync(long removalId, string actor, CancellationToken cancellationToken)
    {
        using var held = await HoldAsync(cancellationToken);
        var result = await index.BeginRestoreAsync(removalId, cancellationToken);
        if (result is not RemovalResult.Done(var removal)) return result;
        var restored = await FinishAsync(removal, CancellationToken.None);
        LifeCycleLog.Restored(log, options.NodeId, removal.Id, actor, restored);
        return new RemovalResult.Done((await index.FindRemovalAsync(removalId, cancellationToken))!);
    }

    /// <summary>Finishes what a crash or a fault interrupted, and empties the trash of what was kept long
    /// enough.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await index.ExpireRemovalsAsync(cancellationToken);
        using var held = await HoldAsync(cancellationToken);
        foreach (var removal in await index.ListUnfinishedRemovalsAsync(cancellationToken))
            await TryFinishAsync(removal, cancellationToken);
    }

    /// <summary>No file is moved or unlinked until the returned object is disposed.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        await _files.WaitAsync(cancellationToken);
        try
        {
            return new Hold(_files, await index.HoldFilesAsync(cancellationToken));
        }
        catch
        {
            _files.Release();
            throw;
        }
    }

    private async Task<RemovalResult> RemoveAsync(RemovalOrder order, CancellationToken cancellationToken)
    {
        using var held = await HoldAsync(cancellationToken);
        var result = await index.RemoveStudyAsync(order, cancellationToken);
        if (result is not RemovalResult.Done(var removal)) return result;
        LifeCycleLog.Removed(
            log, options.NodeId, removal.Id, removal.Kind.ToString(), removal.Actor, removal.Instances, removal.Bytes);
        await TryFinishAsync(removal, cancellationToken);
        return result;
    }

    private async Task TryFinishAsync(RemovalEntry removal, CancellationToken cancellationToken)
    {
        try
        {
            await FinishAsync(removal, cancellationToken);
        }
        catch (IOException e)
        {
            // Its state says what is left to do.
            LifeCycleLog.RemovalDelayed(log, e, options.NodeId, removal.Id);
        }
    }

    /// <returns>How many instances came back, where they were to.</returns>
    private async Task<int> FinishAsync(RemovalEntry removal, CancellationToken cancellationToken)
    {
        var count = 0;
        var folderNames = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in await index.RemovedFilesAsync(removal.Id, cancellationToken))
        {
            var (place, trash) = (folders.PathOf(name), TrashPathOf(removal, name));
            folderNames.Add(Path.GetDirectoryName(removal.State == RemovalState.Moving ? trash : place)!);
            switch (removal.State)
            {
                case RemovalState.Moving when surroundings.Disk.FileExists(place):
                    surroundings.Disk.Rename(place, trash);
                    break;
                case RemovalState.Restoring when surroundings.Disk.FileExists(trash):
                    surroundings.Disk.MakeDirectory(Path.GetDirectoryName(place)!);
                    surroundings.Disk.Rename(trash, place);
                    break;
                case RemovalState.Unlinking:
                    surroundings.Disk.Unlink(place);
                    surroundings.Disk.Unlink(trash);
                    // Unlinking is work for the journal of the file system, which those who store wait for too.
                    if (++count % Limits.UnlinkGroup == 0)
                        await Task.Delay(Limits.UnlinkPause, surroundings.Time, cancellationToken);
                    break;
            }
        }

        // What a former attempt renamed may not be durable yet, and the state that follows says that it is.
        if (removal.State != RemovalState.Unlinking)
        {
            foreach (var folder in folderNames) surroundings.Disk.SyncDirectory(folder);
        }

        if (removal.State != RemovalState.Restoring)
        {
            await index.EndRemovalAsync(removal, cancellationToken);
            return 0;
        }

        var (restored, unwanted) = await index.EndRestoreAsync(removal.Id, cancellationToken);
        foreach (var name in unwanted) surroundings.Disk.TryUnlink(folders.PathOf(name));
        return restored;
    }

    private string TrashPathOf(RemovalEntry removal, string name) =>
        folders.PathOf($"trash/{removal.Id}-{Path.GetFileName(name)}");

    private sealed class Hold(SemaphoreSlim files, IDisposable? others) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
            others?.Dispose();
            files.Release();
        }
    }
}
