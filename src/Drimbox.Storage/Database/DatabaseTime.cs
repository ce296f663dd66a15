namespace Drimbox.Storage.Database;

/// <summary>
/// The clock of the database. Leases and due times are compared on this clock only. SQLite has one process, so its
/// clock is that process's <see cref="TimeProvider"/>; a database with many processes takes its own <c>now()</c>.
/// Instants are stored as microseconds since 1970 UTC, the resolution of a timestamptz of PostgreSQL.
/// </summary>
internal static class DatabaseTime
{
    public static long ToNumber(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;

    public static DateTimeOffset FromNumber(long microseconds) =>
        new(DateTimeOffset.UnixEpoch.Ticks + (microseconds * 10), TimeSpan.Zero);

    /// <summary>Now, at the resolution of the database.</summary>
    public static DateTimeOffset DatabaseNow(this TimeProvider clock) => FromNumber(ToNumber(clock.GetUtcNow()));

    /// <summary>The same inside a transaction: of a database that is shared it is the clock of the server.</summary>
    public static DateTimeOffset DatabaseNow(this TimeProvider clock, DatabaseConnection db) =>
        db.ServerTime ?? clock.DatabaseNow();
}
