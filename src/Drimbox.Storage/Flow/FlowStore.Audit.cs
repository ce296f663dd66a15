using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <content>The audit trail. It is a part of the flow so that what happened and its record can be one
/// transaction.</content>
public sealed partial class FlowStore
{
    private readonly List<WorkSignal> _auditReaders = [];
    private readonly SemaphoreSlim _auditTurn = new(1, 1);
    private int _auditWritten;

    /// <summary>Writes a record; it is durable then.</summary>
    /// <exception cref="StorageFaultException">It could not be written: what it is of must not be done.</exception>
    public Task RecordAsync(AuditRecord record, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db => new Written<bool>(InsertAudit(db, record), Keep: true), cancellationToken, names: _ => [AuditTable.Name]);

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<AuditRow>> ListAuditAsync(AuditFilter filter, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => AuditTable.List(db, filter with { Max = Math.Clamp(filter.Max, 1, Limits.AuditListedMax) }),
            cancellationToken);

    public Task<AuditRow?> FindAuditAsync(long id, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.Find(db, id), cancellationToken);

    /// <summary>The records after one, the oldest first.</summary>
    public Task<IReadOnlyList<AuditRow>> ReadAuditAsync(long after, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.After(db, after, max), cancellationToken);

    /// <summary>The newest record.</summary>
    public Task<AuditLink> LastAuditAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(AuditTable.LastOf, cancellationToken);

    /// <summary>Looks at every record whether it is as it was written (DB.CS.08).</summary>
    /// <param name="known">A record whose hash somebody wrote down, or null.</param>
    public async Task<AuditVerdict> VerifyAuditAsync(AuditLink? known, CancellationToken cancellationToken)
    {
        // Nothing is removed meanwhile; what is added is not looked at.
        await _auditTurn.WaitAsync(cancellationToken);
        try
        {
            var (first, last) = await _readers.ReadAsync(
                db => (AuditTable.FirstOf(db), AuditTable.LastOf(db)), cancellationToken);
            var (at, count) = (first, 0L);
            if (IsBroken(known, at)) return Broken(at.Id, "It is another one than the one that was written down.");
            while (at.Id < last.Id)
            {
                var page = await ReadAuditAsync(at.Id, Limits.AuditPage, cancellationToken);
                if (page.Count == 0) return Broken(at.Id + 1, "It and all after it are gone.");
                foreach (var row in page.Where(row => row.Link.Id <= last.Id))
                {
                    var expected = AuditChain.Next(at, row.Record);
                    if (row.Link.Id != expected.Id) return Broken(expected.Id, "It is gone.");
                    if (row.Link != expected) return Broken(expected.Id, "It is not as it was written.");
                    if (IsBroken(known, expected))
                        return Broken(expected.Id, "It is another one than the one that was written down.");
                    (at, count) = (expected, count + 1);
                }
            }

            if (at != last) return Broken(last.Id, "The end of the trail is another one.");
            return known?.Id > last.Id
                ? Broken(last.Id + 1, "It was written down, and it is gone.")
                : new AuditVerdict(
                    count, first, last, null,
                    known?.Id < first.Id ? "The record that was written down went after its time." : null);

            AuditVerdict Broken(long id, string why) => new(count, first, last, id, why);
        }
        finally
        {
            _auditTurn.Release();
        }
    }

    /// <summary>Removes records whose time is over, the oldest first (DB.CS.09).</summary>
    /// <param name="before">Records from then on stay.</param>
    /// <param name="targets">Collectors: what one of them has not got stays too.</param>
    /// <returns>How many.</returns>
    public async Task<long> PruneAuditAsync(
        DateTimeOffset before, IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        await _auditTurn.WaitAsync(cancellationToken);
        try
        {
            var removed = 0L;
            while (true)
            {
                var some = await _writer.RunAsync(
                    db => new Written<int>(AuditTable.Prune(db, before, targets, Limits.AuditPage), Keep: true),
                    cancellationToken,
                    names: _ => [AuditTable.Name]);
                removed += some;
                if (some < Limits.AuditPage) return removed;
            }
        }
        finally
        {
            _auditTurn.Release();
        }
    }

    /// <summary>The last record that a collector has for sure; 0 for none.</summary>
    public Task<long> AuditSentAsync(string target, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.SentTo(db, target), cancellationToken);

    /// <summary>A collector has all records up to one.</summary>
    public Task MarkAuditSentAsync(string target, long id, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db =>
            {
                AuditTable.Sent(db, target, id);
                return new Written<bool>(true, Keep: true);
            },
            cancellationToken);

    /// <summary>A signal for one reader that is set after each commit with a record.</summary>
    public WorkSignal WatchAudit()
    {
        var signal = new WorkSignal(_options.Clock);
        lock (_auditReaders) _auditReaders.Add(signal);
        return signal;
    }

    private static bool IsBroken(AuditLink? known, AuditLink link) =>
        known is { } one && one.Id == link.Id && one != link;

    private bool InsertAudit(DatabaseConnection db, AuditRecord record)
    {
        AuditTable.Insert(db, record);
        Volatile.Write(ref _auditWritten, 1);
        return true;
    }

    /// <returns>True if records were written.</returns>
    private bool SignalAudit()
    {
        if (Interlocked.Exchange(ref _auditWritten, 0) == 0) return false;
        WakeAuditReaders();
        return true;
    }

    private void WakeAuditReaders()
    {
        lock (_auditReaders)
        {
            foreach (var reader in _auditReaders) reader.Set();
        }
    }
}
