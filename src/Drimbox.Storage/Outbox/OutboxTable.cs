using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>
/// The outbox of a database, on the writer's connection and inside its transaction. Beside the rows it keeps one
/// <c>lane</c> row for each lane with open rows: its head with its kind and priority, and when that may be claimed. So a
/// claim costs the same with ten rows and with a million. Where other processes write too, the name of a lane is
/// locked before its rows are changed; what a caller tells is on the clock of its process, what is stored on that of the database.
/// </summary>
internal sealed class OutboxTable(TimeProvider clock, TimeSpan coalesceDelayMax, IReadOnlySet<string> blockingKinds)
{
    private bool _lanesChanged;

    /// <summary>What to lock of a lane.</summary>
    public static string NameOf(string lane) => "lane " + lane;

    /// <summary>The same of a row, whose lane never changes; nothing without the row.</summary>
    public static IEnumerable<string> NamesOf(DatabaseConnection db, long id) =>
        db.Use("SELECT lane FROM outbox WHERE id = ?").Add(id).TextOrNone() is { } lane ? [NameOf(lane)] : [];

    /// <summary>Called after each COMMIT: wakes the dispatcher if a lane may have become ready.</summary>
    /// <returns>True if one may have.</returns>
    public bool Signal(WorkSignal work)
    {
        var changed = _lanesChanged;
        if (changed) work.Set();
        _lanesChanged = false;
        return changed;
    }

    public long Insert(DatabaseConnection db, OutboxRow row)
    {
        Invariant.Holds(row.Priority >= 0);
        var now = Now(db);
        if (row.CoalesceKey is not null && Coalesce(db, row) is { } replaced) return replaced;
        var id = db.Use("""
            INSERT INTO outbox (lane, kind, payload, priority, due_at, created_at, coalesce_key)
            VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id
            """)
            .Add(row.Lane).Add(row.Kind).Add(row.Payload).Add(row.Priority).Add(At(db, row.DueAt)).Add(now)
            .Add(row.CoalesceKey).InsertedId();
        RefreshLane(db, row.Lane);
        return id;
    }

    /// <summary>Of any kind: for tests and tools.</summary>
    public IReadOnlyList<ClaimedRow> Claim(DatabaseConnection db, string owner, TimeSpan lease, int max)
    {
        var now = Now(db);
        var found = Ready(db, """
            SELECT lane, head, priority, ready_at FROM lane WHERE ready_at <= ?1
            ORDER BY priority DESC, ready_at, lane LIMIT ?2
            """, null, now, Candidates(db, max));
        return Lease(db, owner, now + lease, Take(db, found, null, now, max));
    }

    public IReadOnlyList<ClaimedRow> Claim(
        DatabaseConnection db, string owner, TimeSpan lease, IReadOnlyList<ClaimDemand> demands)
    {
        var now = Now(db);
        var heads = new List<long>();
        foreach (var demand in demands)
        {
            var (found, max) = (new List<ReadyLane>(), Candidates(db, demand.Max));
            foreach (var kind in demand.Kinds)
            {
                found.AddRange(Ready(db, """
                    SELECT lane, head, priority, ready_at FROM lane WHERE ready_at <= ?1 AND kind = ?3 AND priority > 0
                    ORDER BY priority DESC, ready_at LIMIT ?2
                    """, kind, now, max));
                found.AddRange(Ready(db, """
                    SELECT lane, head, priority, ready_at FROM lane WHERE ready_at <= ?1 AND kind = ?3 AND priority = 0
                    ORDER BY ready_at LIMIT ?2
                    """, kind, now, max));
            }

            heads.AddRange(Take(db, found, demand.Kinds, now, demand.Max));
        }

        return Lease(db, owner, now + lease, heads);
    }

    // Others may have locked some, for as long as their transaction takes: those are passed over.
    private static int Candidates(DatabaseConnection db, int max) => db.IsShared ? max * 4 : max;

    private static List<ReadyLane> Ready(DatabaseConnection db, string sql, string? kind, DateTimeOffset now, int max)
    {
        var ready = db.Use(sql).Add(now).Add(max);
        if (kind is not null) ready.Add(kind);
        var found = new List<ReadyLane>();
        while (ready.Step()) found.Add(new ReadyLane(ready.Text(0), ready.Long(1), ready.Long(2), ready.Long(3)));
        ready.Reset();
        return found;
    }

    /// <summary>The heads of the lanes that are taken: the highest priority first.</summary>
    private static List<long> Take(
        DatabaseConnection db, List<ReadyLane> found, IReadOnlyList<string>? kinds, DateTimeOffset now, int max)
    {
        var lanes = found.OrderByDescending(f => f.Priority).ThenBy(f => f.At).ToList();
        if (!db.IsShared) return [.. lanes.Take(max).Select(f => f.Head)];
        // Another process may have claimed one between the look and the lock: each is looked at again.
        var heads = new List<long>();
        foreach (var name in db.TryLock([.. lanes.Select(f => NameOf(f.Lane))], max))
        {
            var lane = db.Use("SELECT head, kind FROM lane WHERE lane = ? AND ready_at <= ?")
                .Add(name[NameOf("").Length..]).Add(now);
            if (lane.Step() && kinds?.Contains(lane.Text(1)) != false) heads.Add(lane.Long(0));
            lane.Reset();
        }

        return heads;
    }

    private List<ClaimedRow> Lease(DatabaseConnection db, string owner, DateTimeOffset until, List<long> heads)
    {
        var claimed = new List<ClaimedRow>(heads.Count);
        foreach (var id in heads)
        {
            // A lease that passed without a result: its owner may have reached the peer, or still will.
            var row = db.Use("""
                UPDATE outbox SET
                    attempts = attempts + 1, epoch = epoch + 1, unsettled = 1, lease_until = ?,
                    faults = faults + CASE WHEN lease_owner IS NULL THEN 0 ELSE 1 END,
                    last_detail = CASE
                        WHEN lease_owner IS NULL THEN last_detail ELSE 'The lease ended without a result.' END,
                    last_outcome = CASE WHEN lease_owner IS NULL THEN last_outcome ELSE 'Ambiguous' END,
                    lease_owner = ?
                WHERE id = ?
                RETURNING id, lane, kind, payload, attempts, epoch, last_outcome, last_detail, created_at, faults
                """).Add(until).Add(owner).Add(id);
            row.Step();
            claimed.Add(new ClaimedRow(
                row.Long(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Long(5),
                Outcome(row.TextOrNull(6)), row.TextOrNull(7), row.Time(8), row.Int(9)));
            row.Reset();
        }

        // The claimer itself need not be woken by its claim; what else this transaction changed stays noted.
        var changed = _lanesChanged;
        foreach (var row in claimed) RefreshLane(db, row.Lane);
        _lanesChanged = changed;
        return claimed;
    }

    /// <summary>False if the row is no longer leased under that epoch: nothing is written then.</summary>
    public bool Complete(DatabaseConnection db, OutboxResult result)
    {
        var now = Now(db);
        var kind = db.Use("SELECT kind FROM outbox WHERE id = ? AND epoch = ? AND lease_owner IS NOT NULL")
            .Add(result.Id).Add(result.Epoch).TextOrNone();
        if (kind is null) return false;
        var blocks = result.Outcome == DispatchOutcome.Quarantine && blockingKinds.Contains(kind);
        var (state, open) = result.Outcome switch
        {
            DispatchOutcome.Done => (OutboxState.Done, false),
            DispatchOutcome.Stale => (OutboxState.Stale, false),
            DispatchOutcome.Quarantine => (OutboxState.Quarantined, blocks),
            _ => (OutboxState.Pending, true),
        };
        var update = db.Use("""
            UPDATE outbox SET
                lease_owner = NULL, lease_until = NULL, state = ?, open = ?, unsettled = ?, due_at = ?,
                last_outcome = ?, last_detail = ?, payload = coalesce(?, payload),
                faults = coalesce(?, faults), finished_at = ?
            WHERE id = ?
            RETURNING lane
            """)
            .Add(state.ToString()).Add(open ? 1 : 0)
            .Add(blocks || result.Outcome == DispatchOutcome.Ambiguous ? 1 : 0)
            .Add(result.RetryAt is { } retry ? At(db, retry) : DatabaseTime.ToNumber(now + (result.RetryIn ?? TimeSpan.Zero)))
            .Add(result.Outcome.ToString()).Add(result.Detail).Add(result.NewPayload)
            .Add(result.Faults)
            .Add(state == OutboxState.Pending ? null : (long?)DatabaseTime.ToNumber(now)).Add(result.Id);
        RefreshLane(db, update.TextOrNone()!);
        return true;
    }

    public bool Renew(DatabaseConnection db, long id, long epoch, TimeSpan lease)
    {
        var lane = db.Use("""
            UPDATE outbox SET lease_until = ? WHERE id = ? AND epoch = ? AND lease_owner IS NOT NULL RETURNING lane
            """).Add(Now(db) + lease).Add(id).Add(epoch).TextOrNone();
        if (lane is null) return false;
        RefreshLane(db, lane);
        return true;
    }

    /// <summary>Gives a row back that was claimed and never begun: as if it had not been claimed.</summary>
    public bool Release(DatabaseConnection db, long id, long epoch)
    {
        var lane = db.Use("""
            UPDATE outbox SET
                lease_owner = NULL, lease_until = NULL, attempts = attempts - 1,
                unsettled = CASE WHEN last_outcome = 'Ambiguous' THEN 1 ELSE 0 END
            WHERE id = ? AND epoch = ? AND lease_owner IS NOT NULL
            RETURNING lane
            """).Add(id).Add(epoch).TextOrNone();
        if (lane is null) return false;
        RefreshLane(db, lane);
        return true;
    }

    public int VoidLeases(DatabaseConnection db) => Void(db, """
        UPDATE outbox SET
            lease_owner = NULL, lease_until = NULL, epoch = epoch + 1, due_at = ?,
            faults = faults + 1, last_outcome = 'Ambiguous',
            last_detail = 'The process ended while the row was in flight.'
        WHERE open = 1 AND lease_owner IS NOT NULL
        RETURNING lane
        """, null);

    /// <summary>The owners of leases.</summary>
    public static IReadOnlyList<string> Owners(DatabaseConnection db)
    {
        var rows = db.Use("SELECT DISTINCT lease_owner FROM outbox WHERE open = 1 AND lease_owner IS NOT NULL");
        var owners = new List<string>();
        while (rows.Step()) owners.Add(rows.Text(0));
        rows.Reset();
        return owners;
    }

    /// <summary>Ends the leases of one owner, who is gone.</summary>
    public int VoidLeases(DatabaseConnection db, string owner)
    {
        var rows = db.Use("SELECT lane FROM outbox WHERE open = 1 AND lease_owner = ?").Add(owner);
        var lanes = new List<string>();
        while (rows.Step()) lanes.Add(NameOf(rows.Text(0)));
        rows.Reset();
        db.Lock(lanes);
        return Void(db, """
            UPDATE outbox SET
                lease_owner = NULL, lease_until = NULL, epoch = epoch + 1, due_at = ?,
                faults = faults + 1, last_outcome = 'Ambiguous',
                last_detail = 'The process ended while the row was in flight.'
            WHERE open = 1 AND lease_owner = ?
            RETURNING lane
            """, owner);
    }

    private int Void(DatabaseConnection db, string sql, string? owner)
    {
        var lanes = new List<string>();
        // The epoch moves on as well: a result of before is void even if its task should still live.
        var voided = db.Use(sql).Add(Now(db));
        if (owner is not null) voided.Add(owner);
        while (voided.Step()) lanes.Add(voided.Text(0));
        voided.Reset();
        foreach (var lane in lanes) RefreshLane(db, lane);
        return lanes.Count;
    }

    /// <summary>Due now: a quarantined or discarded row comes back, a waiting one waits no longer.</summary>
    public bool Requeue(DatabaseConnection db, long id, string actor) => Intervene(db, id, "requeue", actor, """
        UPDATE outbox SET
            state = 'Pending', open = 1, due_at = ?, finished_at = NULL,
            attempts = CASE WHEN state = 'Pending' THEN attempts ELSE 0 END, faults = 0,
            unsettled = CASE WHEN last_outcome = 'Ambiguous' THEN 1 ELSE 0 END
        WHERE id = ? AND lease_owner IS NULL AND state IN ('Pending', 'Quarantined', 'Discarded')
        RETURNING lane
        """);

    /// <summary>Given up; the row stays as history. One in flight cannot be.</summary>
    public bool Discard(DatabaseConnection db, long id, string actor) => Intervene(db, id, "discard", actor, """
        UPDATE outbox SET state = 'Discarded', open = 0, unsettled = 0, finished_at = ?
        WHERE id = ? AND lease_owner IS NULL AND state IN ('Pending', 'Quarantined')
        RETURNING lane
        """);

    /// <summary>Closes the dead letters of a lane in favour of the row that is sent in their place.</summary>
    public void Resend(DatabaseConnection db, DeadLettersResent resent)
    {
        var dead = new List<long>();
        var rows = db.Use("SELECT id FROM outbox WHERE state = 'Quarantined' AND lane = ? AND kind = ?")
            .Add(resent.Lane).Add(resent.Kind);
        while (rows.Step()) dead.Add(rows.Long(0));
        rows.Reset();
        foreach (var id in dead)
        {
            Intervene(db, id, "resend", resent.Actor, """
                UPDATE outbox SET state = 'Discarded', open = 0, unsettled = 0, finished_at = ? WHERE id = ?
                RETURNING lane
                """);
        }
    }

    private bool Intervene(DatabaseConnection db, long id, string action, string actor, string sql)
    {
        var now = Now(db);
        var lane = db.Use(sql).Add(now).Add(id).TextOrNone();
        if (lane is null) return false;
        db.Use("INSERT INTO outbox_intervention (row_id, action, actor, at) VALUES (?, ?, ?, ?)")
            .Add(id).Add(action).Add(actor).Add(now).Run();
        RefreshLane(db, lane);
        return true;
    }

    private long? Coalesce(DatabaseConnection db, OutboxRow row)
    {
        var found = db.Use("""
            SELECT id, created_at FROM outbox
            WHERE lane = ? AND coalesce_key = ? AND open = 1 AND state = 'Pending' AND unsettled = 0
            ORDER BY id DESC LIMIT 1
            """).Add(row.Lane).Add(row.CoalesceKey);
        var id = found.Step() ? found.Long(0) : (long?)null;
        var latest = id is null ? default : found.Time(1) + coalesceDelayMax;
        found.Reset();
        if (id is null) return null;
        db.Use("""
            UPDATE outbox SET
                kind = ?1, payload = ?2, priority = CASE WHEN priority < ?3 THEN ?3 ELSE priority END, due_at = ?4,
                attempts = 0, faults = 0
            WHERE id = ?5
            """)
            .Add(row.Kind).Add(row.Payload).Add(row.Priority).Add(Math.Min(At(db, row.DueAt), DatabaseTime.ToNumber(latest))).Add(id)
            .Run();
        RefreshLane(db, row.Lane);
        return id;
    }

    private void RefreshLane(DatabaseConnection db, string lane)
    {
        _lanesChanged = true;
        var first = db.Use("""
            SELECT id, kind, priority, CASE WHEN state <> 'Quarantined' THEN coalesce(lease_until, due_at) END FROM outbox
            WHERE lane = ? AND open = 1
            ORDER BY unsettled DESC, priority DESC, id LIMIT 1
            """).Add(lane);
        if (!first.Step())
        {
            first.Reset();
            db.Use("DELETE FROM lane WHERE lane = ?").Add(lane).Run();
            return;
        }

        var (head, kind, priority, readyAt) = (first.Long(0), first.Text(1), first.Long(2), first.LongOrNull(3));
        first.Reset();
        db.Use("""
            INSERT INTO lane (lane, head, kind, priority, ready_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (lane) DO UPDATE SET
                head = excluded.head, kind = excluded.kind, priority = excluded.priority, ready_at = excluded.ready_at
            """)
            .Add(lane).Add(head).Add(kind).Add(priority).Add(readyAt).Run();
    }

    private DateTimeOffset Now(DatabaseConnection db) => clock.DatabaseNow(db);

    /// <summary>An instant that a caller told, on the clock of the database: so long from now.</summary>
    private long At(DatabaseConnection db, DateTimeOffset told) => DatabaseTime.ToNumber(told)
        + (db.ServerTime is { } now ? DatabaseTime.ToNumber(now) - DatabaseTime.ToNumber(clock.GetUtcNow()) : 0);

    /// <param name="At">When it became ready.</param>
    private readonly record struct ReadyLane(string Lane, long Head, long Priority, long At);

    private static DispatchOutcome? Outcome(string? text) => text is null ? null : Enum.Parse<DispatchOutcome>(text);
}
