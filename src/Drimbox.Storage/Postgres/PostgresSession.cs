using Npgsql;

namespace Drimbox.Storage.Postgres;

/// <summary>What a session must be before it is used.</summary>
internal static class PostgresSession
{
    // The oldest that the tests run with.
    private static readonly Version _oldest = new(15, 0);

    /// <summary>Settings of a session, whatever the server, the database or the user has.</summary>
    public static string Settings(string schema, bool isWriter) => $"""
        SET search_path = "{schema}";
        SET synchronous_commit = on;
        SET standard_conforming_strings = on;
        SET jit = off;
        SET lock_timeout = '2s';
        SET default_transaction_isolation = 'read committed';
        SET tcp_keepalives_idle = 15;
        SET tcp_keepalives_interval = 5;
        SET tcp_keepalives_count = 3;
        SET tcp_user_timeout = 30000;
        SET default_transaction_read_only = {(isWriter ? "off" : "on")};
        """;

    /// <summary>Takes the schema for this session: the lock goes with it, however it ends.</summary>
    public static void Hold(NpgsqlConnection session, string schema)
    {
        Require(session);
        Take(session, schema, "SELECT pg_advisory_lock(hashtextextended('drimbox ' || $1, 0))");
    }

    /// <summary>The same with other processes that take it so.</summary>
    /// <param name="isPatient">Its transactions wait for one that stands still until the server has ended it.</param>
    public static void HoldShared(NpgsqlConnection session, string schema, bool isPatient)
    {
        // A process that stands still in a transaction holds what others wait for.
        Take(session, schema, $"""
            SELECT set_config('idle_in_transaction_session_timeout', '10s', false),
                pg_advisory_lock_shared(hashtextextended('drimbox ' || $1, 0)),
                set_config('lock_timeout', '{(isPatient ? 20 : 2)}s', false)
            """);
    }

    /// <summary>Processes that share a schema start one after the other: each makes sure of its tables.</summary>
    public static void HoldStart(NpgsqlConnection session, string schema)
    {
        Require(session);
        Take(session, schema, """
            SELECT set_config('lock_timeout', '60s', true),
                pg_advisory_lock(hashtextextended('drimbox start ' || $1, 0))
            """);
    }

    /// <summary>What was taken to change the tables, or to start.</summary>
    public static void LetGo(NpgsqlConnection session, string schema)
    {
        // One that is not held is a warning.
        Take(session, schema, """
            SELECT pg_advisory_unlock(hashtextextended('drimbox ' || $1, 0)),
                pg_advisory_unlock(hashtextextended('drimbox start ' || $1, 0))
            """);
    }

    private static void Take(NpgsqlConnection session, string schema, string sql)
    {
        // Not tried but waited for: the session of a process that was killed ends a moment later.
        using var command = new NpgsqlCommand(sql, session) { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter { Value = schema });
        try
        {
            command.ExecuteNonQuery();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new StorageFaultException(
                StorageFault.InUse, $"Another process uses the schema '{schema}' of the PostgreSQL database.", e);
        }
    }

    /// <exception cref="StorageFaultException">The server is too old, or what it commits is not durable.</exception>
    public static void Require(NpgsqlConnection session)
    {
        if (session.PostgreSqlVersion < _oldest)
            throw new StorageFaultException(StorageFault.Other, "PostgreSQL 15 or later is needed.");
        using var command = new NpgsqlCommand(
            "SELECT current_setting('fsync'), current_setting('server_encoding')", session);
        using var row = command.ExecuteReader();
        row.Read();
        if (row.GetString(0) != "on")
        {
            throw new StorageFaultException(
                StorageFault.Other, "PostgreSQL runs with fsync = off: what it says is committed is not durable.");
        }

        if (row.GetString(1) != "UTF8")
            throw new StorageFaultException(StorageFault.Other, "The encoding of the PostgreSQL database is not UTF8.");
    }
}
