using Drimbox.Storage;
using Drimbox.Storage.Database;
using Npgsql;

namespace Drimbox.Tests.Storage;

/// <summary>What a test does to a server, and asks of it.</summary>
internal static class ServerFaults
{
    /// <summary>Does so many things at once, and has the server crash when 100 of them are done; it is there again at the
    /// end.</summary>
    /// <param name="act">Gives whether the thing was told as done.</param>
    /// <returns>That of each; a fault of the store is none that was done.</returns>
    public static async Task<bool[]> CrashAmongAsync(this PostgresCluster cluster, int count, Func<int, Task<bool>> act)
    {
        var told = new TaskCompletionSource();
        var number = 0;
        var results = Enumerable.Range(0, count).Select(async i =>
        {
            try
            {
                var isDone = await act(i);
                if (Interlocked.Increment(ref number) == 100) told.TrySetResult();
                return isDone;
            }
            catch (StorageFaultException)
            {
                return false;
            }
        }).ToList();
        await told.Task;
        await cluster.KillAsync();
        await cluster.RequireAsync();
        return await Task.WhenAll(results);
    }

    /// <summary>How many columns of a schema order their texts otherwise than by their bytes.</summary>
    public static long? TextsInOtherOrder(this DatabaseConnection db, string schema) => db.Use("""
        SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = to_regnamespace(?) AND c.relkind = 'r' AND a.attnum > 0
            AND a.atttypid = to_regtype('text') AND a.attcollation <> to_regcollation('"C"')
            AND c.relname <> 'store_identity'
        """).Add($"\"{schema}\"").LongOrNone();

    /// <summary>From now on a COMMIT is done and not answered: it is durable here, and waits for the word of a standby that
    /// does not exist.</summary>
    public static Task HoldCommitsAsync(this PostgresCluster cluster) =>
        cluster.ConfigureAsync("synchronous_standby_names", "nobody");

    public static Task LetCommitsGoAsync(this PostgresCluster cluster) =>
        cluster.ConfigureAsync("synchronous_standby_names", "");

    /// <summary>Waits for a COMMIT that is held, and ends its session.</summary>
    public static async Task LoseAnswerAsync(this PostgresCluster cluster) => Assert.Equal(1, await cluster.AskAsync("""
        DO $$ BEGIN
            WHILE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep') LOOP
                PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
            END LOOP;
        END $$;
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'
        """));

    /// <summary>Ends the session of the writer of a schema; false if it has none now.</summary>
    public static async Task<bool> EndWriterAsync(this PostgresCluster cluster, string schema) =>
        await cluster.AskAsync($"""
            SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint))
                = hashtextextended('drimbox {schema}', 0)
            """) == 1;

    public static async Task ConfigureAsync(this PostgresCluster cluster, string setting, string value)
    {
        await cluster.AskAsync($"ALTER SYSTEM SET {setting} = '{value}'");
        await cluster.AskAsync("SELECT CAST(CAST(pg_reload_conf() AS integer) AS bigint)");
        // The server says nothing when it has read them; a new session has what it has.
        while (await cluster.AskAsync(
            $"SELECT count(*) FROM pg_settings WHERE name = '{setting}' AND setting = '{value}'") == 0)
        {
        }
    }

    /// <summary>The first number that statements answer, each by itself; 0 for none.</summary>
    public static async Task<long> AskAsync(this PostgresCluster cluster, string sql)
    {
        var token = TestContext.Current.CancellationToken;
        await using var connection = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(token);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(token);
        do
        {
            if (await reader.ReadAsync(token)) return reader.GetInt64(0);
        }
        while (await reader.NextResultAsync(token));
        return 0;
    }
}
