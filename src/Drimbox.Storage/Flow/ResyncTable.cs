using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The rows of resynchronisations: a run, the studies of it that wait, and how the others ended.</summary>
internal static class ResyncTable
{
    public const string Schema = """
        CREATE TABLE resync_run (
            id         INTEGER PRIMARY KEY,
            state      TEXT    NOT NULL,
            plan       TEXT    NOT NULL,
            cursor     TEXT    NOT NULL,
            is_listed  INTEGER NOT NULL,
            estimated  INTEGER NOT NULL,
            note       TEXT    NOT NULL,
            changed_by TEXT    NOT NULL,
            created_at INTEGER NOT NULL,
            started_at INTEGER,
            ended_at   INTEGER
        ) STRICT;
        CREATE TABLE resync_study (
            run   INTEGER NOT NULL,
            study TEXT    NOT NULL,
            PRIMARY KEY (run, study)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE resync_count (
            run     INTEGER NOT NULL,
            outcome TEXT    NOT NULL,
            studies INTEGER NOT NULL,
            PRIMARY KEY (run, outcome)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE resync_failure (
            run     INTEGER NOT NULL,
            study   TEXT    NOT NULL,
            outcome TEXT    NOT NULL,
            PRIMARY KEY (run, study)
        ) STRICT, WITHOUT ROWID;
        """;

    private const string Columns =
        "id, state, plan, cursor, is_listed, estimated, note, changed_by, created_at, started_at, ended_at";

    public static long Add(
        DatabaseConnection db, string plan, long estimated, string actor, DateTimeOffset now) =>
        db.Use("""
            INSERT INTO resync_run (state, plan, cursor, is_listed, estimated, note, changed_by, created_at)
            VALUES ('Planned', ?, '', 0, ?, '', ?, ?) RETURNING id
            """).Add(plan).Add(estimated).Add(actor).Add(now).InsertedId();

    public static ResyncEntry? Find(DatabaseConnection db, long id) =>
        Read(db.Use($"SELECT {Columns} FROM resync_run WHERE id = ?").Add(id)) is [var run] ? run : null;

    public static ResyncEntry? Running(DatabaseConnection db) =>
        Read(db.Use($"SELECT {Columns} FROM resync_run WHERE state = 'Running' ORDER BY id LIMIT 1")) is [var run]
            ? run
            : null;

    /// <summary>The newest first.</summary>
    public static IReadOnlyList<ResyncEntry> List(DatabaseConnection db, int max) =>
        Read(db.Use($"SELECT {Columns} FROM resync_run ORDER BY id DESC LIMIT ?").Add(max));

    /// <returns>False: it is in none of those states, or another one runs.</returns>
    public static bool Move(
        DatabaseConnection db, long id, IReadOnlyList<string> from, string to, string actor, string note,
        DateTimeOffset now)
    {
        if (Find(db, id) is not { } run || !from.Contains(run.State)) return false;
        if (to == "Running" && Running(db) is not null) return false;
        db.Use("""
            UPDATE resync_run SET state = ?1, note = ?2, changed_by = ?3,
                started_at = CASE WHEN ?1 = 'Running' THEN coalesce(started_at, ?4) ELSE started_at END,
                ended_at = CASE WHEN ?1 IN ('Done', 'Cancelled') THEN ?4 END
            WHERE id = ?5
            """).Add(to).Add(note).Add(actor).Add(now).Add(id).Run();
        // What still waits of a run that is over, waits for nothing.
        if (to == "Cancelled") db.Use("DELETE FROM resync_study WHERE run = ?").Add(id).Run();
        return true;
    }

    /// <returns>False: another part was listed meanwhile, or the run is over.</returns>
    public static bool AddPage(DatabaseConnection db, long id, string cursor, ResyncPage page)
    {
        if (Find(db, id) is not { State: "Planned" or "Running" or "Paused", IsListed: false } run
            || run.Cursor != cursor)
            return false;
        foreach (var study in page.Studies)
        {
            db.Use("INSERT INTO resync_study (run, study) VALUES (?, ?) ON CONFLICT (run, study) DO NOTHING")
                .Add(id).Add(study).Run();
        }

        foreach (var count in page.Counts) Count(db, id, count.Outcome, count.Studies);
        if (page.Failure is { } failure) AddFailure(db, id, failure);
        db.Use("UPDATE resync_run SET cursor = ?, is_listed = ? WHERE id = ?")
            .Add(page.Cursor).Add(page.IsLast ? 1L : 0L).Add(id).Run();
        return true;
    }

    public static string? Next(DatabaseConnection db, long id) =>
        db.Use("SELECT study FROM resync_study WHERE run = ? ORDER BY study LIMIT 1").Add(id).TextOrNone();

    /// <returns>False: it does not wait (any more).</returns>
    public static bool End(DatabaseConnection db, long id, string study, string outcome, bool isFailure)
    {
        if (db.Use("DELETE FROM resync_study WHERE run = ? AND study = ? RETURNING run").Add(id).Add(study).LongOrNone()
            is null)
            return false;
        Count(db, id, outcome, 1);
        if (isFailure) AddFailure(db, id, new ResyncFailure(study, outcome));
        else db.Use("DELETE FROM resync_failure WHERE run = ? AND study = ?").Add(id).Add(study).Run();
        return true;
    }

    public static long Waiting(DatabaseConnection db, long id) =>
        db.Use("SELECT count(*) FROM resync_study WHERE run = ?").Add(id).LongOrNone() ?? 0;

    public static IReadOnlyList<ResyncCount> Counts(DatabaseConnection db, long id)
    {
        var rows = db.Use("SELECT outcome, studies FROM resync_count WHERE run = ? ORDER BY outcome").Add(id);
        var counts = new List<ResyncCount>();
        while (rows.Step()) counts.Add(new ResyncCount(rows.Text(0), rows.Long(1)));
        rows.Reset();
        return counts;
    }

    public static IReadOnlyList<ResyncFailure> Failures(DatabaseConnection db, long id, int max)
    {
        var rows = db.Use("SELECT study, outcome FROM resync_failure WHERE run = ? ORDER BY study LIMIT ?")
            .Add(id).Add(max);
        var failures = new List<ResyncFailure>();
        while (rows.Step()) failures.Add(new ResyncFailure(rows.Text(0), rows.Text(1)));
        rows.Reset();
        return failures;
    }

    private static void Count(DatabaseConnection db, long id, string outcome, long studies) =>
        db.Use("""
            INSERT INTO resync_count (run, outcome, studies) VALUES (?1, ?2, ?3)
            ON CONFLICT (run, outcome) DO UPDATE SET studies = resync_count.studies + ?3
            """).Add(id).Add(outcome).Add(studies).Run();

    private static void AddFailure(DatabaseConnection db, long id, ResyncFailure failure) =>
        db.Use("""
            INSERT INTO resync_failure (run, study, outcome) VALUES (?1, ?2, ?3)
            ON CONFLICT (run, study) DO UPDATE SET outcome = ?3
            """).Add(id).Add(failure.Study).Add(failure.Outcome).Run();

    private static List<ResyncEntry> Read(DatabaseStatement rows)
    {
        var entries = new List<ResyncEntry>();
        while (rows.Step())
        {
            entries.Add(new ResyncEntry(
                rows.Long(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Long(4) == 1, rows.Long(5), rows.Text(6),
                rows.Text(7), rows.Time(8), rows.TimeOrNull(9), rows.TimeOrNull(10)));
        }

        rows.Reset();
        return entries;
    }
}
