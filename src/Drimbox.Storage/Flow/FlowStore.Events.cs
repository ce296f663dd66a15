namespace Drimbox.Storage;

/// <summary>An event with its place among all of the store.</summary>
public sealed record PlacedEvent(long Position, StreamId Stream, StoredEvent Event);

/// <content>Events of many streams in the order of their commits.</content>
public sealed partial class FlowStore
{
    /// <summary>Events of the streams that begin with <paramref name="prefix"/>, in the order in which they were
    /// committed: for views that are kept in memory and brought up to date.</summary>
    /// <param name="after">Continue after this position; 0 from the first.</param>
    public Task<IReadOnlyList<PlacedEvent>> ListEventsAsync(
        string prefix, long after, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<PlacedEvent>>(
            db =>
            {
                // U+10FFFF sorts after every character that an id can hold.
                var rows = db.Use("""
                    SELECT position, stream, version, type, json, recorded_at FROM event
                    WHERE position > ? AND stream >= ? AND stream < ? ORDER BY position LIMIT ?
                    """).Add(after).Add(prefix).Add(prefix + "\U0010FFFF").Add(max);
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
}
