using Drimbox.Core;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>What an index that was made from the files has beyond them.</summary>
/// <param name="IsKept">The former index could be read: events, the outbox, protections, accesses, completeness and the
/// hashes of what was received are taken over.</param>
/// <param name="Damaged">Files whose bytes are not those that the former index received.</param>
/// <param name="StudiesOpen">Studies that are on their way, and will be announced.</param>
/// <param name="StudiesOld">Studies of which nothing is known, and whose newest image came more than
/// <see cref="Limits.RebuildStudyOld"/> before: taken to be complete, and not announced.</param>
public sealed record TakenOver(bool IsKept, long Damaged, long StudiesOpen, long StudiesOld);

/// <summary>Completeness and damage of an index that is made again, inside its transaction.</summary>
/// <param name="made">The schema of the new index, as it stands in a statement.</param>
/// <param name="former">The schema of the former one.</param>
internal sealed class RebuiltState(DatabaseConnection db, string made, string former)
{
    private readonly string _nothingCameSince = $"{NewestOf(made, "m.id")} <= {NewestOf(former, "s.id")}";

    /// <summary>The hash of a file is that of what was received, not of what it is now: a file that has another one is
    /// damaged, and is whole again once the same bytes come.</summary>
    /// <returns>How many there are.</returns>
    public long TakeOverDamage(DateTimeOffset now)
    {
        var damaged = 0L;
        foreach (var table in (string[])["instance", "further_file"])
        {
            if (!Has(table, "data_set_sha256")) continue;
            var since = Has(table, "damaged_at") ? "coalesce(f.damaged_at, ?)" : "?";
            using var update = db.Prepare($"""
                UPDATE {made}.{table} SET
                    length = f.length, sha256 = f.sha256, data_set_sha256 = f.data_set_sha256, damaged_at = {since}
                FROM {former}.{table} f WHERE f.file_name = {table}.file_name AND f.sha256 <> {table}.sha256
                """);
            update.Add(now).Run();
            damaged += db.Changes;
        }

        return damaged;
    }

    /// <summary>A study is as complete as it was, unless something came since.</summary>
    /// <returns>How many studies the former index did not know, and which are old.</returns>
    public long TakeOverCompleteness(DateTimeOffset now)
    {
        if (!Has("completeness", "study")) return CloseOld(now, "");
        db.Execute($"""
            UPDATE {made}.completeness SET
                is_complete = c.is_complete, reason = c.reason, completions = c.completions, changed_at = c.changed_at
            FROM {former}.completeness c JOIN {former}.study s ON s.id = c.study
                JOIN {made}.study m ON m.study_instance_uid = s.study_instance_uid
            WHERE completeness.study = m.id AND {_nothingCameSince}
            """);
        // Complete since before there was such a state.
        db.Execute($"""
            DELETE FROM {made}.completeness WHERE study IN (
                SELECT m.id FROM {made}.study m JOIN {former}.study s ON s.study_instance_uid = m.study_instance_uid
                WHERE NOT EXISTS (SELECT 1 FROM {former}.completeness c WHERE c.study = s.id) AND {_nothingCameSince})
            """);
        return CloseOld(now, $"""
            AND NOT EXISTS (
                SELECT 1 FROM {former}.study s JOIN {made}.study k ON k.study_instance_uid = s.study_instance_uid
                WHERE k.id = completeness.study)
            """);
    }

    /// <summary>Without a former index nobody is told of what is old, and nothing counts as unused from the first
    /// day.</summary>
    /// <returns>How many studies are old.</returns>
    public long WithoutFormer(DateTimeOffset now)
    {
        db.Use($"UPDATE {made}.study SET accessed_on = ?").Add((now - DateTimeOffset.UnixEpoch).Days).Run();
        return CloseOld(now, "");
    }

    public long CountOpen() =>
        db.Use($"SELECT count(*) FROM {made}.completeness WHERE is_complete = 0").LongOrNone() ?? 0;

    // A study without a row is complete, and was announced or need not be.
    private long CloseOld(DateTimeOffset now, string condition)
    {
        using var close = db.Prepare($"""
            DELETE FROM {made}.completeness
            WHERE is_complete = 0 AND {NewestOf(made, "completeness.study")} < ? {condition}
            """);
        close.Add(now - Limits.RebuildStudyOld).Run();
        return db.Changes;
    }

    private static string NewestOf(string schema, string study) =>
        $"(SELECT max(i.received_at) FROM {schema}.series e JOIN {schema}.instance i ON i.series = e.id " +
        $"WHERE e.study = {study})";

    private bool Has(string table, string column)
    {
        using var known = db.Prepare(db.Dialect.HasColumn(former));
        return known.Add(table).Add(column).LongOrNone() is not null;
    }
}
