using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>What a backup or a restore has done so far.</summary>
public sealed class BackupCount
{
    private long _files;
    private long _bytes;
    private long _linked;

    /// <summary>Files of the node that the copy has, those that it had before included.</summary>
    public long Files => Interlocked.Read(ref _files);

    /// <summary>Of those files.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>How many of them share their bytes with the original.</summary>
    public long Linked => Interlocked.Read(ref _linked);

    internal void Add(long bytes, bool isLink = false)
    {
        Interlocked.Increment(ref _files);
        Interlocked.Add(ref _bytes, bytes);
        if (isLink) Interlocked.Increment(ref _linked);
    }
}

/// <summary>
/// Copies the folder of a node while it works: the databases first, then the files. A database names only files that
/// were durable before it did, files never change, and none is unlinked while the copy is made (the caller sees to
/// that): so every file that the copied database names is there to be copied after it. Files that came meanwhile are
/// copied too, have no row, and go with the sweep of the first start.
/// </summary>
public static class NodeBackup
{
    private const int CopyBytes = 1024 * 1024;

    /// <summary>Copies every database of a node as of one moment, while others write to it.</summary>
    /// <exception cref="StorageFaultException">A disk or database failed, or there is no room.</exception>
    public static void CopyDatabases(Disk disk, string nodeFolder, string target, CancellationToken cancellationToken)
    {
        disk.MakeDirectory(target);
        foreach (var path in disk.EnumerateFiles(nodeFolder))
        {
            if (!path.EndsWith(".db", StringComparison.Ordinal)) continue;
            var copy = Path.Combine(target, Path.GetFileName(path));
            disk.Unlink(copy + ".new");
            using (var db = SqliteDatabase.OpenReader(path))
            {
                // It writes to the copy alone, which is what this setting would refuse.
                db.Execute("PRAGMA query_only = OFF");
                using var registration = cancellationToken.UnsafeRegister(static d => ((SqliteDatabase)d!).Interrupt(), db);
                using var vacuum = db.Prepare("VACUUM INTO ?");
                vacuum.Add(copy + ".new");
                try
                {
                    vacuum.Step();
                }
                catch (StorageFaultException) when (cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(cancellationToken);
                }
            }

            disk.SyncFile(copy + ".new");
            disk.Rename(copy + ".new", copy);
        }
    }

    /// <summary>Gives every file in the folders of a node a second name in the copy, or copies it where that cannot
    /// be. One that the copy has already is left alone: files never change.</summary>
    /// <inheritdoc cref="CopyDatabases"/>
    public static void CopyFiles(
        Disk disk, string nodeFolder, string target, bool mayLink, BackupCount count, CancellationToken cancellationToken)
    {
        foreach (var folder in disk.EnumerateDirectories(nodeFolder))
            CopyFolder(disk, folder, Path.Combine(target, Path.GetFileName(folder)), mayLink, count, cancellationToken);
    }

    /// <summary>Copies one file durably.</summary>
    /// <returns>The <see cref="FileDigest"/> of what was copied, and its length.</returns>
    internal static (string Digest, long Length) CopyFile(
        Disk disk, string from, string to, CancellationToken cancellationToken)
    {
        using var digest = new FileDigest();
        var buffer = new byte[CopyBytes];
        using var source = disk.OpenRead(from);
        using var copy = disk.Create(to);
        try
        {
            int read;
            while ((read = source.Read(buffer)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                digest.Append(buffer.AsSpan(0, read));
                copy.Write(buffer.AsSpan(0, read));
            }

            copy.Sync();
        }
        catch
        {
            // Half a file would pass for a whole one the next time.
            disk.TryUnlink(to);
            throw;
        }

        return (digest.Finish().Digest, copy.Length);
    }

    private static void CopyFolder(
        Disk disk, string folder, string target, bool mayLink, BackupCount count, CancellationToken cancellationToken)
    {
        disk.MakeDirectory(target);
        foreach (var file in disk.EnumerateFiles(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                CopyOne(disk, file, Path.Combine(target, Path.GetFileName(file)), mayLink, count, cancellationToken);
            }
            catch (StorageFaultException e) when (e.Fault == StorageFault.Absent && !disk.FileExists(file))
            {
                // Listed, then dropped before it was acknowledged.
            }
        }

        disk.SyncDirectory(target);
        foreach (var below in disk.EnumerateDirectories(folder))
            CopyFolder(disk, below, Path.Combine(target, Path.GetFileName(below)), mayLink, count, cancellationToken);
    }

    private static void CopyOne(
        Disk disk, string file, string copy, bool mayLink, BackupCount count, CancellationToken cancellationToken)
    {
        var length = disk.FileLength(file);
        // A file that was still being written when it was copied has grown since.
        if (disk.FileLength(copy) is var there and >= 0)
        {
            if (there == length)
            {
                count.Add(length);
                return;
            }

            disk.Unlink(copy);
        }

        var isLink = mayLink && disk.TryLink(file, copy);
        if (!isLink) CopyFile(disk, file, copy, cancellationToken);
        count.Add(length, isLink);
    }
}
