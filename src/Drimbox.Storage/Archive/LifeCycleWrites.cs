using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The writes of the life cycle, inside a transaction.</summary>
internal static class LifeCycleWrites
{
    /// <summary>accessed_on counts days since 1970 (UTC), 0: never; one write a study and day, whatever is read.
    /// A removal keeps what it takes to undo it; what was moved or unlinked is decided by its state alone.</summary>
    public const string Schema = """
        ALTER TABLE instance ADD COLUMN damaged_at INTEGER;
        ALTER TABLE further_file ADD COLUMN damaged_at INTEGER;
        CREATE INDEX instance_damaged ON instance (series) WHERE damaged_at IS NOT NULL;
        ALTER TABLE study ADD COLUMN accessed_on INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE study ADD COLUMN protected_by TEXT;
        CREATE TABLE scrub (
            one              INTEGER PRIMARY KEY CHECK (one = 1),
            paused           INTEGER NOT NULL,
            position         INTEGER NOT NULL,
            round_started_at INTEGER,
            round_ended_at   INTEGER,
            files            INTEGER NOT NULL,
            bytes            INTEGER NOT NULL,
            mismatches       INTEGER NOT NULL
        ) STRICT;
        INSERT INTO scrub VALUES (1, 0, 0, NULL, NULL, 0, 0, 0);
        CREATE TABLE removal (
            id                 INTEGER PRIMARY KEY AUTOINCREMENT,
            study_instance_uid TEXT NOT NULL,
            kind               TEXT NOT NULL,
            state              TEXT NOT NULL,
            actor              TEXT NOT NULL,
            reason             TEXT NOT NULL,
            removed_at         INTEGER NOT NULL,
            keep_until         INTEGER,
            instances          INTEGER NOT NULL,
            bytes              INTEGER NOT NULL,
            ended_at           INTEGER
        ) STRICT;
        CREATE INDEX removal_state ON removal (state, keep_until);
        CREATE INDEX removal_study ON removal (study_instance_uid);
        CREATE TABLE removed_file (
            removal   INTEGER NOT NULL REFERENCES removal (id),
            file_name TEXT NOT NULL,
            PRIMARY KEY (removal, file_name)
        ) STRICT, WITHOUT ROWID;
        """ + RemovedRows.Schema;

    private const string RemovalColumns = """
        SELECT id, study_instance_uid, kind, state, actor, reason, removed_at, keep_until, instances, bytes
        FROM removal
        """;

    public static RemovalResult Remove(DatabaseConnection db, RemovalOrder order, DateTimeOffset now)
    {
        if (FindHold(db, order.StudyInstanceUid) is { } hold) return new RemovalResult.Held(hold);
        var uid = order.StudyInstanceUid.ToString();
        var study = db.Use("SELECT id FROM study WHERE study_instance_uid = ?").Add(uid).LongOrNone()!.Value;
        var (instances, bytes, lastReceivedAt) = Sum(db, study);
        if (order.IfLastReceivedAt < lastReceivedAt) return new RemovalResult.Held(RemovalHold.Changed);
        var files = FilesOf(db, study);
        var removal = InsertRemoval(
            db, uid, order.Kind, order.KeepUntil is null ? RemovalState.Unlinking : RemovalState.Moving, order.Actor,
            order.Reason, now, order.KeepUntil, instances.Count, bytes);
        foreach (var file in files)
            db.Use("INSERT INTO removed_file (removal, file_name) VALUES (?, ?)").Add(removal).Add(file).Run();
        if (order.KeepUntil is not null) RemovedRows.Keep(db, removal, study);
        ArchiveWrites.Remove(db, instances);
        return new RemovalResult.Done(FindRemoval(db, removal)!);
    }

    /// <summary>Why a study may not go; null: it may.</summary>
    public static RemovalHold? FindHold(DatabaseConnection db, Uid studyInstanceUid)
    {
        var uid = studyInstanceUid.ToString();
        var found = db.Use("SELECT id, protected_by FROM study WHERE study_instance_uid = ?").Add(uid);
        var (study, isProtected) = found.Step() ? (found.Long(0), !found.IsNull(1)) : (0, false);
        found.Reset();
        if (study == 0) return RemovalHold.Absent;
        if (isProtected) return RemovalHold.Protected;
        return IsUndelivered(db, study, uid) || HasCommitmentPending(db, study) ? RemovalHold.NotDelivered : null;
    }

    /// <summary>The way back begins: nothing else moves or unlinks these files from now on.</summary>
    public static RemovalResult BeginRestore(DatabaseConnection db, long id)
    {
        if (FindRemoval(db, id) is not { } removal) return new RemovalResult.Held(RemovalHold.Absent);
        if (removal.State != RemovalState.Kept) return new RemovalResult.Held(RemovalHold.NotKept);
        foreach (var (uid, transferSyntax, dataSetSha256) in RemovedRows.Instances(db, id))
        {
            using var other = db.Prepare($"""
                SELECT 1 FROM instance WHERE sop_instance_uid = {uid}
                    AND (transfer_syntax_uid <> {transferSyntax} OR data_set_sha256 <> {dataSetSha256})
                """);
            if (other.Step()) return new RemovalResult.Held(RemovalHold.CameAgain);
        }

        SetState(db, id, RemovalState.Restoring, null);
        return new RemovalResult.Done(removal with { State = RemovalState.Restoring });
    }

    /// <summary>The files are back in their places: so are the rows.</summary>
    /// <returns>How many instances there are again, and the files that no row wants: their instances came
    /// meanwhile.</returns>
    public static (int Restored, IReadOnlyList<string> Unwanted) EndRestore(
        DatabaseConnection db, long id, DateTimeOffset now)
    {
        var (restored, unwanted) = RemovedRows.PutBack(db, id);
        Forget(db, id);
        CorrectionWrites.SettleAgain(db, FindRemoval(db, id)!.StudyInstanceUid);
        SetState(db, id, RemovalState.Restored, now);
        return (restored, unwanted);
    }

    /// <summary>The files of a removal are where its state wanted them.</summary>
    public static void EndMoves(DatabaseConnection db, RemovalEntry removal, DateTimeOffset now)
    {
        if (removal.State == RemovalState.Moving)
        {
            SetState(db, removal.Id, RemovalState.Kept, null);
            return;
        }

        Invariant.Holds(removal.State == RemovalState.Unlinking);
        Forget(db, removal.Id);
        SetState(db, removal.Id, RemovalState.Gone, now);
    }

    public static int Expire(DatabaseConnection db, DateTimeOffset now)
    {
        db.Use("UPDATE removal SET state = 'Unlinking' WHERE state = 'Kept' AND keep_until <= ?").Add(now).Run();
        return db.Changes;
    }

    /// <summary>A damaged file gives its place to the bytes that came again.</summary>
    public static void ReplaceDamaged(DatabaseConnection db, IndexedInstance damaged, InstanceFile whole)
    {
        var removal = InsertRemoval(
            db, damaged.StudyInstanceUid.ToString(), RemovalKind.Repair, RemovalState.Unlinking,
            whole.SenderAe.ToString(), "The instance came again whole.", whole.ReceivedAt, null, 1,
            damaged.File.Length);
        db.Use("INSERT INTO removed_file (removal, file_name) VALUES (?, ?)")
            .Add(removal).Add(damaged.File.FileName).Run();
        db.Use("""
            UPDATE instance SET file_name = ?, length = ?, sha256 = ?, sender_ae = ?, damaged_at = NULL WHERE id = ?
            """)
            .Add(whole.FileName).Add(whole.Length).AddBlob(Convert.FromHexString(whole.Digest))
            .Add(whole.SenderAe.ToString()).Add(damaged.RowId).Run();
    }

    public static RemovalEntry? FindRemoval(DatabaseConnection db, long id)
    {
        var row = db.Use(RemovalColumns + " WHERE id = ?").Add(id);
        var removal = row.Step() ? ReadRemoval(row) : null;
        row.Reset();
        return removal;
    }

    /// <summary>Newest first.</summary>
    public static IReadOnlyList<RemovalEntry> ListRemovals(DatabaseConnection db, int max, string? study)
    {
        var rows = db.Use(RemovalColumns + """
             WHERE kind <> 'Repair' AND (?1 IS NULL OR study_instance_uid = ?1) ORDER BY id DESC LIMIT ?2
            """).Add(study).Add(max);
        return ReadRemovals(rows);
    }

    /// <summary>Those whose files are not yet where their state wants them, oldest first.</summary>
    public static IReadOnlyList<RemovalEntry> ListUnfinished(DatabaseConnection db) => ReadRemovals(db.Use(
        RemovalColumns + " WHERE state IN ('Moving', 'Restoring', 'Unlinking') ORDER BY id LIMIT 1000"));

    /// <summary>The names that the files of a removal had.</summary>
    public static IReadOnlyList<string> RemovedFiles(DatabaseConnection db, long id) =>
        Texts(db.Use("SELECT file_name FROM removed_file WHERE removal = ?").Add(id));

    /// <summary>Whether anything about the study waits in the outbox, or was set aside there for a person: an open
    /// row's payload names it, one of its series or one of its instances.</summary>
    private static bool IsUndelivered(DatabaseConnection db, long study, string uid) => db.Use($"""
        SELECT 1
        FROM outbox o, {db.Dialect.TextsOf("o.payload")}
        WHERE o.state IN ('Pending', 'Quarantined') AND (
            j.atom = ?2
            OR EXISTS (SELECT 1 FROM series e WHERE e.series_instance_uid = j.atom AND e.study = ?1)
            OR EXISTS (
                SELECT 1 FROM instance i JOIN series e ON e.id = i.series
                WHERE i.sop_instance_uid = j.atom AND e.study = ?1))
        LIMIT 1
        """).Add(study).Add(uid).LongOrNone() is not null;

    // Whoever asked for custody must hear of it while the instances are here.
    private static bool HasCommitmentPending(DatabaseConnection db, long study) => db.Use("""
        SELECT 1
        FROM commitment c, series e CROSS JOIN instance i ON i.series = e.id
        WHERE c.state = 'Pending' AND e.study = ? AND instr(c.instances, i.sop_instance_uid) > 0
        LIMIT 1
        """).Add(study).LongOrNone() is not null;

    private static long InsertRemoval(
        DatabaseConnection db,
        string study,
        RemovalKind kind,
        RemovalState state,
        string actor,
        string reason,
        DateTimeOffset now,
        DateTimeOffset? keepUntil,
        int instances,
        long bytes)
    {
        return db.Use("""
            INSERT INTO removal (
                study_instance_uid, kind, state, actor, reason, removed_at, keep_until, instances, bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """)
            .Add(study).Add(kind.ToString()).Add(state.ToString()).Add(actor).Add(reason).Add(now)
            .Add(keepUntil is { } until ? DatabaseTime.ToNumber(until) : null).Add(instances).Add(bytes)
            .InsertedId();
    }

    private static void SetState(DatabaseConnection db, long id, RemovalState state, DateTimeOffset? endedAt) =>
        db.Use("UPDATE removal SET state = ?, ended_at = ? WHERE id = ?")
            .Add(state.ToString()).Add(endedAt is { } at ? DatabaseTime.ToNumber(at) : null).Add(id).Run();

    private static List<RemovalEntry> ReadRemovals(DatabaseStatement rows)
    {
        var removals = new List<RemovalEntry>();
        while (rows.Step()) removals.Add(ReadRemoval(rows));
        rows.Reset();
        return removals;
    }

    private static RemovalEntry ReadRemoval(DatabaseStatement row) => new(
        row.Long(0), Uid.Parse(row.Text(1)), Enum.Parse<RemovalKind>(row.Text(2)), Enum.Parse<RemovalState>(row.Text(3)),
        row.Text(4), row.Text(5), row.Time(6), row.TimeOrNull(7), row.Int(8), row.Long(9));

    private static void Forget(DatabaseConnection db, long removal)
    {
        db.Use("DELETE FROM removed_file WHERE removal = ?").Add(removal).Run();
        db.Use("DELETE FROM removed_row WHERE removal = ?").Add(removal).Run();
    }

    private static (IReadOnlyList<long> RowIds, long Bytes, DateTimeOffset LastReceivedAt) Sum(
        DatabaseConnection db, long study)
    {
        var rows = db.Use("""
            SELECT i.id, i.length, i.received_at FROM series e JOIN instance i ON i.series = e.id WHERE e.study = ?
            """).Add(study);
        var ids = new List<long>();
        var bytes = 0L;
        var last = DateTimeOffset.MinValue;
        while (rows.Step())
        {
            ids.Add(rows.Long(0));
            bytes += rows.Long(1);
            if (rows.Time(2) > last) last = rows.Time(2);
        }

        rows.Reset();
        return (ids, bytes, last);
    }

    private static List<string> FilesOf(DatabaseConnection db, long study) => Texts(db.Use("""
        SELECT i.file_name FROM series e JOIN instance i ON i.series = e.id WHERE e.study = ?1
        UNION ALL
        SELECT f.file_name
        FROM series e JOIN instance i ON i.series = e.id JOIN further_file f ON f.instance = i.id WHERE e.study = ?1
        """).Add(study));

    private static List<string> Texts(DatabaseStatement rows)
    {
        var texts = new List<string>();
        while (rows.Step()) texts.Add(rows.Text(0));
        rows.Reset();
        return texts;
    }
}
