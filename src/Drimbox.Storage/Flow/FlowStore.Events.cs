using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;

namespace Drimbox.Storage;

/// <summary>An event with its place among all of the store.</summary>
public sealed record PlacedEvent(long Position, StreamId Stream, StoredEvent Event);

/// <content>Events of many streams in the order of their commits.</content>
public sealed partial class FlowStore
{
    /// <summary>Events of the streams that begin with <paramref name="prefix"/>, in the order in which they were
    /// committed: for views that are kept in memory and brought up to date. A position is given before the COMMIT: where
    /// other processes write too, nothing is told after one that may still come.</summary>
    /// <param name="after">Continue after this position; 0 from the first.</param>
    public Task<IReadOnlyList<PlacedEvent>> ListEventsAsync(
        string prefix, long after, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<PlacedEvent>>(
            db =>
            {
                var until = _sharing is null ? long.MaxValue : SettledUntil(db);
                // U+10FFFF sorts after every character that an id can hold.
                var rows = db.Use("""
                    SELECT position, stream, version, type, json, recorded_at FROM event
                    WHERE position > ? AND position <= ? AND stream >= ? AND stream < ? ORDER BY position LIMIT ?
                    """).Add(after).Add(until).Add(prefix).Add(prefix + "\U0010FFFF").Add(max);
                var events = new List<PlacedEvent>();
                while (rows.Step())
                {
                    events.Add(new PlacedEvent(
                        rows.Long(0), new StreamId(rows.Text(1)),
                        new StoredEvent(rows.Long(2), rows.Text(3), rows.Text(4), rows.Time(5))));
                }

                rows.Reset();
                return events;
            },
            cancellationToken);

    /// <summary>No event up to here is still to come. In this order: a transaction that had one of these positions, and is
    /// not open any more at the second look, has its events shown to the third.</summary>
    private static long SettledUntil(DatabaseConnection db)
    {
        const long Turn = 1L << 32;
        var last = db.Use(PostgresSharing.LastBegun).LongOrNone()!.Value;
        var until = last;
        var open = db.Use(PostgresSharing.OpenAfter);
        while (open.Step())
        {
            // What is told are the lower bits; no transaction is open for four billion events.
            var after = (last & ~(Turn - 1)) | open.Long(0);
            if (after > last) after -= Turn;
            until = Math.Min(until, after);
        }

        open.Reset();
        return until;
    }
}
