using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>How far the making of an index is.</summary>
public readonly record struct RebuildProgress(long Done, long Total);

/// <summary>What an index was made of.</summary>
/// <param name="Files">Read in all.</param>
/// <param name="Hidden">Instances that rejection notes hide.</param>
/// <param name="Quarantined">Files in quarantine, those of <paramref name="Found"/> included.</param>
/// <param name="Found">Files that were not in quarantine: not whole, or nothing says what was decided about them.</param>
/// <param name="Repeated">Files whose bytes are there a second time; no row names them.</param>
/// <param name="HistoryKept">What is not in the files was taken over from the former index: events and the outbox,
/// protections, corrections and accesses, completeness, and the hashes of what was received. If not, studies that were
/// protected are no longer, and each counts as retrieved today.</param>
/// <param name="Damaged">Files whose bytes are not those that were received, by the former index. They are not
/// served.</param>
/// <param name="StudiesOpen">Studies that are on their way, and will be announced.</param>
/// <param name="StudiesOld">Studies of which nothing else is known and whose newest image came more than a day before:
/// taken to be complete, and not announced.</param>
public sealed record RebuildReport(
    long Files,
    long Instances,
    long Renditions,
    long PriorVersions,
    long Hidden,
    long Quarantined,
    long Found,
    long Repeated,
    bool HistoryKept,
    long Damaged,
    long StudiesOpen,
    long StudiesOld);

/// <summary>
/// Makes the index of an archive from its files alone, while no process uses the store. The new index is made beside
/// the present one and takes its place at the end; an interruption at any point leaves a store that starts, or one that
/// says that this is to be run again. Nothing of the files is changed.
/// </summary>
/// <param name="postgres">Where the index is; null: a file in the folder.</param>
/// <param name="sharedFolder">Where the files are that several processes stored; null: in the folder of the node.</param>
public sealed class IndexRebuild(
    string dataFolder,
    string nodeId,
    ArchiveSurroundings surroundings,
    PostgresOptions? postgres = null,
    string? sharedFolder = null)
{
    private const string FormerName = "archive.db.before-rebuild";

    private readonly string _root = sharedFolder ?? Path.Combine(dataFolder, nodeId);
    private readonly Disk _disk = surroundings.Disk;
    private readonly Dictionary<Uid, string> _rejected = [];
    private readonly List<Uid> _hidden = [];
    private readonly Queue<(Task<AdoptedAs> Adopted, FileScan Scan)> _pending = [];
    private readonly long[] _adopted = new long[Enum.GetValues<AdoptedAs>().Length];
    private long _found;
    private long _quarantined;

    private string Work => Path.Combine(_root, "rebuild");

    /// <summary>A store whose index is gone is not started: an empty index would call all its files orphans.</summary>
    /// <exception cref="StorageFaultException">It is so.</exception>
    internal static async Task RefuseIfLostAsync(ArchiveIndexOptions index, CancellationToken cancellationToken)
    {
        if (await ArchiveIndex.ExistsAsync(index, cancellationToken)) return;
        if (!InstanceFolders.Files(index.Disk, index.Folder).Any()) return;
        // Another process may have made it meanwhile, and stored something.
        if (await ArchiveIndex.ExistsAsync(index, cancellationToken)) return;
        throw new StorageFaultException(
            StorageFault.Absent,
            "The index of the archive is missing and its files are there: make it again with 'drimbox index rebuild'.");
    }

    /// <exception cref="StorageFaultException">The store is in use, is none, or the disk failed: the present index is
    /// still there.</exception>
    public async Task<RebuildReport> RunAsync(
        IProgress<RebuildProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (!_disk.DirectoryExists(Path.Combine(_root, "instances")))
            throw new StorageFaultException(StorageFault.Absent, $"'{_root}' is not the folder of an archive.");
        using var held = _disk.Lock(Path.Combine(_root, "archive.lock"));
        using var rebuild = postgres is null ? null : PostgresRebuild.Begin(postgres);
        Clear();
        _disk.MakeDirectory(Work);
        var instances = InOrder(InstanceFolders.Files(_disk, _root)).ToList();
        var aside = InstanceFolders.AsideFiles(_disk, _root).Order(StringComparer.Ordinal).ToList();
        var total = instances.Count + aside.Count;
        int hidden;
        await using (var index = await ArchiveIndex.OpenAsync(
            new ArchiveIndexOptions
            {
                Folder = Work, Postgres = rebuild?.Made, Disk = _disk, Clock = surroundings.Time,
            },
            cancellationToken))
        {
            var rejections = new Rejections(
                new ArchiveOptions { NodeId = nodeId, DataFolder = dataFolder, AeTitle = AeTitle.Parse("REBUILD") },
                surroundings, surroundings.Log.CreateLogger<IndexRebuild>());
            long done = 0;
            await foreach (var scan in ScanAsync(instances, cancellationToken))
            {
                await AdoptAsync(index, rejections, scan, cancellationToken);
                progress?.Report(new RebuildProgress(++done, total));
            }

            await DrainAsync(index, 0, cancellationToken);
            hidden = await HideAsync(index, cancellationToken);
            await foreach (var scan in ScanAsync(aside, cancellationToken))
            {
                var reason = FileNames.RoleOf(scan.File.FileName).Quarantine;
                await QuarantineAsync(
                    index, scan, reason == QuarantineReason.None ? QuarantineReason.Undecided : reason, cancellationToken);
                progress?.Report(new RebuildProgress(++done, total));
            }
        }

        var taken = rebuild?.Finish(surroundings.Time.GetUtcNow()) ?? TakeOver();
        Clear();
        return new RebuildReport(
            total, Count(AdoptedAs.Instance), Count(AdoptedAs.Rendition),
            Count(AdoptedAs.PriorVersion) + Count(AdoptedAs.Version), hidden, _quarantined, _found,
            Count(AdoptedAs.SameBytes), taken.IsKept, taken.Damaged, taken.StudiesOpen, taken.StudiesOld);
    }

    // Folders are filled one after the other by one process, whose clock may have been put back; by several, side by side.
    private IEnumerable<string> InOrder(IEnumerable<string> names) => sharedFolder is null
        ? names.OrderBy(name => Path.GetDirectoryName(name)!.Length).ThenBy(name => name, StringComparer.Ordinal)
        : names.OrderBy(Path.GetFileName, StringComparer.Ordinal);

    private TakenOver TakeOver()
    {
        var taken = ArchiveIndex.TakeOverHistory(
            FormerIndex(), Path.Combine(Work, "archive.db"), surroundings.Time.GetUtcNow());
        _disk.SyncDirectory(Work);
        PostgresOptions.Leave(_disk, _root);
        Swap();
        return taken;
    }

    private long Count(AdoptedAs what) => _adopted[(int)what];

    // A few files are read ahead; they come out in their order.
    private async IAsyncEnumerable<FileScan> ScanAsync(
        List<string> names,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reading = new Queue<Task<FileScan>>();
        foreach (var name in names)
        {
            if (reading.Count == Limits.RebuildFilesAhead) yield return await reading.Dequeue();
            cancellationToken.ThrowIfCancellationRequested();
            reading.Enqueue(Task.Run(() => FileScan.Read(_disk, _root, name), cancellationToken));
        }

        while (reading.TryDequeue(out var last)) yield return await last;
    }

    private async Task AdoptAsync(
        ArchiveIndex index, Rejections rejections, FileScan scan, CancellationToken cancellationToken)
    {
        var role = FileNames.RoleOf(scan.File.FileName);
        if (scan.Record is not { } record || (!scan.IsWhole && role.Version == 0))
        {
            _found++;
            await QuarantineAsync(index, scan, QuarantineReason.Incomplete, cancellationToken);
            return;
        }

        if (role.WasHidden) _hidden.Add(record.Instance.SopInstanceUid);
        record = rejections.WithHiding(record, Path.Combine(_root, scan.File.FileName), scan.File.SenderAe.ToString());
        if (record.Hides is { } hiding)
        {
            foreach (var uid in hiding.SopInstanceUids) _rejected[uid] = hiding.Reason;
        }

        // They share transactions, in the order of the calls: a note hides what came before it, and nothing that came after.
        _pending.Enqueue((index.AdoptAsync(record, role.Version, cancellationToken), scan));
        await DrainAsync(index, Limits.CommitGroupMax, cancellationToken);
    }

    private async Task DrainAsync(ArchiveIndex index, int left, CancellationToken cancellationToken)
    {
        while (_pending.Count > left)
        {
            var (adopted, scan) = _pending.Dequeue();
            var how = await adopted;
            _adopted[(int)how]++;
            if (how != AdoptedAs.Undecided) continue;
            _found++;
            await QuarantineAsync(index, scan, QuarantineReason.Undecided, cancellationToken);
        }
    }

    private async Task QuarantineAsync(
        ArchiveIndex index, FileScan scan, QuarantineReason reason, CancellationToken cancellationToken)
    {
        if (await index.AdoptQuarantinedAsync(scan.ToQuarantined(reason), cancellationToken)) _quarantined++;
        else _adopted[(int)AdoptedAs.SameBytes]++;
    }

    // Their first version may be gone, and with it the order of it and the note.
    private async Task<int> HideAsync(ArchiveIndex index, CancellationToken cancellationToken)
    {
        foreach (var group in _hidden.GroupBy(uid => _rejected.GetValueOrDefault(uid, "")))
            await index.HideAsync(new InstanceHiding([.. group.Distinct()], group.Key), cancellationToken);
        return await index.HiddenCountAsync(cancellationToken);
    }

    private string? FormerIndex() =>
        new[] { "archive.db", FormerName }.Select(name => Path.Combine(_root, name)).FirstOrDefault(_disk.FileExists);

    // A write-ahead log belongs to the file of its name, whichever that is: it goes before a new file gets the name.
    // In between there is no index, and RefuseIfLost says so.
    private void Swap()
    {
        var index = Path.Combine(_root, "archive.db");
        var former = Path.Combine(_root, FormerName);
        if (_disk.FileExists(index))
        {
            _disk.Unlink(former + "-wal");
            _disk.Unlink(former + "-shm");
            _disk.Rename(index, former);
            if (_disk.FileExists(index + "-wal")) _disk.Rename(index + "-wal", former + "-wal");
        }

        _disk.Unlink(index + "-wal");
        _disk.Unlink(index + "-shm");
        _disk.SyncDirectory(_root);
        _disk.Rename(Path.Combine(Work, "archive.db"), index);
    }

    private void Clear()
    {
        if (!_disk.DirectoryExists(Work)) return;
        foreach (var file in _disk.EnumerateFiles(Work).ToList()) _disk.Unlink(file);
        Directory.Delete(Work);
    }
}
