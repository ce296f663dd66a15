using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <content>The audit trail. It is a part of the flow so that what happened and its record can be one
/// transaction.</content>
public sealed partial class FlowStore
{
    private readonly List<WorkSignal> _auditReaders = [];
    private int _auditWritten;

    /// <summary>Writes a record; it is durable then.</summary>
    /// <exception cref="StorageFaultException">It could not be written: what it is of must not be done.</exception>
    public Task RecordAsync(AuditRecord record, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db => new Written<bool>(InsertAudit(db, record), Keep: true), cancellationToken, names: _ => [AuditName]);

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<AuditRow>> ListAuditAsync(AuditFilter filter, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => AuditTable.List(db, filter with { Max = Math.Clamp(filter.Max, 1, Limits.AuditListedMax) }),
            cancellationToken);

    public Task<AuditRow?> FindAuditAsync(long id, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.Find(db, id), cancellationToken);

    /// <summary>The records after one, of its trail, the oldest first.</summary>
    /// <param name="after">A record, or the beginning of a trail.</param>
    public Task<IReadOnlyList<AuditRow>> ReadAuditAsync(long after, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.After(db, after, max), cancellationToken);

    /// <summary>The trails in the order of their numbers: one, unless several processes write or wrote.</summary>
    public Task<IReadOnlyList<AuditTrailEnds>> ListAuditTrailsAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(AuditTable.Trails, cancellationToken);

    /// <summary>Looks at every record whether it is as it was written (DB.CS.08). What is added meanwhile is not looked
    /// at.</summary>
    /// <param name="known">A record whose hash somebody wrote down, or null.</param>
    public async Task<AuditVerdict> VerifyAuditAsync(AuditLink? known, CancellationToken cancellationToken)
    {
        var trails = await ListAuditTrailsAsync(cancellationToken);
        var (count, looked, note) = (0L, new List<AuditTrailEnds>(), (string?)null);
        for (var i = 0; i < trails.Count || i == 0; i++)
        {
            // Each has had its row since its first record, and those before it theirs.
            if (i == trails.Count || trails[i].Trail != i + 1)
                return new AuditVerdict(count, looked, AuditLink.BeginningOf(i + 1).Id + 1, "It and all after it are gone.");
            var one = await VerifyAuditAsync(trails[i], known?.Trail == i + 1 ? known : null, cancellationToken);
            count += one.Records;
            looked.AddRange(one.Trails);
            if (!one.Holds) return one with { Records = count, Trails = looked };
            note ??= one.Why;
        }

        return known?.Trail > trails.Count
            ? new AuditVerdict(count, looked, known.Value.Id, "It was written down, and it is gone.")
            : new AuditVerdict(count, looked, null, note);
    }

    /// <summary>Removes records whose time is over, the oldest first (DB.CS.09).</summary>
    /// <param name="before">Records from then on stay.</param>
    /// <param name="targets">Collectors: what one of them has not got stays too.</param>
    /// <returns>How many.</returns>
    public async Task<long> PruneAuditAsync(
        DateTimeOffset before, IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        var removed = 0L;
        foreach (var (trail, _, _) in await ListAuditTrailsAsync(cancellationToken))
        {
            int some;
            do
            {
                some = await _writer.RunAsync(
                    db => new Written<int>(AuditTable.Prune(db, trail, before, targets, Limits.AuditPage), Keep: true),
                    cancellationToken,
                    names: _ => [AuditTable.NameOf(trail)]);
                removed += some;
            }
            while (some == Limits.AuditPage);
        }

        return removed;
    }

    /// <summary>The last record of a trail that a collector has for sure; the beginning of the trail for none.</summary>
    public Task<long> AuditSentAsync(string target, int trail, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.SentTo(db, target, trail), cancellationToken);

    /// <summary>A collector has all records of a trail up to one.</summary>
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

    // That of this process, as long as no other has the number because the session that holds it was lost: then both write
    // to it, one after the other.
    private int Trail => _sharing?.Trail ?? 1;

    private string AuditName => AuditTable.NameOf(Trail);

    private async Task<AuditVerdict> VerifyAuditAsync(
        AuditTrailEnds trail, AuditLink? known, CancellationToken cancellationToken)
    {
        var (_, first, last) = trail;
        var (at, count) = (first, 0L);
        if (IsBroken(known, at)) return Broken(at.Id, "It is another one than the one that was written down.");
        while (at.Id < last.Id)
        {
            var page = await ReadAuditAsync(at.Id, Limits.AuditPage, cancellationToken);
            if (Look(page) is not { } broken) continue;
            // Its time may be over since, and a part of it gone: what is left begins after it.
            var now = await BeginningAsync(trail.Trail, cancellationToken);
            if (now.Id < broken.Id) return Broken(broken.Id, broken.Why);
            first = at = now;
        }

        // It may be passed by what went after its time since.
        if (at != last && (at.Id == last.Id || first == trail.First)) return Broken(last.Id, "The end of the trail is another one.");
        return known?.Id > last.Id
            ? Broken(last.Id + 1, "It was written down, and it is gone.")
            : new AuditVerdict(
                count, [trail with { First = first }], null,
                known?.Id < first.Id ? "The record that was written down went after its time." : null);

        AuditVerdict Broken(long id, string why) => new(count, [trail with { First = first }], id, why);

        (long Id, string Why)? Look(IReadOnlyList<AuditRow> page)
        {
            if (page.Count == 0) return (at.Id + 1, "It and all after it are gone.");
            foreach (var row in page.Where(row => row.Link.Id <= last.Id))
            {
                var expected = AuditChain.Next(at, row.Record);
                if (row.Link.Id != expected.Id) return (expected.Id, "It is gone.");
                if (row.Link != expected) return (expected.Id, "It is not as it was written.");
                if (IsBroken(known, expected)) return (expected.Id, "It is another one than the one that was written down.");
                (at, count) = (expected, count + 1);
            }

            return null;
        }
    }

    private Task<AuditLink> BeginningAsync(int trail, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => AuditTable.EndsOf(db, trail).First, cancellationToken);

    private static bool IsBroken(AuditLink? known, AuditLink link) =>
        known is { } one && one.Id == link.Id && one != link;

    private bool InsertAudit(DatabaseConnection db, AuditRecord record)
    {
        AuditTable.Insert(db, Trail, record);
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
