using Drimbox.Storage;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Tests.Storage;

/// <summary>The statements of resynchronisations say the same to both databases.</summary>
public sealed class ResyncDialectTests(PostgresCluster cluster)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 2, 10, 0, 0, TimeSpan.Zero);

    private static readonly DatabaseMigration[] _steps = [new(1, ResyncTable.Schema)];

    [Fact]
    public void In_SQLite()
    {
        using var folder = new StoreFolder();
        var store = SqliteStore.Open(folder.Path, "flow", Disk.Real, _steps);
        using var held = store.Held;
        using var db = store.Writer;
        Play(db);
    }

    [Fact]
    public async Task In_PostgreSQL()
    {
        await cluster.RequireAsync();
        var options = new PostgresOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = $"t-{Guid.NewGuid():N}",
        };
        using var db = PostgresConnection.OpenWriter(options);
        PostgresMigrations.Apply(db, options.Schema, _steps);
        Play(db);
    }

    private static void Play(DatabaseConnection db)
    {
        db.Begin();
        var first = ResyncTable.Add(db, "{}", 5, "operator", Now);
        var second = ResyncTable.Add(db, "{}", 5, "operator", Now);
        Assert.True(ResyncTable.Move(db, first, ["Planned"], "Running", "operator", "", Now));
        Assert.False(ResyncTable.Move(db, second, ["Planned"], "Running", "operator", "", Now));
        var page = new ResyncPage(
            ["1.2.1", "1.2.2", "1.2.1"], [new ResyncCount("WithoutReport", 2)],
            new ResyncFailure("20261102", "DayNotListed"), "20261103", IsLast: true);
        Assert.True(ResyncTable.AddPage(db, first, "", page));
        Assert.False(ResyncTable.AddPage(db, first, "", page));
        Assert.Equal("1.2.1", ResyncTable.Next(db, first));
        Assert.True(ResyncTable.End(db, first, "1.2.1", "PacsFailed", isFailure: true));
        Assert.False(ResyncTable.End(db, first, "1.2.1", "PacsFailed", isFailure: true));
        Assert.True(ResyncTable.End(db, first, "1.2.2", "Unchanged", isFailure: false));
        Assert.True(ResyncTable.Move(db, first, ["Running"], "Done", "drimbox", "note", Now.AddHours(1)));
        db.Commit();

        Assert.Equal(
            new ResyncEntry(first, "Done", "{}", "20261103", true, 5, "note", "drimbox", Now, Now, Now.AddHours(1)),
            ResyncTable.Find(db, first));
        Assert.Equal([second, first], ResyncTable.List(db, 10).Select(r => r.Id));
        Assert.Null(ResyncTable.Running(db));
        Assert.Equal(0, ResyncTable.Waiting(db, first));
        Assert.Equal(
            [new ResyncCount("PacsFailed", 1), new ResyncCount("Unchanged", 1), new ResyncCount("WithoutReport", 2)],
            ResyncTable.Counts(db, first));
        Assert.Equal(
            [new ResyncFailure("1.2.1", "PacsFailed"), new ResyncFailure("20261102", "DayNotListed")],
            ResyncTable.Failures(db, first, 10));
    }
}
