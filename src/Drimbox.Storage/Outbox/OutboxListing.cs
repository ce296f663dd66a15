using Drimbox.Core.Publications;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>What operations read of an outbox, on a reading connection.</summary>
internal static class OutboxListing
{
    public static IReadOnlyList<OutboxEntry> List(DatabaseConnection db, OutboxFilter filter)
    {
        var states = filter.States.Count == 0 ? Enum.GetValues<OutboxState>() : filter.States;
        // One column for each state keeps the text fixed; a state that is not asked for is NULL and matches nothing.
        var rows = db.Use("""
            SELECT id, lane, kind, payload, priority, state, open, due_at, created_at, finished_at,
                   attempts, epoch, lease_owner, lease_until, last_outcome, last_detail, coalesce_key, faults
            FROM outbox
            WHERE id > ?1 AND state IN (?2, ?3, ?4, ?5, ?6) AND (?7 IS NULL OR lane = ?7) AND (?8 IS NULL OR kind = ?8)
            ORDER BY id LIMIT ?9
            """).Add(filter.AfterId);
        foreach (var state in Enum.GetValues<OutboxState>())
            rows.Add(states.Contains(state) ? state.ToString() : null);
        rows.Add(filter.Lane).Add(filter.Kind).Add(filter.Max);
        var entries = new List<OutboxEntry>();
        while (rows.Step())
        {
            var state = Enum.Parse<OutboxState>(rows.Text(5));
            entries.Add(new OutboxEntry(
                rows.Long(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Int(4), state,
                state == OutboxState.Quarantined && rows.Long(6) == 1, rows.Time(7), rows.Time(8), rows.TimeOrNull(9),
                rows.Int(10), rows.Int(17), rows.Long(11), rows.TextOrNull(12), rows.TimeOrNull(13),
                rows.TextOrNull(14) is { } outcome ? Enum.Parse<DispatchOutcome>(outcome) : null,
                rows.TextOrNull(15), rows.TextOrNull(16)));
        }

        rows.Reset();
        return entries;
    }

    public static IReadOnlyList<OutboxIntervention> Interventions(DatabaseConnection db, long rowId)
    {
        var rows = db.Use("SELECT action, actor, at FROM outbox_intervention WHERE row_id = ? ORDER BY id").Add(rowId);
        var entries = new List<OutboxIntervention>();
        while (rows.Step()) entries.Add(new OutboxIntervention(rowId, rows.Text(0), rows.Text(1), rows.Time(2)));
        rows.Reset();
        return entries;
    }

    /// <param name="kinds">Null: any.</param>
    public static DateTimeOffset? NextDue(DatabaseConnection db, IReadOnlyList<string>? kinds)
    {
        if (kinds is null)
            return At(db.Use("SELECT min(ready_at) FROM lane WHERE ready_at IS NOT NULL").LongOrNone());
        DateTimeOffset? next = null;
        foreach (var kind in kinds)
        {
            // The usual priority has a range of the index; the others are few.
            foreach (var sql in (string[])
                [
                    "SELECT min(ready_at) FROM lane WHERE kind = ? AND priority = 0 AND ready_at IS NOT NULL",
                    "SELECT min(ready_at) FROM lane WHERE kind = ? AND priority > 0 AND ready_at IS NOT NULL",
                ])
            {
                if (At(db.Use(sql).Add(kind).LongOrNone()) is { } at && (next is null || at < next)) next = at;
            }
        }

        return next;
    }

    /// <summary>The kinds of rows that wait.</summary>
    public static IReadOnlyList<string> OpenKinds(DatabaseConnection db)
    {
        var rows = db.Use("SELECT DISTINCT kind FROM lane ORDER BY kind");
        var kinds = new List<string>();
        while (rows.Step()) kinds.Add(rows.Text(0));
        rows.Reset();
        return kinds;
    }

    private static DateTimeOffset? At(long? number) => number is { } at ? DatabaseTime.FromNumber(at) : null;
}
