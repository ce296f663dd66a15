using System.Data;
using System.Data.Common;
using Drimbox.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Drimbox.Tests;

/// <summary>Where tests have the flow of a node: a file of SQLite in its folder, or with <c>DRIMBOX_FLOW=postgres</c> a
/// schema of PostgreSQL that the folder names.</summary>
public static class FlowStorePlace
{
    private const string SchemaFile = "flow.schema";

    private static PostgresCluster? _cluster;

    /// <summary>All flows of this run are in PostgreSQL.</summary>
    public static bool IsPostgres { get; } = Environment.GetEnvironmentVariable("DRIMBOX_FLOW") switch
    {
        null or "" or "sqlite" => false,
        "postgres" => true,
        _ => throw new InvalidOperationException("DRIMBOX_FLOW is sqlite (the default) or postgres."),
    };

    /// <summary>Opens the store in a folder: a new one, or the one that was there.</summary>
    public static async Task<FlowStore> OpenAsync(FlowStoreOptions options, CancellationToken cancellationToken) =>
        await FlowStore.OpenAsync(
            options with { Postgres = (await DatabaseAsync(options.Folder))?.ToFlow("") }, cancellationToken);

    /// <summary>The database of the flow in a folder, as the configuration of a node names it; null: a file.</summary>
    public static async Task<DatabaseOptions?> DatabaseAsync(string nodeFolder)
    {
        if (!IsPostgres) return null;
        var cluster = await ClusterAsync();
        var path = Path.Combine(nodeFolder, SchemaFile);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(nodeFolder);
            await File.WriteAllTextAsync(path, NewSchema());
        }

        return new DatabaseOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = await File.ReadAllTextAsync(path),
        };
    }

    /// <summary>The folder and its flows as a crash leaves them, in a place of their own: whoever has the first goes on in
    /// it.</summary>
    public static async Task<StoreFolder> CopyAfterCrashAsync(StoreFolder folder)
    {
        var copy = folder.CopyAfterCrash();
        foreach (var path in Directory.EnumerateFiles(copy.Path, SchemaFile, SearchOption.AllDirectories))
        {
            var (former, made) = (await File.ReadAllTextAsync(path), NewSchema());
            await CopyAsync(former, made);
            await File.WriteAllTextAsync(path, made);
        }

        return copy;
    }

    /// <summary>A connection beside those of the store.</summary>
    public static DbConnection Connect(string nodeFolder)
    {
        DbConnection connection = IsPostgres
            ? new NpgsqlConnection(ConnectionString(File.ReadAllText(Path.Combine(nodeFolder, SchemaFile))))
            : new SqliteConnection($"Data Source={Path.Combine(nodeFolder, "flow.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>Does something to the tables of a store.</summary>
    /// <param name="postgres">The same in the words of PostgreSQL, where they are others.</param>
    public static void Execute(string nodeFolder, string sql, string? postgres = null)
    {
        using var connection = Connect(nodeFolder);
        using var command = connection.CreateCommand();
        command.CommandText = IsPostgres ? postgres ?? sql : sql;
        command.ExecuteNonQuery();
    }

    /// <summary>A text as it is read again: that of PostgreSQL has no NUL.</summary>
    public static string Kept(string text) => IsPostgres ? text.Replace('\0', '\uFFFD') : text;

    private static string NewSchema() => $"t-{Guid.NewGuid():N}";

    private static string ConnectionString(string schema) =>
        $"{_cluster!.ConnectionString};Pooling=false;Search Path=\"{schema}\"";

    private static async Task<PostgresCluster> ClusterAsync()
    {
        _cluster ??= await TestContext.Current.GetFixture<PostgresCluster>();
        await _cluster!.RequireAsync();
        return _cluster;
    }

    private static async Task CopyAsync(string former, string made)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(former));
        await connection.OpenAsync();
        // One moment of all tables.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await using var command = new NpgsqlCommand(
            $$"""
            CREATE SCHEMA "{{made}}";
            DO $$
            DECLARE t record;
            BEGIN
                FOR t IN SELECT relname AS name FROM pg_class
                    WHERE relkind = 'r' AND relnamespace = to_regnamespace('"{{former}}"')
                LOOP
                    EXECUTE format('CREATE TABLE "{{made}}".%1$I (LIKE "{{former}}".%1$I INCLUDING ALL)', t.name);
                    EXECUTE format('INSERT INTO "{{made}}".%1$I SELECT * FROM "{{former}}".%1$I', t.name);
                END LOOP;
                FOR t IN SELECT relname AS name, attname AS number FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
                    WHERE attidentity <> '' AND relnamespace = to_regnamespace('"{{made}}"')
                LOOP
                    EXECUTE format(
                        'SELECT setval(pg_get_serial_sequence(''"{{made}}".%1$I'', %2$L), coalesce(max(%2$I), 0) + 1, false)
                        FROM "{{made}}".%1$I', t.name, t.number);
                END LOOP;
            END $$;
            """,
            connection, transaction);
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }
}
