using System.Runtime.CompilerServices;
using Drimbox.Core.Archive;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>After a stop that was not clean: rows are compared with their files, and files without a row, which no
/// one was told of, are removed. What lies aside without a row is taken into quarantine at every start. A file that is
/// not what its row says goes to <c>damaged/</c>: it was acknowledged, and may be all there is.</summary>
internal sealed class StartUpCheck(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    ArchiveIndex index,
    InstanceFolders folders,
    ILogger log)
{
    private const int PageRows = 1_000;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await AdoptAsync(cancellationToken);
        if (index.StoppedCleanly) return;
        await CheckFurtherAsync(cancellationToken);
        await CheckRowsAsync(cancellationToken);
        await SweepAsync(cancellationToken);
        index.ConfirmFilesAreWhole();
    }

    // A crash came between its name and its row, or an earlier version of this program had no rows for them.
    private async Task AdoptAsync(CancellationToken cancellationToken)
    {
        var root = folders.PathOf("");
        var names = InstanceFolders.AsideFiles(surroundings.Disk, root).ToHashSet(StringComparer.Ordinal);
        if (names.Count == 0) return;
        await foreach (var known in QuarantineAsync(cancellationToken)) names.Remove(known.File.FileName);
        foreach (var name in names.Order(StringComparer.Ordinal)) await AdoptAsync(name, cancellationToken);
    }

    /// <summary>Takes a file into quarantine that lies aside without a row.</summary>
    public async Task AdoptAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var reason = FileNames.RoleOf(name).Quarantine;
            var file = FileScan.Read(surroundings.Disk, folders.PathOf(""), name)
                .ToQuarantined(reason == QuarantineReason.None ? QuarantineReason.Undecided : reason);
            if (!await index.AdoptQuarantinedAsync(file, cancellationToken))
                surroundings.Disk.TryUnlink(folders.PathOf(name));
            ArchiveLog.Adopted(log, options.NodeId, Path.GetFileName(name));
        }
        catch (IOException e)
        {
            // An object that nobody was told is stored must not keep the others from being served.
            ArchiveLog.Unreadable(log, e, options.NodeId, Path.GetFileName(name));
        }
    }

    private async IAsyncEnumerable<QuarantinedFile> QuarantineAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long after = 0;
        while (await index.ListQuarantineAsync(after, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            foreach (var row in rows) yield return row;
            after = rows[^1].RowId;
        }
    }

    private async Task CheckFurtherAsync(CancellationToken cancellationToken)
    {
        var after = index.FurtherVerifiedTo;
        while (await index.ListFurtherAsync(after, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            ArchiveLog.Checking(log, options.NodeId, rows.Count);
            var broken = new List<long>();
            foreach (var (file, _) in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (IsWhole(file.File)) continue;
                ArchiveLog.FurtherDropped(log, options.NodeId, Path.GetFileName(file.File.FileName));
                KeepDamaged(file.File);
                broken.Add(file.RowId);
            }

            if (broken.Count > 0) await index.RemoveFurtherAsync(broken, cancellationToken);
            // The row of an instance keeps its number when it is replaced, so the mark of those rows says nothing of it.
            foreach (var id in rows.Select(row => row.Instance).Distinct())
            {
                if (await index.FindInstanceAsync(id, cancellationToken) is not { } instance
                    || IsWhole(instance.File)) continue;
                if (!await FallBackAsync(instance, cancellationToken)) await DropAsync([instance], cancellationToken);
            }

            after = rows[^1].File.RowId;
            await index.MarkFurtherVerifiedAsync(after, cancellationToken);
        }
    }

    private async Task DropAsync(IReadOnlyList<IndexedInstance> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            ArchiveLog.RowDropped(log, options.NodeId, row.RowId);
            KeepDamaged(row.File);
        }

        await index.RemoveAsync([.. rows.Select(row => row.RowId)], cancellationToken);
    }

    // Another rendition of the same version first, then the newest prior version.
    private async Task<bool> FallBackAsync(IndexedInstance lost, CancellationToken cancellationToken)
    {
        var files = await index.FilesOfAsync(lost.RowId, cancellationToken);
        foreach (var file in files.OrderByDescending(file => file.Version).ThenBy(file => file.RowId))
        {
            if (!IsWhole(file.File)) continue;
            var scan = FileScan.Read(surroundings.Disk, folders.PathOf(""), file.File.FileName);
            if (scan.Record is not { } record) continue;
            ArchiveLog.FellBack(log, options.NodeId, lost.RowId, file.Version);
            KeepDamaged(lost.File);
            await index.ReplaceLostAsync(lost, record, file, cancellationToken);
            return true;
        }

        return false;
    }

    private async Task CheckRowsAsync(CancellationToken cancellationToken)
    {
        var after = index.VerifiedTo;
        while (await index.ListAsync(after, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            ArchiveLog.Checking(log, options.NodeId, rows.Count);
            var broken = new List<IndexedInstance>();
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // It was whole once, and is known not to be any more: its row says so to whoever asks.
                if (row.Damaged) continue;
                if (!IsWhole(row.File) && !await FallBackAsync(row, cancellationToken)) broken.Add(row);
            }

            if (broken.Count > 0) await DropAsync(broken, cancellationToken);
            after = rows[^1].RowId;
            await index.MarkVerifiedAsync(after, cancellationToken);
        }
    }

    private bool IsWhole(InstanceFile file)
    {
        try
        {
            return folders.IsWhole(file);
        }
        catch (IOException e) when (e is not StorageFaultException { Fault: not StorageFault.Io })
        {
            // A place of the disk that cannot be read must not keep all the rest from being served, nor is it proof
            // that the bytes are gone: the row stays, and who retrieves it is told of the fault.
            ArchiveLog.FileUnreadable(log, e, options.NodeId, Path.GetFileName(file.FileName));
            return true;
        }
    }

    // One that a bit flipped in can still be looked at, one that was swept cannot.
    private void KeepDamaged(InstanceFile file)
    {
        var path = folders.PathOf(file.FileName);
        if (!surroundings.Disk.FileExists(path)) return;
        surroundings.Disk.MakeDirectory(folders.Damaged);
        surroundings.Disk.Rename(path, Path.Combine(folders.Damaged, Path.GetFileName(path)));
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        long after = 0;
        while (await index.ListAsync(after, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            foreach (var row in rows) known.Add(row.File.FileName);
            after = rows[^1].RowId;
        }

        after = 0;
        while (await index.ListFurtherAsync(after, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            foreach (var (file, _) in rows) known.Add(file.File.FileName);
            after = rows[^1].File.RowId;
        }

        // What was found while the index was made again lies where it was found.
        await foreach (var quarantined in QuarantineAsync(cancellationToken)) known.Add(quarantined.File.FileName);

        var removed = 0;
        foreach (var name in folders.Files())
        {
            if (known.Contains(name)) continue;
            surroundings.Disk.Unlink(folders.PathOf(name));
            removed++;
        }

        if (removed > 0) ArchiveLog.OrphansRemoved(log, options.NodeId, removed);
    }
}
