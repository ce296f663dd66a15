using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Drimbox.Storage.Postgres;

/// <summary>The statements by which processes that write to one schema keep out of each other's way (docs/adr/0035). The
/// key of an advisory lock is a hash of the schema and a name: two names with one hash wait for each other, and nothing
/// worse comes of it.</summary>
internal static class PostgresSharing
{
    // Two keys of 32 bits: no name of one key of 64 bits is ever the same lock.
    private const string EventsKey = "hashtext('drimbox events ' || current_schema())";

    // The last number that was given: of the first row it is 1 before and after.
    private const string LastPosition = "last_value - CASE WHEN is_called THEN 0 ELSE 1 END";

    private const string Now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";

    /// <summary>Begins a transaction: its number, and the time.</summary>
    public const string BeginTimed = $"BEGIN; SELECT CAST(pg_current_xact_id() AS text), {Now}";

    /// <summary>The same where events have positions: until its end others see after which position it may still write one
    /// (<see cref="OpenAfter"/>).</summary>
    public const string Begin = $"""
        {BeginTimed},
            pg_advisory_xact_lock_shared({EventsKey}, CAST(CAST({LastPosition} AS bit(32)) AS integer))
        FROM event_position_seq
        """;

    public const string Time = $"SELECT {Now}";

    /// <summary>The position of the last event that anybody has begun to write. To be asked before
    /// <see cref="OpenAfter"/>.</summary>
    public const string LastBegun = $"SELECT {LastPosition} FROM event_position_seq";

    /// <summary>The lower 32 bits of the positions after which transactions that are open now may write events.</summary>
    public const string OpenAfter = $"""
        SELECT DISTINCT CAST(objid AS bigint) FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND CAST(classid AS bigint) = (CAST({EventsKey} AS bigint) & 4294967295)
        """;

    /// <summary>Locks the keys of a JSON array until the end of the transaction, in their order.</summary>
    public const string Lock =
        "SELECT count(pg_advisory_xact_lock(CAST(value AS bigint))) FROM json_array_elements_text(CAST(?1 AS json))";

    /// <summary>Locks those of the keys that are free, no more than ?2.</summary>
    public const string TryLock = """
        SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(?1 AS json))
        WHERE pg_try_advisory_xact_lock(CAST(value AS bigint)) LIMIT ?2
        """;

    /// <summary>Takes a key for this session, or waits for whoever has it.</summary>
    public const string HoldKey = "SELECT pg_advisory_lock($1)";

    /// <summary>Takes a key for this session if nobody has it.</summary>
    public const string TryHoldKey = "SELECT pg_try_advisory_lock($1)";

    /// <summary>The table of <see cref="Processes"/>.</summary>
    public const string ProcessTable = "process";

    /// <summary>The processes that share a schema, each by the name that its leases have.</summary>
    public const string Processes = """
        CREATE TABLE IF NOT EXISTS process (
            name       text COLLATE "C" PRIMARY KEY,
            started_at timestamptz NOT NULL DEFAULT now()
        )
        """;

    /// <summary>The key of a name in a schema.</summary>
    public static long KeyOf(string schema, string name) => BinaryPrimitives.ReadInt64LittleEndian(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{schema}\0{name}")));
}
