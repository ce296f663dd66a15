using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>Versions, renditions and quarantine (docs/adr/0017).</summary>
public sealed partial class ArchiveIndex
{
    /// <summary>As <see cref="VerifiedTo"/>, for the rows of further files.</summary>
    public long FurtherVerifiedTo { get; }

    /// <summary>What stands under a UID, hidden or not; null if nothing does.</summary>
    public Task<StandingInstance?> StandingAsync(Uid sopInstanceUid, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => KeptFileWrites.Standing(db, sopInstanceUid), cancellationToken);

    /// <summary>Makes an arrival the version that stands, and keeps what it replaces as a prior version.</summary>
    /// <param name="expected">What was decided on.</param>
    /// <exception cref="StorageFaultException">Nothing was written.</exception>
    public Task<SettleResult> ReplaceAsync(
        StandingInstance expected,
        InstanceRecord record,
        string actor,
        CancellationToken cancellationToken) =>
        SettleAsync(
            record.Instance.SopInstanceUid, expected, record.Hides, [record.File],
            db =>
            {
                var former = expected.Instance;
                var freed = Replace(db, former, record, former.Version + 1);
                Log(db, actor, "replaced", former.SopInstanceUid, $"{former.Version} by {former.Version + 1}");
                return freed;
            },
            cancellationToken);

    /// <summary>Keeps an arrival as a further rendition of the version that stands.</summary>
    /// <inheritdoc cref="ReplaceAsync"/>
    public Task<SettleResult> AddRenditionAsync(
        StandingInstance expected, InstanceRecord record, string actor, CancellationToken cancellationToken) =>
        SettleAsync(
            record.Instance.SopInstanceUid, expected, record.Hides, [record.File],
            db =>
            {
                KeptFileWrites.AddRendition(db, expected.Instance, record);
                CompletenessTable.Reopen(db, expected.Instance.StudyInstanceUid, record.File.ReceivedAt);
                Log(
                    db, actor, "rendition-kept", expected.Instance.SopInstanceUid,
                    record.Instance.TransferSyntaxUid.ToString());
                return [];
            },
            cancellationToken);

    /// <summary>Quarantines an arrival. What is there already with the same bytes is not kept twice: then its own file
    /// is among those that are freed.</summary>
    /// <inheritdoc cref="ReplaceAsync"/>
    public Task<SettleResult> QuarantineAsync(
        StandingInstance expected, QuarantinedFile file, string actor, CancellationToken cancellationToken) =>
        SettleAsync(
            file.SopInstanceUid, expected, null, [file.File],
            db =>
            {
                if (QuarantineTable.Has(db, file)) return [file.File.FileName];
                QuarantineTable.Insert(db, file);
                Log(db, actor, "quarantined", file.SopInstanceUid, file.Reason.ToString());
                return [];
            },
            cancellationToken);

    /// <summary>Takes a file into quarantine that lies there without a row.</summary>
    /// <returns>False if the same bytes are there already.</returns>
    public Task<bool> AdoptQuarantinedAsync(QuarantinedFile file, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                if (!file.SopInstanceUid.IsEmpty && QuarantineTable.Has(db, file)) return false;
                QuarantineTable.Insert(db, file);
                return true;
            },
            cancellationToken);

    /// <summary>What is in quarantine, after a row, in the order of arrival.</summary>
    public Task<IReadOnlyList<QuarantinedFile>> ListQuarantineAsync(
        long afterRowId, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => QuarantineTable.After(db, afterRowId, max), cancellationToken);

    public Task<QuarantinedFile?> FindQuarantinedAsync(long rowId, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => QuarantineTable.Find(db, rowId), cancellationToken);

    /// <summary>Makes a quarantined object the version that stands, or takes it in if nothing does.</summary>
    /// <param name="expected">Null: nothing stands under its UID.</param>
    /// <param name="record">With the file that it has from now on.</param>
    /// <returns>Freed: its file of the quarantine, and those of <see cref="ReplaceAsync"/>.</returns>
    public Task<SettleResult> ReleaseAsync(
        QuarantinedFile quarantined,
        StandingInstance? expected,
        InstanceRecord record,
        int version,
        string actor,
        CancellationToken cancellationToken) =>
        SettleAsync(
            record.Instance.SopInstanceUid, expected, record.Hides, [record.File],
            db =>
            {
                // Null if another released or dropped it meanwhile: then nothing of this is wanted.
                if (QuarantineTable.Delete(db, quarantined.RowId) is not { } name) return null;
                var freed = expected is null ? [] : Replace(db, expected.Instance, record, version);
                if (expected is null) InsertAt(db, record, version);
                Log(db, actor, "released", record.Instance.SopInstanceUid, $"{quarantined.RowId} as {version}");
                return [name, .. freed];
            },
            cancellationToken);

    /// <returns>Its file, to be unlinked; null if it is not in quarantine.</returns>
    public Task<string?> DropQuarantinedAsync(long rowId, string actor, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                if (QuarantineTable.Find(db, rowId) is not { } file) return null;
                Log(db, actor, "dropped", file.SopInstanceUid, $"quarantined {rowId}");
                return QuarantineTable.Delete(db, rowId);
            },
            cancellationToken);

    /// <summary>The further files of an instance, in the order of insertion.</summary>
    public Task<IReadOnlyList<FurtherFile>> FilesOfAsync(long instanceRowId, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => KeptFileWrites.FilesOf(db, instanceRowId), cancellationToken);

    /// <summary>Further files after a row with the row of their instance: for the start-up check and the
    /// scrubber.</summary>
    public Task<IReadOnlyList<(FurtherFile File, long Instance)>> ListFurtherAsync(
        long afterRowId, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => KeptFileWrites.After(db, afterRowId, max), cancellationToken);

    public Task<IndexedInstance?> FindInstanceAsync(long rowId, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db =>
            {
                var row = db.Use(ArchiveWrites.InstanceColumns + " WHERE i.id = ?").Add(rowId);
                var instance = row.Step() ? ArchiveWrites.ReadInstance(db, row) : null;
                row.Reset();
                return instance;
            },
            cancellationToken);

    /// <summary>Instances that have prior versions, after a row.</summary>
    public Task<IReadOnlyList<IndexedInstance>> ListVersionedAsync(
        long afterRowId, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<IndexedInstance>>(
            db =>
            {
                // By the table of further files, which is small, and not by all instances.
                var rows = db.Use($"""
                    {ArchiveWrites.InstanceColumns}
                    WHERE i.id IN (
                        SELECT f.instance FROM further_file f JOIN instance j ON j.id = f.instance
                        WHERE f.instance > ? AND f.version <> j.version ORDER BY f.instance)
                    ORDER BY i.id LIMIT ?
                    """).Add(afterRowId).Add(max);
                var instances = new List<IndexedInstance>();
                while (rows.Step()) instances.Add(ArchiveWrites.ReadInstance(db, rows));
                rows.Reset();
                return instances;
            },
            cancellationToken);

    /// <summary>Makes a prior version the one that stands, under a new number.</summary>
    /// <param name="version">The prior one.</param>
    /// <param name="renditions">Its renditions, each with the file that it has from now on; the first is that of the
    /// row.</param>
    /// <returns>Freed: the files that the prior version had.</returns>
    public Task<SettleResult> RestoreAsync(
        StandingInstance expected,
        int version,
        IReadOnlyList<InstanceRecord> renditions,
        string actor,
        CancellationToken cancellationToken) =>
        SettleAsync(
            expected.Instance.SopInstanceUid, expected, null, renditions.Select(rendition => rendition.File),
            db =>
            {
                var former = expected.Instance;
                var freed = KeptFileWrites.DropVersion(db, former.RowId, version);
                if (freed.Count != renditions.Count) return null;
                var next = former.Version + 1;
                freed.AddRange(Replace(db, former, renditions[0], next));
                foreach (var rendition in renditions.Skip(1))
                    KeptFileWrites.AddRendition(db, former with { Version = next }, rendition);
                Log(db, actor, "restored", former.SopInstanceUid, $"{version} as {next}");
                return freed;
            },
            cancellationToken);

    /// <summary>Drops a prior version.</summary>
    /// <returns>Its files, to be unlinked; none if there is no such prior version.</returns>
    public Task<IReadOnlyList<string>> DropVersionAsync(
        Uid sopInstanceUid, int version, string actor, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<string>>(
            db =>
            {
                if (ArchiveWrites.FindInstance(db, sopInstanceUid) is not { } instance) return [];
                if (instance.Version == version) return [];
                var freed = KeptFileWrites.DropVersion(db, instance.RowId, version);
                if (freed.Count > 0)
                    Log(db, actor, "dropped", sopInstanceUid, $"version {KeptFileWrites.Version(version)}");
                return freed;
            },
            cancellationToken);

    /// <summary>What was done to the files of an instance, the oldest first.</summary>
    public Task<IReadOnlyList<ArchiveEvent>> EventsOfAsync(Uid sopInstanceUid, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<ArchiveEvent>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT at, actor, action, detail FROM archive_event WHERE sop_instance_uid = ? ORDER BY id
                    """).Add(sopInstanceUid.ToString());
                var events = new List<ArchiveEvent>();
                while (rows.Step())
                {
                    events.Add(new ArchiveEvent(
                        rows.Time(0), rows.Text(1), rows.Text(2), sopInstanceUid, rows.Text(3)));
                }

                rows.Reset();
                return events;
            },
            cancellationToken);

    /// <summary>Drops rows of further files that are not whole.</summary>
    public Task RemoveFurtherAsync(IReadOnlyList<long> rowIds, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                foreach (var id in rowIds)
                {
                    var instance = db.Use("DELETE FROM further_file WHERE id = ? RETURNING instance").Add(id).LongOrNone();
                    if (instance is null) continue;
                    db.Use("""
                        UPDATE instance SET renditions = (
                            SELECT count(*) FROM further_file f
                            WHERE f.instance = instance.id AND f.version = instance.version)
                        WHERE id = ?
                        """).Add(instance).Run();
                }

                return true;
            },
            cancellationToken);

    /// <summary>Makes a further file the one of the row, whose own is not whole; of that no row is kept.</summary>
    public Task ReplaceLostAsync(
        IndexedInstance lost, InstanceRecord record, FurtherFile by, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                KeptFileWrites.ReplaceLost(db, lost, record, by);
                return true;
            },
            cancellationToken);

    /// <summary>As <see cref="MarkVerifiedAsync"/>, for the rows of further files.</summary>
    /// <param name="rowId">Null: all that there are.</param>
    public Task MarkFurtherVerifiedAsync(long? rowId, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                db.Use("""
                    UPDATE mark SET further_verified_to = coalesce(?1, (SELECT max(id) FROM further_file), 0)
                    WHERE further_verified_to < coalesce(?1, (SELECT max(id) FROM further_file), 0)
                    """).Add(rowId).Run();
                return true;
            },
            cancellationToken);

    /// <summary>Takes in a file whose fate its name tells: for the index that is made again from its files, in the
    /// order in which they came.</summary>
    /// <param name="version">0: the name says nothing, as that of a first arrival.</param>
    public Task<AdoptedAs> AdoptAsync(InstanceRecord record, int version, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                var adopted = Adopt(db, record, version);
                if (adopted != AdoptedAs.Undecided) Hide(db, record.Hides);
                return adopted;
            },
            cancellationToken);

    /// <summary>Instances that rejection notes hide.</summary>
    public Task<int> HiddenCountAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => (int)db.Use("SELECT count(*) FROM instance WHERE visible = 0").LongOrNone()!.Value, cancellationToken);

    // The study that it leaves and the one that it joins are not what was told of them.
    private List<string> Replace(DatabaseConnection db, IndexedInstance former, InstanceRecord record, int version)
    {
        var freed = KeptFileWrites.Replace(db, former, record, version);
        CompletenessTable.Reopen(db, former.StudyInstanceUid, _clock.DatabaseNow());
        CompletenessTable.Reopen(db, record.Study.StudyInstanceUid, _clock.DatabaseNow());
        return freed;
    }

    private static AdoptedAs Adopt(DatabaseConnection db, InstanceRecord record, int version)
    {
        if (ArchiveWrites.FindInstance(db, record.Instance.SopInstanceUid) is not { } standing)
        {
            InsertAt(db, record, Math.Max(version, 1));
            return AdoptedAs.Instance;
        }

        if (version == 0) return KeptFileWrites.Has(standing, record) ? AdoptedAs.SameBytes : AdoptedAs.Undecided;
        if (version < standing.Version)
        {
            KeptFileWrites.AddPrior(db, standing, record, version);
            return AdoptedAs.PriorVersion;
        }

        if (version > standing.Version)
        {
            KeptFileWrites.Replace(db, standing, record, version);
            return AdoptedAs.Version;
        }

        if (KeptFileWrites.Has(standing, record)) return AdoptedAs.SameBytes;
        KeptFileWrites.AddRendition(db, standing, record);
        return AdoptedAs.Rendition;
    }

    private static void InsertAt(DatabaseConnection db, InstanceRecord record, int version)
    {
        var inserted = ArchiveWrites.Insert(db, record) as InsertResult.Inserted;
        Core.Invariant.Holds(inserted is not null);
        if (version > 1) KeptFileWrites.SetVersion(db, inserted.RowId, record, version);
    }

    private void Log(DatabaseConnection db, string actor, string action, Uid sopInstanceUid, string detail) =>
        KeptFileWrites.Log(
            db, new ArchiveEvent(DatabaseTime.DatabaseNow(_clock), actor, action, sopInstanceUid, detail));

    /// <param name="files">That get a row by it.</param>
    /// <param name="change">The freed files; null: nothing is to be kept of it.</param>
    private Task<SettleResult> SettleAsync(
        Uid sopInstanceUid,
        StandingInstance? expected,
        InstanceHiding? hiding,
        IEnumerable<InstanceFile> files,
        Func<DatabaseConnection, IReadOnlyList<string>?> change,
        CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db =>
            {
                foreach (var file in files) RequireYoung(db, file);
                var standing = KeptFileWrites.Standing(db, sopInstanceUid);
                var isStill = expected is null ? standing is null : expected.IsStill(standing);
                return isStill && change(db) is { } freed
                    ? new Written<SettleResult>(new SettleResult.Done(freed, Hide(db, hiding)), Keep: true)
                    : new Written<SettleResult>(new SettleResult.Changed(standing), Keep: false);
            },
            cancellationToken);
}
