using System.Security.Cryptography;
using Drimbox.Dicom;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>After a stop that was not clean: rows are compared with their files, and files without a row, which no
/// one was told of, are removed.</summary>
internal sealed class StartUpCheck(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    ArchiveIndex index,
    InstanceFolders folders,
    Rejections rejections,
    ILogger log)
{
    private const int PageRows = 1_000;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (index.StoppedCleanly) return;
        await CheckRowsAsync(cancellationToken);
        await SweepAsync(cancellationToken);
    }

    private async Task CheckRowsAsync(CancellationToken cancellationToken)
    {
        var after = index.VerifiedTo;
        while (await index.ListAsync(after, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            ArchiveLog.Checking(log, options.NodeId, rows.Count);
            var broken = new List<long>();
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (IsWhole(row))
                {
                    await ReapplyAsync(row);
                    continue;
                }

                ArchiveLog.RowDropped(log, options.NodeId, row.RowId);
                broken.Add(row.RowId);
            }

            if (broken.Count > 0) await index.RemoveAsync(broken, cancellationToken);
            after = rows[^1].RowId;
            await index.MarkVerifiedAsync(after, cancellationToken);
        }
    }

    private bool IsWhole(IndexedInstance row)
    {
        var path = folders.PathOf(row.File.FileName);
        if (surroundings.Disk.FileLength(path) != row.File.Length) return false;
        using var stream = surroundings.Disk.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == row.File.Sha256;
    }

    // The crash may have come between the row of a note and its effect; hiding again changes nothing.
    private async Task ReapplyAsync(IndexedInstance row)
    {
        if (row.SopClassUid != SopClass.KeyObjectSelectionDocumentStorage || !row.Visible) return;
        var sender = row.File.SenderAe.ToString();
        if (rejections.TryRead(folders.PathOf(row.File.FileName), sender) is { } note)
            await rejections.ApplyAsync(note, sender);
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
