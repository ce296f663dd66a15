using System.Data.Common;
using System.Net;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Npgsql;

namespace Drimbox.Storage;

/// <summary>Where PostgreSQL holds the index of an archive.</summary>
public sealed record PostgresOptions
{
    /// <summary>In the words of Npgsql, without a password: <c>Host=…;Database=…;Username=…</c>. A folder as host is
    /// the one with the Unix socket. No default.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>A file whose first line is the password. Default: none; then PGPASSFILE and PGPASSWORD are looked
    /// at.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The schema, made if it is absent; 1 to 63 letters, digits, hyphens and underscores.</summary>
    public required string Schema { get; init; }

    /// <summary>Other processes may write to the schema too, each with this set (docs/adr/0035, 0040). Default false: the schema
    /// has one process.</summary>
    public bool IsShared { get; init; }

    /// <summary>Looks at a connection string without connecting.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public static string? Check(string connectionString)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // Its message may repeat a value; which key it is can be seen.
            return "is no connection string of Npgsql";
        }

        if (string.IsNullOrEmpty(builder.Host)) return "names no Host";
        if (builder.Host.Contains(',', StringComparison.Ordinal)) return "names more than one Host";
        if (!string.IsNullOrEmpty(builder.Password)) return "must not hold the password: give PasswordFile";
        return string.IsNullOrEmpty(builder.Database) ? "names no Database" : null;
    }

    /// <summary>True if the archive in a folder has its index in PostgreSQL.</summary>
    public static bool IsUsedBy(Disk disk, string nodeFolder) =>
        disk.FileExists(PostgresIdentity.PathIn(nodeFolder, "archive"));

    /// <summary>Makes an archive in a folder one whose index is a file: before that is put there.</summary>
    public static void Leave(Disk disk, string nodeFolder) =>
        disk.Unlink(PostgresIdentity.PathIn(nodeFolder, "archive"));

    /// <summary>Connects, and looks at what the program relies on; changes nothing.</summary>
    /// <returns>What was found, for a person.</returns>
    /// <exception cref="StorageFaultException">No connection, or a server that cannot be used.</exception>
    public static string Probe(PostgresOptions options)
    {
        try
        {
            using var session = new NpgsqlConnection(options.Session());
            session.Open();
            PostgresSession.Require(session);
            return $"PostgreSQL {session.PostgreSqlVersion} answers on {session.Host}";
        }
        catch (NpgsqlException e)
        {
            throw PostgresFaults.Of(e);
        }
    }

    /// <summary>How far the clock of this process is ahead of that of the server, right to the time of a round trip.</summary>
    /// <exception cref="StorageFaultException">No connection.</exception>
    public static TimeSpan MeasureSkew(PostgresOptions options, TimeProvider time)
    {
        try
        {
            using var session = new NpgsqlConnection(options.Session());
            session.Open();
            using var command = new NpgsqlCommand(PostgresSharing.Time, session);
            return time.DatabaseNow() - DatabaseTime.FromNumber((long)command.ExecuteScalar()!);
        }
        catch (NpgsqlException e)
        {
            throw PostgresFaults.Of(e);
        }
    }

    /// <summary>The connection string of a session, with what this program relies on.</summary>
    /// <exception cref="StorageFaultException">The password file cannot be read.</exception>
    internal string Session()
    {
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            // A connection is held as long as it is good, and its session settings and lock go with it.
            Pooling = false,
            Enlist = false,
            MaxAutoPrepare = 0,
            // Values of the peer's objects stay out of messages.
            IncludeErrorDetail = false,
            ApplicationName = "drimbox",
        };
        if (!IsSocket(builder.Host!))
        {
            // A server whose machine is gone says nothing: it is asked after 15 s, and every 5 s.
            builder.TcpKeepAlive = true;
            builder.TcpKeepAliveTime = 15;
            builder.TcpKeepAliveInterval = 5;
        }

        // 15 s for a connection and 30 s for a statement are Npgsql's; over a network the server must be the one it
        // says it is, unless the configuration says otherwise.
        if (!IsLocal(builder.Host!) && !SaysSslMode()) builder.SslMode = SslMode.VerifyFull;
        if (PasswordFile is not null) builder.Password = ReadPassword(PasswordFile);
        return builder.ConnectionString;
    }

    // Npgsql's own builder has every key; this one has those that are written.
    private bool SaysSslMode()
    {
        var written = new DbConnectionStringBuilder { ConnectionString = ConnectionString };
        return written.ContainsKey("SSL Mode") || written.ContainsKey("SslMode");
    }

    private static bool IsLocal(string host) =>
        IsSocket(host) || host == "localhost"
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsSocket(string host) => host.StartsWith('/') || host.StartsWith('@');

    private static string ReadPassword(string file)
    {
        try
        {
            using var lines = new StreamReader(file);
            return lines.ReadLine() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageFaultException(StorageFault.Absent, $"The password file '{file}' cannot be read.", e);
        }
    }
}
