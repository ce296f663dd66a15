using System.Globalization;
using Drimbox.Archive.Completeness;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>An instance with everything that is kept of it.</summary>
/// <param name="Further">Renditions of the version that stands and files of prior versions, in the order of
/// insertion.</param>
/// <param name="Events">What was done to it, the oldest first.</param>
public sealed record InstanceVersions(
    IndexedInstance Instance, IReadOnlyList<FurtherFile> Further, IReadOnlyList<ArchiveEvent> Events);

/// <summary>What an administrator sees of prior versions and of the quarantine, and does about them (docs/adr/0017).
/// What is released or restored gets a copy under the name of its new version first, so that no crash leaves a file
/// without a row or a row without a file.</summary>
public sealed class KeptFiles
{
    private const int CopyBytes = 128 * 1024;

    private readonly ArchiveOptions _options;
    private readonly Disk _disk;
    private readonly InstanceFolders _folders;
    private readonly ArchiveIndex _index;
    private readonly Arrivals _arrivals;
    private readonly Rejections _rejections;
    private readonly StudyTransfers _transfers;
    private readonly ILogger _log;
    private readonly string _root;

    internal KeptFiles(
        ArchiveOptions options,
        Disk disk,
        InstanceFolders folders,
        ArchiveIndex index,
        Arrivals arrivals,
        Rejections rejections,
        StudyTransfers transfers,
        ILogger log)
    {
        (_options, _disk, _folders, _index) = (options, disk, folders, index);
        (_arrivals, _rejections, _transfers, _log) = (arrivals, rejections, transfers, log);
        _root = folders.PathOf("");
    }

    /// <summary>Up to <see cref="Limits.KeptFilesListedMax"/> quarantined objects after a row.</summary>
    public Task<IReadOnlyList<QuarantinedFile>> ListQuarantineAsync(
        long afterRowId, CancellationToken cancellationToken) =>
        _index.ListQuarantineAsync(afterRowId, Limits.KeptFilesListedMax, cancellationToken);

    public Task<QuarantinedFile?> FindQuarantinedAsync(long rowId, CancellationToken cancellationToken) =>
        _index.FindQuarantinedAsync(rowId, cancellationToken);

    /// <summary>Up to <see cref="Limits.KeptFilesListedMax"/> instances that have prior versions, after a row.</summary>
    public Task<IReadOnlyList<IndexedInstance>> ListVersionedAsync(
        long afterRowId, CancellationToken cancellationToken) =>
        _index.ListVersionedAsync(afterRowId, Limits.KeptFilesListedMax, cancellationToken);

    /// <summary>Null: no such instance.</summary>
    public async Task<InstanceVersions?> VersionsOfAsync(Uid sopInstanceUid, CancellationToken cancellationToken) =>
        await _index.FindInstanceAsync(sopInstanceUid, cancellationToken) is { } instance
            ? new InstanceVersions(
                instance, await _index.FilesOfAsync(instance.RowId, cancellationToken),
                await _index.EventsOfAsync(sopInstanceUid, cancellationToken))
            : null;

    /// <summary>Makes a quarantined object the version that stands under its UID.</summary>
    /// <exception cref="StorageFaultException">Nothing was changed.</exception>
    public async Task<Refusal?> ReleaseAsync(long rowId, string actor, CancellationToken cancellationToken)
    {
        for (var round = 0; round < Limits.DuplicateRoundsMax; round++)
        {
            if (await _index.FindQuarantinedAsync(rowId, cancellationToken) is not { } quarantined)
                return new Refusal(RefusalReason.UnknownTarget, "Nothing in quarantine has this number.");
            if (Read(quarantined.File) is not { } record) return NotAsStored();
            var sender = record.File.SenderAe.ToString();
            record = _rejections.WithHiding(record, _folders.PathOf(record.File.FileName), sender);
            var uid = record.Instance.SopInstanceUid;
            using var turn = await _arrivals.BeginAsync(uid);
            var standing = await _index.StandingAsync(uid, cancellationToken);
            if (standing is not null && Stands(standing.Instance, record))
                return new Refusal(RefusalReason.WrongState, "These bytes stand already; drop them here.");
            var version = (standing?.Instance.Version ?? 0) + 1;
            var copy = Copy(record, version, isHidden: standing is { Instance.Visible: false });
            if (await CommitAsync([copy], () => _index.ReleaseAsync(
                quarantined, standing, copy, version, actor, CancellationToken.None)) is not { } done) continue;
            _rejections.Log(record, sender, done.Hidden);
            if (standing is not null) _transfers.Changed(standing.Instance.StudyInstanceUid);
            _transfers.Changed(record.Study.StudyInstanceUid);
            ArchiveLog.Administered(_log, _options.NodeId, actor, "released", $"quarantined object {rowId}");
            return null;
        }

        return Contended();
    }

    /// <summary>Removes a quarantined object for good.</summary>
    public async Task<Refusal?> DropQuarantinedAsync(long rowId, string actor, CancellationToken cancellationToken)
    {
        if (await _index.DropQuarantinedAsync(rowId, actor, cancellationToken) is not { } name)
            return new Refusal(RefusalReason.UnknownTarget, "Nothing in quarantine has this number.");
        _disk.Unlink(_folders.PathOf(name));
        ArchiveLog.Administered(_log, _options.NodeId, actor, "dropped", $"quarantined object {rowId}");
        return null;
    }

    /// <summary>Makes a prior version, with all its renditions, the one that stands; the present one is kept as a prior
    /// version.</summary>
    /// <inheritdoc cref="ReleaseAsync" path="/exception"/>
    public async Task<Refusal?> RestoreAsync(
        Uid sopInstanceUid, int version, string actor, CancellationToken cancellationToken)
    {
        for (var round = 0; round < Limits.DuplicateRoundsMax; round++)
        {
            using var turn = await _arrivals.BeginAsync(sopInstanceUid);
            var standing = await _index.StandingAsync(sopInstanceUid, cancellationToken);
            if (standing is null) return NoInstance();
            if (standing.Instance.Version == version)
                return new Refusal(RefusalReason.WrongState, "This version stands already.");
            var prior = (await _index.FilesOfAsync(standing.Instance.RowId, cancellationToken))
                .Where(file => file.Version == version).OrderBy(file => file.File.ReceivedAt).ToList();
            if (prior.Count == 0) return NoVersion();
            var records = prior.Select(file => Read(file.File)).OfType<InstanceRecord>().ToList();
            if (records.Count < prior.Count) return NotAsStored();
            var copies = records.ConvertAll(record =>
                Copy(record, standing.Instance.Version + 1, isHidden: !standing.Instance.Visible));
            if (await CommitAsync(copies, () => _index.RestoreAsync(
                standing, version, copies, actor, CancellationToken.None)) is null) continue;
            _transfers.Changed(standing.Instance.StudyInstanceUid);
            _transfers.Changed(records[0].Study.StudyInstanceUid);
            ArchiveLog.Administered(
                _log, _options.NodeId, actor, "restored", $"version {Text(version)} of row {Text(standing.Instance.RowId)}");
            return null;
        }

        return Contended();
    }

    /// <summary>Removes a prior version for good.</summary>
    public async Task<Refusal?> DropVersionAsync(
        Uid sopInstanceUid, int version, string actor, CancellationToken cancellationToken)
    {
        if (await _index.FindInstanceAsync(sopInstanceUid, cancellationToken) is not { } instance) return NoInstance();
        if (instance.Version == version)
            return new Refusal(RefusalReason.WrongState, "This version stands; restore another one first.");
        if (instance.SopClassUid == SopClass.KeyObjectSelectionDocumentStorage)
        {
            // What it hid would be visible again once the index is made from the files.
            return new Refusal(
                RefusalReason.WrongState, "A Key Object Selection may have hidden instances: its versions are kept.");
        }

        var freed = await _index.DropVersionAsync(sopInstanceUid, version, actor, cancellationToken);
        if (freed.Count == 0) return NoVersion();
        foreach (var name in freed) _disk.Unlink(_folders.PathOf(name));
        ArchiveLog.Administered(
            _log, _options.NodeId, actor, "dropped", $"version {Text(version)} of row {Text(instance.RowId)}");
        return null;
    }

    private static bool Stands(IndexedInstance instance, InstanceRecord record) =>
        (instance.TransferSyntaxUid == record.Instance.TransferSyntaxUid
            && instance.File.DataSetSha256 == record.File.DataSetSha256)
        || instance.Renditions.Any(r => r.TransferSyntaxUid == record.Instance.TransferSyntaxUid
            && r.File.DataSetSha256 == record.File.DataSetSha256);

    private static Refusal NoInstance() => new(RefusalReason.UnknownTarget, "No instance has this SOP Instance UID.");

    private static Refusal NoVersion() => new(RefusalReason.UnknownTarget, "The instance has no such prior version.");

    private static Refusal Contended() => new(
        RefusalReason.Unavailable, "The instance changed each time that this was tried; try again.");

    private static Refusal NotAsStored() => new(
        RefusalReason.WrongState, "A file is not what was stored, or not a DICOM instance; it is left as it is.");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <returns>Null if its bytes are not those that were stored.</returns>
    private InstanceRecord? Read(InstanceFile file)
    {
        var scan = FileScan.Read(_disk, _root, file.FileName);
        return scan.File.Digest == file.Digest ? scan.Record : null;
    }

    private InstanceRecord Copy(InstanceRecord record, int version, bool isHidden)
    {
        var name = FileNames.OfVersion(_folders.NewName(out _), version, isHidden, record.File.ReceivedAt);
        var path = _folders.PathOf(name);
        try
        {
            using var digest = new FileDigest();
            using (var from = _disk.OpenRead(_folders.PathOf(record.File.FileName)))
            using (var to = _disk.Create(path))
            {
                var buffer = new byte[CopyBytes];
                int count;
                while ((count = from.Read(buffer)) > 0)
                {
                    digest.Append(buffer.AsSpan(0, count));
                    to.Write(buffer.AsSpan(0, count));
                }

                to.Sync();
            }

            _disk.SyncDirectory(Path.GetDirectoryName(path)!);
            if (digest.Finish().Digest != record.File.Digest)
                throw new StorageFaultException(StorageFault.Corrupt, "A file changed while it was copied.");
        }
        catch (IOException)
        {
            _disk.TryUnlink(path);
            throw;
        }

        return record with { File = record.File with { FileName = name } };
    }

    /// <returns>False if something changed meanwhile; the copies are gone then.</returns>
    private async Task<SettleResult.Done?> CommitAsync(IReadOnlyList<InstanceRecord> copies, Func<Task<SettleResult>> commit)
    {
        IReadOnlyList<string> gone = [.. copies.Select(copy => copy.File.FileName)];
        try
        {
            if (await commit() is not SettleResult.Done done) return null;
            gone = done.Freed;
            return done;
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.Unresolved)
        {
            // There may be rows of them.
            gone = [];
            throw;
        }
        finally
        {
            foreach (var name in gone) _disk.TryUnlink(_folders.PathOf(name));
        }
    }
}
