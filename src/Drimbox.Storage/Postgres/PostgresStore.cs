using Drimbox.Core;
using Drimbox.Storage.Database;

namespace Drimbox.Storage.Postgres;

/// <summary>A store in a schema of PostgreSQL, whose files lie in a folder.</summary>
internal static class PostgresStore
{
    /// <summary>Opens a store; nothing stays open if that fails.</summary>
    /// <param name="name">Of the lock of the folder: its files have one process, as the schema has.</param>
    /// <param name="place">Where what the rows name lies, if that is not the folder.</param>
    public static DatabaseStore Open(
        PostgresOptions options, string folder, string name, Disk disk, StoreSchema kind, IdentityPlace? place = null)
    {
        RequireName(options.Schema);
        disk.EnsureDirectory(folder);
        IDisposable held = options.IsShared ? new NothingHeld() : disk.Lock(Path.Combine(folder, name + ".lock"));
        PostgresConnection? db = null;
        try
        {
            db = PostgresConnection.OpenWriter(options);
            RequireKind(db, options.Schema, kind);
            if (options.IsShared) OpenShared(db, options.Schema, kind);
            else PostgresMigrations.Apply(db, options.Schema, kind.Migrations);
            PostgresIdentity.Match(
                db, options.Schema, place ?? new FolderIdentity(disk, folder, name), kind, options.IsShared);
            if (options.IsShared) db.Share(kind);
            return new DatabaseStore(db, () => PostgresConnection.OpenReader(options), held);
        }
        catch
        {
            db?.Dispose();
            held.Dispose();
            throw;
        }
    }

    // Alone only if there is something to change: the others would have to end for it.
    private static void OpenShared(PostgresConnection db, string schema, StoreSchema kind)
    {
        if (PostgresMigrations.IsLast(db, schema, kind.Migrations)
            && HasTable(db, PostgresSharing.ProcessTable) && kind.Further.All(further => HasTable(db, further.Table)))
            return;
        db.HoldAlone();
        PostgresMigrations.Apply(db, schema, kind.Migrations);
        db.Execute(PostgresSharing.Processes);
        foreach (var (_, further) in kind.Further) db.Execute(db.Dialect.Schema(further));
    }

    /// <summary>The session that holds a schema, brought up to date; whose it is, the caller looks at.</summary>
    public static PostgresConnection OpenForCopy(PostgresOptions options, StoreSchema kind)
    {
        RequireName(options.Schema);
        var db = PostgresConnection.OpenWriter(options);
        try
        {
            RequireKind(db, options.Schema, kind);
            PostgresMigrations.Apply(db, options.Schema, kind.Migrations);
            return db;
        }
        catch
        {
            db.Dispose();
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

    // Steps of one kind have the numbers of another: they would be done on its tables.
    internal static void RequireKind(PostgresConnection db, string schema, StoreSchema kind)
    {
        if (!PostgresMigrations.HasStore(db, schema) || HasTable(db, kind.Tables[0])) return;
        throw new StorageFaultException(
            StorageFault.Exists,
            $"The schema '{schema}' of the PostgreSQL database has another store than {kind.What}: configure another "
            + "Schema.");
    }

    internal static bool HasTable(DatabaseConnection db, string table) =>
        db.Use("SELECT to_regclass(?) IS NOT NULL").Add(table).LongOrNone() == 1;

    private sealed class NothingHeld : IDisposable
    {
        public void Dispose()
        {
        }
    }

    // It becomes part of statements.
    private static void RequireName(string schema) => Invariant.Holds(
        schema.Length is > 0 and <= 63 && schema.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
}
