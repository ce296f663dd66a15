using Drimbox.Core;

namespace Drimbox.Storage;

/// <content>The outbox, and what operations list.</content>
public sealed partial class FlowStore : IOutbox
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, int max, CancellationToken cancellationToken) =>
        Outbox.ClaimAsync(owner, lease, max, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, IReadOnlyList<ClaimDemand> demands, CancellationToken cancellationToken) =>
        Outbox.ClaimAsync(owner, lease, demands, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> CompleteAsync(OutboxResult result, CancellationToken cancellationToken) =>
        Outbox.CompleteAsync(result, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RenewAsync(long id, long epoch, TimeSpan lease, CancellationToken cancellationToken) =>
        Outbox.RenewAsync(id, epoch, lease, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReleaseAsync(long id, long epoch, CancellationToken cancellationToken) =>
        Outbox.ReleaseAsync(id, epoch, cancellationToken);

    /// <inheritdoc/>
    public bool HoldsLeases => Outbox.HoldsLeases;

    /// <inheritdoc/>
    public Task<DateTimeOffset?> NextDueAsync(IReadOnlyList<string>? kinds, CancellationToken cancellationToken) =>
        Outbox.NextDueAsync(kinds, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> OpenKindsAsync(CancellationToken cancellationToken) =>
        Outbox.OpenKindsAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForWorkAsync(DateTimeOffset? until, CancellationToken cancellationToken) =>
        Outbox.WaitForWorkAsync(until, cancellationToken);

    /// <inheritdoc/>
    public void Wake() => Outbox.Wake();

    /// <inheritdoc cref="OutboxQueue.VoidLeasesAsync"/>
    public Task<int> VoidLeasesAsync(CancellationToken cancellationToken) => Outbox.VoidLeasesAsync(cancellationToken);

    /// <inheritdoc cref="OutboxQueue.RequeueAsync"/>
    public Task<bool> RequeueAsync(long id, string actor, CancellationToken cancellationToken) =>
        Outbox.RequeueAsync(id, actor, cancellationToken);

    /// <inheritdoc cref="OutboxQueue.DiscardAsync"/>
    public Task<bool> DiscardAsync(long id, string actor, CancellationToken cancellationToken) =>
        Outbox.DiscardAsync(id, actor, cancellationToken);

    /// <inheritdoc cref="OutboxQueue.ListAsync"/>
    public Task<IReadOnlyList<OutboxEntry>> ListOutboxAsync(OutboxFilter filter, CancellationToken cancellationToken) =>
        Outbox.ListAsync(filter, cancellationToken);

    /// <inheritdoc cref="OutboxQueue.CountAsync"/>
    public Task<IReadOnlyList<OutboxBacklog>> CountOutboxAsync(CancellationToken cancellationToken) =>
        Outbox.CountAsync(cancellationToken);

    /// <inheritdoc cref="OutboxQueue.ListInterventionsAsync"/>
    public Task<IReadOnlyList<OutboxIntervention>> ListInterventionsAsync(
        long rowId, CancellationToken cancellationToken) =>
        Outbox.ListInterventionsAsync(rowId, cancellationToken);

    /// <summary>The submissions of a node that may publish, the newest first.</summary>
    /// <param name="onlyOpen">Those that have no end yet.</param>
    public Task<IReadOnlyList<PublicationEntry>> ListPublicationsAsync(
        bool onlyOpen, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => PublicationTable.List(db, onlyOpen, max), cancellationToken);

    /// <summary>Streams whose id starts with <paramref name="prefix"/>, in ordinal order.</summary>
    /// <param name="after">Continue after this stream; null from the first.</param>
    public Task<IReadOnlyList<StreamEntry>> ListStreamsAsync(
        string prefix, StreamId? after, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<StreamEntry>>(
            db =>
            {
                // U+10FFFF sorts after every character that an id can hold.
                var rows = db.Use("""
                    SELECT stream, version, created_at, changed_at FROM stream
                    WHERE stream >= ? AND stream < ? AND stream > ? ORDER BY stream LIMIT ?
                    """).Add(prefix).Add(prefix + "\U0010FFFF").Add(after?.Value ?? "").Add(max);
                var entries = new List<StreamEntry>();
                while (rows.Step())
                    entries.Add(new StreamEntry(new(rows.Text(0)), rows.Long(1), rows.Time(2), rows.Time(3)));
                rows.Reset();
                return entries;
            },
            cancellationToken);

    public Task<IReadOnlyList<InboxEntry>> ListInboxAsync(InboxFilter filter, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<InboxEntry>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT id, sending_application, sending_facility, receiving_application, receiving_facility,
                           control_id, sha256, coalesce(object_length, length(body)), object_sha256, message_type,
                           ack_code, received_at
                    FROM inbox
                    WHERE id < ?1 AND (?2 IS NULL OR control_id = ?2) AND (?3 IS NULL OR message_type = ?3)
                      AND (?4 IS NULL OR ack_code = ?4)
                    ORDER BY id DESC LIMIT ?5
                    """).Add(filter.BeforeId ?? long.MaxValue).Add(filter.ControlId).Add(filter.MessageType)
                    .Add(filter.AckCode).Add(filter.Max);
                var entries = new List<InboxEntry>();
                while (rows.Step())
                {
                    var key = new InboxKey(rows.Text(1), rows.Text(2), rows.Text(3), rows.Text(4), rows.Text(5));
                    var length = rows.Long(7);
                    entries.Add(new InboxEntry(
                        rows.Long(0), key, rows.Text(6), length,
                        rows.TextOrNull(8) is { } sha256 ? new Core.StoredObject(sha256, length) : null,
                        rows.Text(9), rows.Text(10), rows.Time(11)));
                }

                rows.Reset();
                return entries;
            },
            cancellationToken);

    /// <summary>The raw bytes of an inline message, or null if it is unknown or an object.</summary>
    public Task<byte[]?> ReadInboxBodyAsync(long id, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db =>
            {
                var row = db.Use("SELECT body FROM inbox WHERE id = ? AND object_sha256 IS NULL").Add(id);
                var body = row.Step() ? row.Blob(0) : null;
                row.Reset();
                return body;
            },
            cancellationToken);
}
