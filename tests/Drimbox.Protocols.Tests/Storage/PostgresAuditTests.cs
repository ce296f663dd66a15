using Drimbox.Core.Audit;
using Drimbox.Storage;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;

namespace Drimbox.Tests.Storage;

/// <summary>The tables and the statements of the audit trail are words that PostgreSQL takes too.</summary>
public sealed class PostgresAuditTests(PostgresCluster cluster) : IAsyncLifetime
{
    private readonly PostgresPlace _place = new(cluster);

    public async ValueTask InitializeAsync() => await _place.RequireAsync();

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public void Records_are_chained_found_and_removed()
    {
        using var db = PostgresConnection.OpenWriter(_place.Postgres);
        PostgresMigrations.Apply(db, _place.Postgres.Schema, [new DatabaseMigration(1, AuditSchema.Tables)]);
        db.Begin();
        for (var i = 1; i <= 3; i++) AuditTable.Insert(db, trail: 1, Record(i));
        AuditTable.Sent(db, "collector", 1);
        AuditTable.Sent(db, "collector", 2);
        db.Commit();

        var rows = AuditTable.After(db, 0, 10);
        var link = AuditLink.Beginning;
        foreach (var row in rows) Assert.Equal(row.Link, link = AuditChain.Next(link, row.Record));
        Assert.Equal((3, link), (rows.Count, AuditTable.EndsOf(db, 1).Last));
        var filter = new AuditFilter(Patient: "É2", Event: "110120", Until: At(9));
        Assert.Equal(2, Assert.Single(AuditTable.List(db, filter)).Link.Id);
        db.Begin();
        Assert.Equal(2, AuditTable.Prune(db, 1, At(9), ["collector"], 10));
        db.Commit();
        Assert.Equal((2L, rows[2]), (AuditTable.EndsOf(db, 1).First.Id, Assert.Single(AuditTable.After(db, 0, 10)) with
        {
            Record = rows[2].Record,
        }));
    }

    private static DateTimeOffset At(int hour) => new(2026, 11, 29, hour, 0, 0, TimeSpan.Zero);

    private static AuditRecord Record(int i) => new(
        At(i), "110100", "110120", AuditOutcome.Success, "<é/>", [new AuditKey(AuditKeyKind.Patient, $"É{i}")]);
}
