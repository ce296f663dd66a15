using Npgsql;

namespace Drimbox.Storage.Postgres;

/// <summary>What a fault of PostgreSQL is to a store. Source: PostgreSQL 15, Appendix A (SQLSTATE).</summary>
internal static class PostgresFaults
{
    public static StorageFaultException Of(NpgsqlException e)
    {
        if (e is not PostgresException error)
        {
            // The server said nothing: these are words of the driver and of the system.
            var why = (e.InnerException ?? e).Message;
            return new StorageFaultException(StorageFault.Io, $"Database: PostgreSQL cannot be reached. {why}", e);
        }

        var fault = error.SqlState switch
        {
            "53100" => StorageFault.Full, // disk_full
            "53300" => StorageFault.Io, // too_many_connections: it cannot be reached
            "40P01" => StorageFault.Deadlock, // deadlock_detected
            "40001" or "55P03" => StorageFault.InUse, // serialization, lock not available
            "XX001" or "XX002" => StorageFault.Corrupt, // data_corrupted, index_corrupted
            "58030" or "58P01" => StorageFault.Io, // io_error, undefined_file
            "57P01" or "57P02" or "57P03" => StorageFault.Io, // shutdown, crash, not yet up
            "25P03" => StorageFault.Io, // idle_in_transaction_session_timeout
            "25006" => StorageFault.Io, // read_only_sql_transaction: a standby
            ['0', '8', ..] => StorageFault.Io, // connection exceptions
            _ => StorageFault.Other,
        };
        // The messages of these two classes (data, constraints) repeat values, which are patient data here.
        return error.SqlState is ['2', '2' or '3', ..]
            ? new StorageFaultException(fault, $"Database: {error.SqlState} {error.ConstraintName}".TrimEnd() + ".")
            : new StorageFaultException(fault, $"Database: {error.MessageText} ({error.SqlState}).", e);
    }
}
