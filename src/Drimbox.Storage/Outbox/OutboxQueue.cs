using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The outbox of a store: for its dispatcher, and for the person who looks after it.</summary>
public sealed class OutboxQueue : IOutbox
{
    private readonly OutboxTable _table;
    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly WorkSignal _work;
    private readonly ProcessSharing? _sharing;

    /// <param name="sharing">With other processes; null: there are none.</param>
    internal OutboxQueue(
        OutboxTable table, DatabaseWriter writer, DatabaseReaders readers, WorkSignal work, ProcessSharing? sharing = null)
    {
        _sharing = sharing;
        _table = table;
        _writer = writer;
        _readers = readers;
        _work = work;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, int max, CancellationToken cancellationToken) =>
        WriteAsync(db => HoldsLeases ? _table.Claim(db, OwnerOf(owner), lease, max) : [], cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, IReadOnlyList<ClaimDemand> demands, CancellationToken cancellationToken) =>
        WriteAsync(
            db => HoldsLeases ? _table.Claim(db, OwnerOf(owner), lease, demands) : [], cancellationToken);

    /// <inheritdoc/>
    public Task<bool> CompleteAsync(OutboxResult result, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Complete(db, result), cancellationToken, result.Id);

    /// <inheritdoc/>
    public Task<bool> RenewAsync(long id, long epoch, TimeSpan lease, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Renew(db, id, epoch, lease), cancellationToken, id);

    /// <inheritdoc/>
    public Task<bool> ReleaseAsync(long id, long epoch, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Release(db, id, epoch), cancellationToken, id);

    /// <inheritdoc/>
    public bool HoldsLeases => _sharing?.HoldsName ?? true;

    /// <inheritdoc/>
    public Task<DateTimeOffset?> NextDueAsync(IReadOnlyList<string>? kinds, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => OutboxListing.NextDue(db, kinds) is { } due
                ? _sharing?.Told(due, db.AskTime()!.Value) ?? due
                : (DateTimeOffset?)null,
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> OpenKindsAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(OutboxListing.OpenKinds, cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForWorkAsync(DateTimeOffset? until, CancellationToken cancellationToken) =>
        _work.WaitAsync(_sharing is null ? until : _sharing.Until(until), cancellationToken);

    /// <inheritdoc/>
    public void Wake() => _work.Set();

    /// <summary>Ends the leases of owners that are gone; each such row counts as ambiguous and is due. For the start:
    /// where one process holds the store every former owner is dead, else those whose name nobody holds.</summary>
    /// <returns>How many rows were in flight.</returns>
    public Task<int> VoidLeasesAsync(CancellationToken cancellationToken) =>
        WriteAsync(db => _sharing is null ? _table.VoidLeases(db) : _sharing.VoidAll(db), cancellationToken);

    /// <summary>A person sends a row again: quarantined, discarded, or waiting for its next attempt. False if it is
    /// in flight, finished or unknown.</summary>
    public Task<bool> RequeueAsync(long id, string actor, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Requeue(db, id, actor), cancellationToken, id);

    /// <summary>A person gives a row up. False if it is in flight, finished or unknown.</summary>
    public Task<bool> DiscardAsync(long id, string actor, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Discard(db, id, actor), cancellationToken, id);

    /// <summary>Rows, finished ones included.</summary>
    public Task<IReadOnlyList<OutboxEntry>> ListAsync(OutboxFilter filter, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => OutboxListing.List(db, filter), cancellationToken);

    /// <summary>How much waits and lies aside, by kind; reads every such row.</summary>
    public Task<IReadOnlyList<OutboxBacklog>> CountAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(OutboxBacklog.Read, cancellationToken);

    /// <summary>Who did what to a row, oldest first.</summary>
    public Task<IReadOnlyList<OutboxIntervention>> ListInterventionsAsync(
        long rowId, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => OutboxListing.Interventions(db, rowId), cancellationToken);

    private string OwnerOf(string owner) => _sharing?.Name ?? owner;

    private Task<T> WriteAsync<T>(
        Func<DatabaseConnection, T> work, CancellationToken cancellationToken, long? row = null) =>
        _writer.RunAsync(
            db => new Written<T>(work(db), Keep: true), cancellationToken,
            names: row is { } id ? db => OutboxTable.NamesOf(db, id) : null);
}
