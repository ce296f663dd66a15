using System.Text;
using Drimbox.Core.Audit;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The statements of an audit trail. The one writer of the store numbers the records without a gap.</summary>
internal static class AuditTable
{
    /// <summary>What to lock of the trail, which has one end.</summary>
    public const string Name = "audit";

    private const string Columns = "id, recorded_at, event, type, outcome, message, sha256";

    public static long Insert(DatabaseConnection db, AuditRecord record)
    {
        record = Storable(db.Dialect, record);
        var link = AuditChain.Next(LastOf(db), record);
        db.Use("""
            INSERT INTO audit (id, recorded_at, event, type, outcome, message, sha256) VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
            .Add(link.Id).Add(record.At).Add(record.Event).Add(record.Type).Add((long)record.Outcome)
            .Add(record.Message).Add(link.Sha256).Run();
        foreach (var key in record.Keys)
        {
            db.Use("INSERT INTO audit_key (kind, value, audit) VALUES (?, ?, ?)")
                .Add(key.Kind.ToString()).Add(key.Value).Add(link.Id).Run();
        }

        db.Use("UPDATE audit_chain SET last = ?, last_sha256 = ? WHERE trail = 1").Add(link.Id).Add(link.Sha256).Run();
        return link.Id;
    }

    public static AuditLink LastOf(DatabaseConnection db) => LinkOf(db, "SELECT last, last_sha256 FROM audit_chain");

    public static AuditLink FirstOf(DatabaseConnection db) =>
        LinkOf(db, "SELECT first_after, first_sha256 FROM audit_chain");

    public static AuditRow? Find(DatabaseConnection db, long id) =>
        Read(db, db.Use($"SELECT {Columns} FROM audit WHERE id = ?").Add(id)).FirstOrDefault();

    /// <summary>The records after one, the oldest first.</summary>
    public static IReadOnlyList<AuditRow> After(DatabaseConnection db, long id, int max) =>
        Read(db, db.Use($"SELECT {Columns} FROM audit WHERE id > ? ORDER BY id LIMIT ?").Add(id).Add(max));

    public static IReadOnlyList<AuditRow> List(DatabaseConnection db, AuditFilter filter)
    {
        var sql = new StringBuilder($"SELECT {Columns} FROM audit WHERE id < ?");
        var keys = filter.Keys().ToList();
        foreach (var _ in keys)
            sql.Append(" AND id IN (SELECT audit FROM audit_key WHERE kind = ? AND value = ?)");
        if (filter.Event is not null) sql.Append(" AND (event = ? OR type = ?)");
        if (filter.Outcome is not null) sql.Append(" AND outcome = ?");
        if (filter.From is not null) sql.Append(" AND recorded_at >= ?");
        if (filter.Until is not null) sql.Append(" AND recorded_at < ?");
        var rows = db.UseBuilt(sql.Append(" ORDER BY id DESC LIMIT ?").ToString());
        rows.Add(filter.BeforeId ?? long.MaxValue);
        foreach (var key in keys) rows.Add(key.Kind.ToString()).Add(key.Value);
        if (filter.Event is { } code) rows.Add(code).Add(code);
        if (filter.Outcome is { } outcome) rows.Add((long)outcome);
        if (filter.From is { } from) rows.Add(from);
        if (filter.Until is { } until) rows.Add(until);
        return Read(db, rows.Add(filter.Max));
    }

    /// <summary>Removes the oldest records: those of before an instant, up to the first that is not, and none that a
    /// collector has not got.</summary>
    /// <param name="max">At most so many; the rest follows in the next transaction.</param>
    public static int Prune(DatabaseConnection db, DateTimeOffset before, IReadOnlyList<string> targets, int max)
    {
        var first = FirstOf(db);
        var until = db.Use("SELECT min(id) FROM audit WHERE recorded_at >= ?").Add(before).LongOrNone()
            ?? LastOf(db).Id + 1;
        foreach (var target in targets) until = Math.Min(until, SentTo(db, target) + 1);
        var last = Math.Min(until - 1, first.Id + max);
        if (last <= first.Id || Find(db, last) is not { } end) return 0;
        db.Use("UPDATE audit_chain SET first_after = ?, first_sha256 = ? WHERE trail = 1")
            .Add(end.Link.Id).Add(end.Link.Sha256).Run();
        db.Use("DELETE FROM audit_key WHERE audit <= ?").Add(last).Run();
        db.Use("DELETE FROM audit WHERE id <= ?").Add(last).Run();
        return db.Changes;
    }

    /// <summary>The last record that a collector has for sure; 0 for none.</summary>
    public static long SentTo(DatabaseConnection db, string target) =>
        db.Use("SELECT sent FROM audit_target WHERE target = ?").Add(target).LongOrNone() ?? 0;

    public static void Sent(DatabaseConnection db, string target, long id) =>
        db.Use("""
            INSERT INTO audit_target (target, sent) VALUES (?1, ?2) ON CONFLICT (target) DO UPDATE SET sent = ?2
            """).Add(target).Add(id).Run();

    // The hash is of what can be read again.
    private static AuditRecord Storable(SqlDialect dialect, AuditRecord record) => record with
    {
        Message = dialect.Storable(record.Message),
        Keys = [.. record.Keys.Select(key => key with { Value = dialect.Storable(key.Value) }).Distinct()],
    };

    private static AuditLink LinkOf(DatabaseConnection db, string sql)
    {
        var row = db.Use(sql);
        // A trail whose end is gone is broken, and a record cannot be chained to nothing.
        if (!row.Step()) throw new StorageFaultException(StorageFault.Corrupt, "The audit trail has no end.");
        var link = new AuditLink(row.Long(0), row.Text(1));
        row.Reset();
        return link;
    }

    private static List<AuditRow> Read(DatabaseConnection db, DatabaseStatement rows)
    {
        var found = new List<AuditRow>();
        while (rows.Step())
        {
            var id = rows.Long(0);
            found.Add(new AuditRow(
                new AuditLink(id, rows.Text(6)),
                new AuditRecord(
                    rows.Time(1), rows.Text(2), rows.Text(3), (AuditOutcome)rows.Long(4), rows.Text(5), [])));
        }

        rows.Reset();
        return found.ConvertAll(row => row with { Record = row.Record with { Keys = KeysOf(db, row.Link.Id) } });
    }

    private static List<AuditKey> KeysOf(DatabaseConnection db, long id)
    {
        var rows = db.Use("SELECT kind, value FROM audit_key WHERE audit = ?").Add(id);
        var keys = new List<AuditKey>();
        while (rows.Step()) keys.Add(new AuditKey(KindOf(rows.Text(0)), rows.Text(1)));
        rows.Reset();
        return [.. keys.OrderBy(k => k.Kind).ThenBy(k => k.Value, StringComparer.Ordinal)];
    }

    // A kind that nobody knows is one that somebody else wrote: the hash of the record tells.
    private static AuditKeyKind KindOf(string text) =>
        Enum.TryParse<AuditKeyKind>(text, out var kind) && kind.ToString() == text ? kind : (AuditKeyKind)(-1);
}
