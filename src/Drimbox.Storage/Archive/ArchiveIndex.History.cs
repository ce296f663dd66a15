using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

public sealed partial class ArchiveIndex
{
    /// <summary>What is not in the files of an archive, and refers to nothing by its row.</summary>
    private static readonly string[] HistoryTables = ["archive_event", "outbox", "lane", "outbox_intervention"];

    /// <summary>Copies what an index has beyond the files of its archive into one that was made from them, and leaves
    /// that one whole in a single file. No process may use either.</summary>
    /// <param name="former">Null: there is none.</param>
    /// <returns>False if there is none, or it cannot be read.</returns>
    /// <exception cref="StorageFaultException">The new index failed.</exception>
    public static bool TakeOverHistory(string? former, string made)
    {
        using var db = SqliteDatabase.OpenWriter(made);
        var isKept = former is not null && TryTakeOver(db, former);
        // The name of the file is changed next: its write-ahead log would be left behind.
        Core.Invariant.Holds(db.Use("PRAGMA wal_checkpoint(TRUNCATE)").LongOrNone() == 0);
        return isKept;
    }

    private static bool TryTakeOver(SqliteDatabase db, string former)
    {
        try
        {
            using var attach = db.Prepare("ATTACH DATABASE ? AS former");
            attach.Add(former).Run();
            db.Execute("BEGIN IMMEDIATE");
            foreach (var table in HistoryTables)
            {
                // Of an older version there may be less.
                var columns = db.Use("""
                    SELECT group_concat(n.name, ', ') FROM pragma_table_info(?1, 'main') n
                    JOIN pragma_table_info(?1, 'former') f ON f.name = n.name
                    """).Add(table).TextOrNone();
                if (columns is null) continue;
                using var copy = db.Prepare(
                    $"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM former.{table}");
                copy.Run();
            }

            db.Execute("COMMIT");
            db.Execute("DETACH DATABASE former");
            return true;
        }
        catch (StorageFaultException)
        {
            // A broken index is why it is made again.
            if (!db.IsAutocommit) db.Execute("ROLLBACK");
            return false;
        }
    }
}
