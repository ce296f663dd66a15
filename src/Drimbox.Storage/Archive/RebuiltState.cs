using Drimbox.Core;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>What an index that was made from the files has beyond them.</summary>
/// <param name="IsKept">The former index could be read: events, the outbox, protections, accesses, completeness and the
/// hashes of what was received are taken over.</param>
/// <param name="Damaged">Files whose bytes are not those that the former index received.</param>
/// <param name="StudiesOpen">Studies that are on their way, and will be announced.</param>
/// <param name="StudiesOld">Studies of which nothing is known, and whose newest image came more than
/// <see cref="Limits.RebuildStudyOld"/> before: taken to be complete, and not announced.</param>
public sealed record TakenOver(bool IsKept, long Damaged, long StudiesOpen, long StudiesOld);

/// <summary>Completeness and damage of an index that is made again, inside its transaction. The former one is attached
/// as
/// <c>former</c>.</summary>
internal static class RebuiltState
{
    private static readonly string _nothingCameSince = $"{NewestOf("main", "m.id")} <= {NewestOf("former", "s.id")}";

    /// <summary>The hash of a file is that of what was received, not of what it is now: a file that has another one is
    /// damaged, and is whole again once the same bytes come.</summary>
    /// <returns>How many there are.</returns>
    public static long TakeOverDamage(SqliteDatabase db, DateTimeOffset now)
    {
        var damaged = 0L;
        foreach (var table in (string[])["instance", "further_file"])
        {
            if (!Has(db, table, "data_set_sha256")) continue;
            var since = Has(db, table, "damaged_at") ? "coalesce(f.damaged_at, ?)" : "?";
            using var update = db.Prepare($"""
                UPDATE main.{table} SET
                    length = f.length, sha256 = f.sha256, data_set_sha256 = f.data_set_sha256, damaged_at = {since}
                FROM former.{table} f WHERE f.file_name = {table}.file_name AND f.sha256 <> {table}.sha256
                """);
            update.Add(now).Run();
            damaged += db.Changes;
        }

        return damaged;
    }

    /// <summary>A study is as complete as it was, unless something came since.</summary>
    /// <returns>How many studies the former index did not know, and which are old.</returns>
    public static long TakeOverCompleteness(SqliteDatabase db, DateTimeOffset now)
    {
        if (!Has(db, "completeness", "study")) return CloseOld(db, now, "");
        db.Execute($"""
            UPDATE main.completeness SET
                is_complete = c.is_complete, reason = c.reason, completions = c.completions, changed_at = c.changed_at
            FROM former.completeness c JOIN former.study s ON s.id = c.study
                JOIN main.study m ON m.study_instance_uid = s.study_instance_uid
            WHERE completeness.study = m.id AND {_nothingCameSince}
            """);
        // Complete since before there was such a state.
        db.Execute($"""
            DELETE FROM main.completeness WHERE study IN (
                SELECT m.id FROM main.study m JOIN former.study s ON s.study_instance_uid = m.study_instance_uid
                WHERE NOT EXISTS (SELECT 1 FROM former.completeness c WHERE c.study = s.id) AND {_nothingCameSince})
            """);
        return CloseOld(db, now, """
            AND NOT EXISTS (
                SELECT 1 FROM former.study s JOIN main.study k ON k.study_instance_uid = s.study_instance_uid
                WHERE k.id = completeness.study)
            """);
    }

    /// <summary>Without a former index nobody is told of what is old, and nothing counts as unused from the first
    /// day.</summary>
    /// <returns>How many studies are old.</returns>
    public static long WithoutFormer(SqliteDatabase db, DateTimeOffset now)
    {
        db.Use("UPDATE main.study SET accessed_on = ?").Add((now - DateTimeOffset.UnixEpoch).Days).Run();
        return CloseOld(db, now, "");
    }

    public static long CountOpen(SqliteDatabase db) =>
        db.Use("SELECT count(*) FROM main.completeness WHERE is_complete = 0").LongOrNone() ?? 0;

    // A study without a row is complete, and was announced or need not be.
    private static long CloseOld(SqliteDatabase db, DateTimeOffset now, string condition)
    {
        using var close = db.Prepare($"""
            DELETE FROM main.completeness
            WHERE is_complete = 0 AND {NewestOf("main", "completeness.study")} < ? {condition}
            """);
        close.Add(now - Limits.RebuildStudyOld).Run();
        return db.Changes;
    }

    private static string NewestOf(string schema, string study) =>
        $"(SELECT max(i.received_at) FROM {schema}.series e JOIN {schema}.instance i ON i.series = e.id " +
        $"WHERE e.study = {study})";

    private static bool Has(SqliteDatabase db, string table, string column)
    {
        using var known = db.Prepare("SELECT 1 FROM pragma_table_info(?, 'former') WHERE name = ?");
        return known.Add(table).Add(column).LongOrNone() is not null;
    }
}
