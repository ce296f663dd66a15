using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Drimbox.Archive;
using Drimbox.Gateway.Administration;
using Drimbox.Storage;

namespace Drimbox.Gateway.Hosting;

/// <summary>What <c>backup.json</c> says of a backup; it is written last, so a folder without it is none.</summary>
internal sealed record BackupManifest(string Version, DateTimeOffset BegunAt, DateTimeOffset EndedAt, IReadOnlyList<string> Nodes)
{
    public const string FileName = "backup.json";
}

/// <summary>How far a backup is.</summary>
/// <param name="State">none, databases, files, done, failed.</param>
internal sealed record BackupStatus(
    string State,
    string? Folder = null,
    DateTimeOffset? BegunAt = null,
    DateTimeOffset? EndedAt = null,
    long Files = 0,
    long Bytes = 0,
    long Linked = 0,
    string? Error = null);

/// <summary>The backups of a running process, one at a time: the databases of all nodes, then their files.</summary>
/// <param name="schemas">Of PostgreSQL, which are not its to back up.</param>
internal sealed class BackupJob(
    string dataFolder,
    IReadOnlyList<string> nodes,
    IReadOnlyList<string> schemas,
    ArchiveNode? archive,
    TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly BackgroundWork _work = new(time);
    private BackupStatus _status = new("none");
    private BackupCount _count = new();

    public BackupStatus Status
    {
        get
        {
            lock (_gate) return _status with { Files = _count.Files, Bytes = _count.Bytes, Linked = _count.Linked };
        }
    }

    /// <summary>Begins a backup.</summary>
    /// <param name="mayLink">Files share their bytes with the original where the file system is the same.</param>
    /// <returns>Why not, or null.</returns>
    public string? TryBegin(string folder, bool mayLink)
    {
        // Of one moment with the files it cannot be: docs/operations/backup.md says how pg_dump is.
        if (schemas.Count > 0)
        {
            return $"What is in PostgreSQL is not covered: back up {string.Join(", ", schemas.Select(s => $"'{s}'"))} "
                + "with pg_dump (one run for all of them), then copy the data folder.";
        }

        if (!Path.IsPathFullyQualified(folder)) return "The folder must be a full path.";
        var target = Path.GetFullPath(folder);
        if (BackgroundWork.IsWithin(dataFolder, target))
            return "The folder must not lie within the data folder.";
        return _work.TryBegin(
            () =>
            {
                lock (_gate)
                {
                    _count = new BackupCount();
                    _status = new BackupStatus("databases", target, time.GetUtcNow());
                }
            },
            stop => RunAsync(target, mayLink, stop))
            ? null
            : "A backup is under way: 'drimbox backup --status' shows it.";
    }

    /// <inheritdoc cref="BackgroundWork.WaitAsync"/>
    public Task WaitAsync(TimeSpan most, CancellationToken cancellation) => _work.WaitAsync(most, cancellation);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    [SuppressMessage("Design", "CA1031", Justification = "The top of a worker: whoever asked for the backup is told.")]
    private async Task RunAsync(string target, bool mayLink, CancellationToken stop)
    {
        try
        {
            await BackUpAsync(target, mayLink, stop);
            Set(status => status with { State = "done", EndedAt = time.GetUtcNow() });
        }
        catch (Exception e)
        {
            Set(status => status with { State = "failed", EndedAt = time.GetUtcNow(), Error = e.Message });
        }
    }

    private async Task BackUpAsync(string target, bool mayLink, CancellationToken cancellation)
    {
        var disk = Disk.Real;
        var begun = time.GetUtcNow();
        disk.MakeDirectory(target);
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // A backup into the folder of an older one is none until it is whole.
        disk.Unlink(Path.Combine(target, BackupManifest.FileName));
        using var hold = archive is null ? null : await archive.LifeCycle.HoldFilesAsync(cancellation);
        foreach (var node in nodes)
            NodeBackup.CopyDatabases(disk, Path.Combine(dataFolder, node), Path.Combine(target, node), cancellation);
        Set(status => status with { State = "files" });
        foreach (var node in nodes)
        {
            NodeBackup.CopyFiles(
                disk, Path.Combine(dataFolder, node), Path.Combine(target, node), mayLink, _count, cancellation);
        }

        var manifest = new BackupManifest(
            typeof(BackupJob).Assembly.GetName().Version!.ToString(3), begun, time.GetUtcNow(), nodes);
        using var file = disk.Create(Path.Combine(target, BackupManifest.FileName));
        file.Write(JsonSerializer.SerializeToUtf8Bytes(manifest, AdministrationJson.Options));
        file.Sync();
        disk.SyncDirectory(target);
    }

    private void Set(Func<BackupStatus, BackupStatus> change)
    {
        lock (_gate) _status = change(_status);
    }
}
