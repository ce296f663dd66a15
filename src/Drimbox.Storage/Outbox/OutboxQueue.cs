using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The outbox of a store: for its dispatcher, and for the person who looks after it.</summary>
public sealed class OutboxQueue : IOutbox
{
    private readonly OutboxTable _table;
    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly WorkSignal _work;

    internal OutboxQueue(OutboxTable table, DatabaseWriter writer, DatabaseReaders readers, WorkSignal work)
    {
        _table = table;
        _writer = writer;
        _readers = readers;
        _work = work;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, int max, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Claim(db, owner, lease, max), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ClaimedRow>> ClaimAsync(
        string owner, TimeSpan lease, IReadOnlyList<ClaimDemand> demands, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Claim(db, owner, lease, demands), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> CompleteAsync(OutboxResult result, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Complete(db, result), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RenewAsync(long id, long epoch, TimeSpan lease, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Renew(db, id, epoch, lease), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReleaseAsync(long id, long epoch, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Release(db, id, epoch), cancellationToken);

    /// <inheritdoc/>
    public Task<DateTimeOffset?> NextDueAsync(IReadOnlyList<string>? kinds, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => OutboxListing.NextDue(db, kinds), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> OpenKindsAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(OutboxListing.OpenKinds, cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForWorkAsync(DateTimeOffset? until, CancellationToken cancellationToken) =>
        _work.WaitAsync(until, cancellationToken);

    /// <inheritdoc/>
    public void Wake() => _work.Set();

    /// <summary>Ends every lease at once; each such row counts as ambiguous and is due. For the start of the one
    /// process that holds the store, when every former owner is dead.</summary>
    /// <returns>How many rows were in flight.</returns>
    public Task<int> VoidLeasesAsync(CancellationToken cancellationToken) =>
        WriteAsync(_table.VoidLeases, cancellationToken);

    /// <summary>A person sends a row again: quarantined, discarded, or waiting for its next attempt. False if it is
    /// in flight, finished or unknown.</summary>
    public Task<bool> RequeueAsync(long id, string actor, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Requeue(db, id, actor), cancellationToken);

    /// <summary>A person gives a row up. False if it is in flight, finished or unknown.</summary>
    public Task<bool> DiscardAsync(long id, string actor, CancellationToken cancellationToken) =>
        WriteAsync(db => _table.Discard(db, id, actor), cancellationToken);

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

    private Task<T> WriteAsync<T>(Func<DatabaseConnection, T> work, CancellationToken cancellationToken) =>
        _writer.RunAsync(db => new Written<T>(work(db), Keep: true), cancellationToken);
}
