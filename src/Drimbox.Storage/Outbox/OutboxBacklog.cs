using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The rows of a kind that have no end, by state.</summary>
/// <param name="State"><see cref="OutboxState.Pending"/>, in flight or not, or
/// <see cref="OutboxState.Quarantined"/>.</param>
/// <param name="Oldest">When the oldest of them was decided.</param>
public sealed record OutboxBacklog(string Kind, OutboxState State, long Count, DateTimeOffset Oldest)
{
    internal static IReadOnlyList<OutboxBacklog> Read(DatabaseConnection db)
    {
        var rows = db.Use("""
            SELECT kind, state, count(*), min(created_at) FROM outbox WHERE state IN (?, ?)
            GROUP BY kind, state ORDER BY kind, state
            """).Add(nameof(OutboxState.Pending)).Add(nameof(OutboxState.Quarantined));
        var backlog = new List<OutboxBacklog>();
        while (rows.Step())
        {
            backlog.Add(new OutboxBacklog(
                rows.Text(0), Enum.Parse<OutboxState>(rows.Text(1)), rows.Long(2), rows.Time(3)));
        }

        rows.Reset();
        return backlog;
    }
}
