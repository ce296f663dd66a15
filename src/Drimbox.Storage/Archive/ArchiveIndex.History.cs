using Drimbox.Storage.Database;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

public sealed partial class ArchiveIndex
{
    /// <summary>What is made from the files. A table that refers to one of these goes by row numbers, which are new.
    /// </summary>
    internal const string DerivedTables =
        "'patient', 'other_patient_id', 'study', 'series', 'instance', 'further_file', 'quarantined_file', 'mark'";

    /// <summary>Copies what an index has beyond the files of its archive into one that was made from them, and leaves
    /// that one whole in a single file. No process may use either.</summary>
    /// <param name="former">Null: there is none.</param>
    /// <param name="now">When it was made: what is old by then is not announced.</param>
    /// <exception cref="StorageFaultException">The new index failed.</exception>
    public static TakenOver TakeOverHistory(string? former, string made, DateTimeOffset now)
    {
        using var db = SqliteDatabase.OpenWriter(made);
        var state = new RebuiltState(db, "main", "former");
        var taken = former is null ? null : TryTakeOver(db, state, former, now);
        taken ??= new TakenOver(false, 0, 0, state.WithoutFormer(now));
        taken = taken with { StudiesOpen = state.CountOpen() };
        // The name of the file is changed next: its write-ahead log would be left behind.
        Core.Invariant.Holds(db.Use("PRAGMA wal_checkpoint(TRUNCATE)").LongOrNone() == 0);
        return taken;
    }

    /// <returns>Null: the former index cannot be read, and nothing of it was taken.</returns>
    private static TakenOver? TryTakeOver(
        DatabaseConnection db, RebuiltState state, string former, DateTimeOffset now)
    {
        try
        {
            using var attach = db.Prepare("ATTACH DATABASE ? AS former");
            attach.Add(former).Run();
            // Tables come in any order.
            db.Execute("PRAGMA foreign_keys = OFF");
            db.Execute("BEGIN IMMEDIATE");
            foreach (var (table, columns) in HistoryColumns(db))
            {
                using var copy = db.Prepare(
                    $"INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM former.{table}");
                copy.Run();
            }

            TakeOverProtections(db);
            CorrectionWrites.SettleAll(db);
            var damaged = state.TakeOverDamage(now);
            var old = state.TakeOverCompleteness(now);
            db.Execute("COMMIT");
            db.Execute("DETACH DATABASE former");
            return new TakenOver(true, damaged, 0, old);
        }
        catch (StorageFaultException)
        {
            // A broken index is why it is made again.
            if (db.IsInTransaction) db.Execute("ROLLBACK");
            return null;
        }
    }

    // What people and retrievals said of a study, by its UID.
    private static void TakeOverProtections(DatabaseConnection db)
    {
        var known = db.Use("SELECT 1 FROM pragma_table_info('study', 'former') WHERE name = 'protected_by'");
        if (known.LongOrNone() is null) return;
        db.Execute("""
            UPDATE main.study SET (protected_by, accessed_on) = (
                SELECT f.protected_by, f.accessed_on FROM former.study f
                WHERE f.study_instance_uid = study.study_instance_uid)
            WHERE study_instance_uid IN (SELECT study_instance_uid FROM former.study)
            """);
        // It counts rows of the former index.
        db.Execute("UPDATE main.scrub SET position = 0");
    }

    // An index of an older version has fewer tables and columns; of a newer one what this program knows is taken.
    private static List<(string Table, string Columns)> HistoryColumns(DatabaseConnection db)
    {
        var rows = db.Use($"""
            SELECT m.name, group_concat(n.name, ', ')
            FROM main.sqlite_schema m
            JOIN pragma_table_info(m.name, 'main') n
            JOIN pragma_table_info(m.name, 'former') f ON f.name = n.name
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT IN ({DerivedTables})
                AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(m.name) k WHERE k."table" IN ({DerivedTables}))
            GROUP BY m.name
            """);
        var tables = new List<(string, string)>();
        while (rows.Step()) tables.Add((rows.Text(0), rows.Text(1)));
        rows.Reset();
        return tables;
    }
}
