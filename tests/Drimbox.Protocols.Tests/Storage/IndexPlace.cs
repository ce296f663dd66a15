using Drimbox.Storage;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;
using Npgsql;

[assembly: AssemblyFixture(typeof(Drimbox.Tests.PostgresCluster))]

namespace Drimbox.Tests.Storage;

/// <summary>Where a test has its index: the tests of the index run over each.</summary>
public abstract class IndexPlace : IAsyncDisposable
{
    protected StoreFolder Home { get; init; } = new();

    public string Path => Home.Path;

    public abstract ArchiveIndexOptions Options { get; }

    /// <summary>Makes it ready; skips the test where the database is not installed.</summary>
    public virtual Task RequireAsync() => Task.CompletedTask;

    public Task<ArchiveIndex> OpenAsync() =>
        ArchiveIndex.OpenAsync(Options, TestContext.Current.CancellationToken);

    /// <summary>What a crash of the process leaves, in a place of its own.</summary>
    public abstract Task<IndexPlace> AfterCrashAsync();

    /// <summary>A connection beside those of the index.</summary>
    internal abstract DatabaseConnection Connect();

    public virtual ValueTask DisposeAsync()
    {
        Home.Dispose();
        GC.SuppressFinalize(this);
        return default;
    }
}

/// <summary>A file of SQLite in a folder.</summary>
public sealed class SqlitePlace : IndexPlace
{
    public override ArchiveIndexOptions Options => new() { Folder = Path };

    public override Task<IndexPlace> AfterCrashAsync() =>
        Task.FromResult<IndexPlace>(new SqlitePlace { Home = Home.CopyAfterCrash() });

    internal override DatabaseConnection Connect() =>
        SqliteDatabase.OpenReader(System.IO.Path.Combine(Path, "archive.db"));
}

/// <summary>A schema of PostgreSQL of its own.</summary>
public sealed class PostgresPlace(PostgresCluster cluster) : IndexPlace
{
    public PostgresOptions Postgres =>
        new() { ConnectionString = cluster.ConnectionString, Schema = Schema };

    private string Schema { get; init; } = $"t-{Guid.NewGuid():N}";

    public override ArchiveIndexOptions Options => new() { Folder = Path, Postgres = Postgres };

    public override Task RequireAsync() => cluster.RequireAsync();

    // The server ends the session of a process that is gone, and with it the lock.
    public override Task<IndexPlace> AfterCrashAsync()
    {
        EndWriter();
        return Task.FromResult<IndexPlace>(
            new PostgresPlace(cluster) { Home = Home.CopyAfterCrash(), Schema = Schema });
    }

    /// <summary>Ends the session of the writer.</summary>
    public void EndWriter() => Assert.Equal(1, Ask("""
        SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_locks
        WHERE locktype = 'advisory' AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint))
            = hashtextextended('drimbox ' || $1, 0)
        """));

    public long Ask(string sql)
    {
        using var connection = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Schema });
        return (long)command.ExecuteScalar()!;
    }

    internal override DatabaseConnection Connect() => PostgresConnection.OpenReader(Postgres);
}
