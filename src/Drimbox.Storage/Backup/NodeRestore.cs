using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>Makes the folder of a node from its backup. The node must not run.</summary>
public static class NodeRestore
{
    private const int PageRows = 256;

    /// <summary>Copies a backup into the folder of a node, and compares each instance of an archive with the hash in
    /// its database on the way. One that is not there, or is not what was received, is marked as damaged.</summary>
    /// <param name="nodeFolder">Without a database.</param>
    /// <returns>How many instances are damaged.</returns>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Exists"/>: there is a database already;
    /// <see cref="StorageFault.InUse"/>: another process uses the folder; or the disk failed.</exception>
    public static long Restore(
        Disk disk, string backup, string nodeFolder, BackupCount count, CancellationToken cancellationToken)
    {
        disk.MakeDirectory(nodeFolder);
        var databases = disk.EnumerateFiles(backup)
            .Where(file => file.EndsWith(".db", StringComparison.Ordinal)).Select(Path.GetFileName).ToList();
        var locks = new List<IDisposable>();
        try
        {
            foreach (var name in databases)
                locks.Add(disk.Lock(Path.Combine(nodeFolder, Path.ChangeExtension(name!, ".lock"))));
            foreach (var name in databases)
            {
                if (!disk.FileExists(Path.Combine(nodeFolder, name!))) continue;
                throw new StorageFaultException(
                    StorageFault.Exists, $"'{nodeFolder}' holds a store already ({name}): move it away first.");
            }

            return Copy(disk, backup, nodeFolder, databases!, count, cancellationToken);
        }
        finally
        {
            foreach (var held in locks) held.Dispose();
        }
    }

    private static long Copy(
        Disk disk,
        string backup,
        string nodeFolder,
        List<string> databases,
        BackupCount count,
        CancellationToken cancellationToken)
    {
        // Under other names until all is there: a restore that was interrupted leaves no database, and is begun again.
        foreach (var name in databases)
        {
            disk.Unlink(Path.Combine(nodeFolder, name + ".restored"));
            NodeBackup.CopyFile(
                disk, Path.Combine(backup, name), Path.Combine(nodeFolder, name + ".restored"), cancellationToken);
        }

        var damaged = databases.Contains("archive.db")
            ? CopyInstances(disk, backup, nodeFolder, cancellationToken)
            : 0;
        NodeBackup.CopyFiles(disk, backup, nodeFolder, mayLink: false, count, cancellationToken);
        foreach (var name in databases)
            disk.Rename(Path.Combine(nodeFolder, name + ".restored"), Path.Combine(nodeFolder, name));
        return damaged;
    }

    private static long CopyInstances(
        Disk disk, string backup, string nodeFolder, CancellationToken cancellationToken)
    {
        using var db = SqliteDatabase.OpenExclusive(Path.Combine(nodeFolder, "archive.db.restored"));
        SqliteMigrations.Apply(db, ArchiveSchema.Migrations);
        long damaged = 0;
        long after = 0;
        while (ReadPage(db, after) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (TryCopy(disk, backup, nodeFolder, row.File, cancellationToken)) continue;
                damaged++;
                db.Use("UPDATE instance SET damaged_at = received_at WHERE id = ? AND damaged_at IS NULL")
                    .Add(row.RowId).Run();
            }

            after = page[^1].RowId;
        }

        return damaged;
    }

    private static bool TryCopy(
        Disk disk,
        string backup,
        string nodeFolder,
        InstanceFile file,
        CancellationToken cancellationToken)
    {
        var from = Path.Combine(backup, file.FileName);
        var to = Path.Combine(nodeFolder, file.FileName);
        if (!disk.FileExists(from)) return false;
        disk.MakeDirectory(Path.GetDirectoryName(to)!);
        // Of a restore that was interrupted; it may be half.
        disk.Unlink(to);
        var (digest, _) = NodeBackup.CopyFile(disk, from, to, cancellationToken);
        return digest == file.Digest;
    }

    private static List<IndexedInstance> ReadPage(SqliteDatabase db, long after)
    {
        var rows = db.Use(ArchiveWrites.InstanceColumns + " WHERE i.id > ? ORDER BY i.id LIMIT ?")
            .Add(after).Add(PageRows);
        var page = new List<IndexedInstance>();
        while (rows.Step()) page.Add(ArchiveWrites.ReadInstance(rows));
        rows.Reset();
        return page;
    }
}
