using System.Text;
using Drimbox.Core.Audit;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The statements of the audit trails. The one writer of a trail numbers its records without a gap: whoever has
/// locked its name.</summary>
internal static class AuditTable
{
    private const string Ends = "trail, first_after, first_sha256, last, last_sha256";

    private const string Columns = "id, recorded_at, event, type, outcome, message, sha256";

    /// <summary>What to lock of a trail, which has one end.</summary>
    public static string NameOf(int trail) => $"audit {trail}";

    /// <summary>Makes a trail that is not there yet, and those before it: one that is missing among them was taken
    /// away.</summary>
    public static void Begin(DatabaseConnection db, int last)
    {
        // The first is there since the table is.
        for (var trail = 2; trail <= last; trail++)
        {
            var link = AuditLink.BeginningOf(trail);
            db.Use("""
                INSERT INTO audit_chain (trail, first_after, first_sha256, last, last_sha256) VALUES (?1, ?2, ?3, ?2, ?3)
                ON CONFLICT (trail) DO NOTHING
                """).Add(trail).Add(link.Id).Add(link.Sha256).Run();
        }
    }

    public static long Insert(DatabaseConnection db, int trail, AuditRecord record)
    {
        record = Storable(db.Dialect, record);
        var link = AuditChain.Next(EndsOf(db, trail).Last, record);
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

        db.Use("UPDATE audit_chain SET last = ?, last_sha256 = ? WHERE trail = ?")
            .Add(link.Id).Add(link.Sha256).Add(trail).Run();
        return link.Id;
    }

    /// <summary>The trails in the order of their numbers.</summary>
    public static IReadOnlyList<AuditTrailEnds> Trails(DatabaseConnection db) =>
        ReadEnds(db.Use($"SELECT {Ends} FROM audit_chain ORDER BY trail"));

    public static AuditTrailEnds EndsOf(DatabaseConnection db, int trail) =>
        ReadEnds(db.Use($"SELECT {Ends} FROM audit_chain WHERE trail = ?").Add(trail)) is [var ends]
            ? ends
            // A trail whose end is gone is broken, and a record cannot be chained to nothing.
            : throw new StorageFaultException(StorageFault.Corrupt, "The audit trail has no end.");

    public static AuditRow? Find(DatabaseConnection db, long id) =>
        Read(db, db.Use($"SELECT {Columns} FROM audit WHERE id = ?").Add(id)).FirstOrDefault();

    /// <summary>The records after one, of its trail, the oldest first.</summary>
    /// <param name="id">A record, or the beginning of a trail.</param>
    public static IReadOnlyList<AuditRow> After(DatabaseConnection db, long id, int max) =>
        Read(db, db.Use($"SELECT {Columns} FROM audit WHERE id > ? AND id < ? ORDER BY id LIMIT ?")
            .Add(id).Add(EndOfNumbers(AuditLink.TrailOf(id))).Add(max));

    /// <summary>The newest first: of several trails by their time.</summary>
    public static IReadOnlyList<AuditRow> List(DatabaseConnection db, AuditFilter filter)
    {
        var sql = new StringBuilder($"SELECT {Columns} FROM audit WHERE 1 = 1");
        if (filter.BeforeId is not null)
            sql.Append(" AND (recorded_at, id) < ((SELECT recorded_at FROM audit WHERE id = ?), ?)");
        var keys = filter.Keys().ToList();
        foreach (var _ in keys)
            sql.Append(" AND id IN (SELECT audit FROM audit_key WHERE kind = ? AND value = ?)");
        if (filter.Event is not null) sql.Append(" AND (event = ? OR type = ?)");
        if (filter.Outcome is not null) sql.Append(" AND outcome = ?");
        if (filter.From is not null) sql.Append(" AND recorded_at >= ?");
        if (filter.Until is not null) sql.Append(" AND recorded_at < ?");
        var rows = db.UseBuilt(sql.Append(" ORDER BY recorded_at DESC, id DESC LIMIT ?").ToString());
        if (filter.BeforeId is { } before) rows.Add(before).Add(before);
        foreach (var key in keys) rows.Add(key.Kind.ToString()).Add(key.Value);
        if (filter.Event is { } code) rows.Add(code).Add(code);
        if (filter.Outcome is { } outcome) rows.Add((long)outcome);
        if (filter.From is { } from) rows.Add(from);
        if (filter.Until is { } until) rows.Add(until);
        return Read(db, rows.Add(filter.Max));
    }

    /// <summary>Removes the oldest records of a trail: those of before an instant, up to the first that is not, and none that a
    /// collector has not got.</summary>
    /// <param name="max">At most so many; the rest follows in the next transaction.</param>
    public static int Prune(
        DatabaseConnection db, int trail, DateTimeOffset before, IReadOnlyList<string> targets, int max)
    {
        var (_, first, end) = EndsOf(db, trail);
        var until = db.Use("SELECT min(id) FROM audit WHERE recorded_at >= ? AND id > ? AND id < ?")
            .Add(before).Add(first.Id).Add(EndOfNumbers(trail)).LongOrNone() ?? end.Id + 1;
        foreach (var target in targets) until = Math.Min(until, SentTo(db, target, trail) + 1);
        var last = Math.Min(until - 1, first.Id + max);
        if (last <= first.Id || Find(db, last) is not { } gone) return 0;
        db.Use("UPDATE audit_chain SET first_after = ?, first_sha256 = ? WHERE trail = ?")
            .Add(gone.Link.Id).Add(gone.Link.Sha256).Add(trail).Run();
        var beginning = AuditLink.BeginningOf(trail).Id;
        db.Use("DELETE FROM audit_key WHERE audit > ? AND audit <= ?").Add(beginning).Add(last).Run();
        db.Use("DELETE FROM audit WHERE id > ? AND id <= ?").Add(beginning).Add(last).Run();
        return db.Changes;
    }

    /// <summary>The last record of a trail that a collector has for sure; the beginning of the trail for none.</summary>
    public static long SentTo(DatabaseConnection db, string target, int trail) =>
        db.Use("SELECT sent FROM audit_target WHERE target = ?").Add(PlaceOf(target, trail)).LongOrNone()
        ?? AuditLink.BeginningOf(trail).Id;

    /// <summary>A collector has the records of a trail up to one. A process that stood still meanwhile may tell less than is
    /// known.</summary>
    public static void Sent(DatabaseConnection db, string target, long id) =>
        db.Use("""
            INSERT INTO audit_target (target, sent) VALUES (?1, ?2)
            ON CONFLICT (target) DO UPDATE SET sent = ?2 WHERE audit_target.sent < ?2
            """).Add(PlaceOf(target, AuditLink.TrailOf(id))).Add(id).Run();

    // The name of a collector has no slash.
    private static string PlaceOf(string target, int trail) => trail == 1 ? target : $"{target}/{trail}";

    private static long EndOfNumbers(int trail) => AuditLink.BeginningOf(trail + 1).Id;

    // The hash is of what can be read again.
    private static AuditRecord Storable(SqlDialect dialect, AuditRecord record) => record with
    {
        Message = dialect.Storable(record.Message),
        Keys = [.. record.Keys.Select(key => key with { Value = dialect.Storable(key.Value) }).Distinct()],
    };

    private static List<AuditTrailEnds> ReadEnds(DatabaseStatement rows)
    {
        var ends = new List<AuditTrailEnds>();
        while (rows.Step())
        {
            ends.Add(new AuditTrailEnds(
                rows.Int(0), new AuditLink(rows.Long(1), rows.Text(2)), new AuditLink(rows.Long(3), rows.Text(4))));
        }

        rows.Reset();
        return ends;
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
