using Drimbox.Storage;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;
using Npgsql;

namespace Drimbox.Tests.Storage;

/// <summary>Stores of a former program are brought up to date without a start.</summary>
public sealed class StoreUpgradeTests(PostgresCluster cluster) : IDisposable
{
    private static readonly int _last = FlowSchema.Migrations[^1].Number;
    private readonly StoreFolder _folder = new();
    private readonly string _schema = $"t-{Guid.NewGuid():N}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private PostgresOptions Postgres => new() { ConnectionString = cluster.ConnectionString, Schema = _schema };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_of_a_former_program_is_brought_up_to_date()
    {
        Assert.Equal(new StoreSteps(null, _last, IsDone: false), Run(null, isDryRun: false));
        Assert.False(File.Exists(Path.Combine(_folder.Path, "flow.db")));
        using (var db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, "flow.db")))
            SqliteMigrations.Apply(db, FlowSchema.Migrations.Take(2).ToList());

        Assert.Equal(new StoreSteps(2, _last, IsDone: false), Run(null, isDryRun: true));
        Assert.Equal(new StoreSteps(2, _last, IsDone: true), Run(null, isDryRun: false));
        Assert.Equal(new StoreSteps(_last, _last, IsDone: true), Run(null, isDryRun: false));

        await using var store = await FlowStore.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, Token);
        Assert.Equal(StorageFault.InUse, Assert.Throws<StorageFaultException>(() => Run(null, isDryRun: false)).Fault);
    }

    [Fact]
    public async Task So_is_a_schema_unless_a_process_has_it()
    {
        await cluster.RequireAsync();
        Assert.Equal(new StoreSteps(null, _last, IsDone: false), Run(Postgres, isDryRun: false));
        Assert.False(PostgresStore.Exists(Postgres));
        using (var db = PostgresConnection.OpenWriter(Postgres))
            PostgresMigrations.Apply(db, _schema, FlowSchema.Migrations.Take(2).ToList());

        Assert.Equal(new StoreSteps(2, _last, IsDone: false), Run(Postgres, isDryRun: true));
        Assert.Equal(new StoreSteps(2, _last, IsDone: true), Run(Postgres, isDryRun: false));
        Assert.Equal(new StoreSteps(_last, _last, IsDone: true), Run(Postgres, isDryRun: true));

        var shared = Postgres with { IsShared = true };
        await using (await FlowStore.OpenAsync(new FlowStoreOptions { Folder = _folder.Path, Postgres = shared }, Token))
            Assert.Equal(StorageFault.InUse, Assert.Throws<StorageFaultException>(() => Run(shared, isDryRun: true)).Fault);

        await using var session = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false");
        await session.OpenAsync(Token);
        await using var newer = new NpgsqlCommand($"INSERT INTO \"{_schema}\".schema_version (number) VALUES (99)", session);
        await newer.ExecuteNonQueryAsync(Token);
        Assert.Equal(StorageFault.NewerSchema, Assert.Throws<StorageFaultException>(() => Run(shared, isDryRun: false)).Fault);
    }

    private StoreSteps Run(PostgresOptions? postgres, bool isDryRun) =>
        StoreUpgrade.Run(Disk.Real, _folder.Path, "flow", postgres, isDryRun);
}
