using Drimbox.Core;
using Drimbox.Storage.Database;

namespace Drimbox.Storage.Postgres;

/// <summary>A store in a schema of PostgreSQL, whose files lie in a folder.</summary>
internal static class PostgresStore
{
    /// <summary>Opens a store; nothing stays open if that fails.</summary>
    /// <param name="name">Of the lock of the folder: its files have one process, as the schema has.</param>
    public static DatabaseStore Open(
        PostgresOptions options, string folder, string name, Disk disk, IReadOnlyList<DatabaseMigration> migrations)
    {
        RequireName(options.Schema);
        disk.EnsureDirectory(folder);
        var held = disk.Lock(Path.Combine(folder, name + ".lock"));
        PostgresConnection? db = null;
        try
        {
            db = PostgresConnection.OpenWriter(options);
            PostgresMigrations.Apply(db, options.Schema, migrations);
            PostgresIdentity.Match(db, options.Schema, disk, folder, name);
            return new DatabaseStore(db, () => PostgresConnection.OpenReader(options), held);
        }
        catch
        {
            db?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is a store in the schema.</summary>
    /// <exception cref="StorageFaultException">The server cannot be reached.</exception>
    public static bool Exists(PostgresOptions options)
    {
        RequireName(options.Schema);
        using var db = PostgresConnection.OpenReader(options);
        return PostgresMigrations.HasStore(db, options.Schema);
    }

    // It becomes part of statements.
    private static void RequireName(string schema) => Invariant.Holds(
        schema.Length is > 0 and <= 63 && schema.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
}
