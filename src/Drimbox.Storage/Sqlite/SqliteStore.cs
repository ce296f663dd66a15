namespace Drimbox.Storage.Sqlite;

/// <summary>The opened file of a store: held by this process, migrated, its name durable.</summary>
internal sealed record SqliteStore(string Path, SqliteDatabase Database, IDisposable Held)
{
    /// <summary>Opens a store and makes its owner of it; without an owner nothing stays open.</summary>
    public static T Open<T>(
        string folder, string name, Disk disk, IReadOnlyList<SqliteMigration> migrations, Func<SqliteStore, T> owner)
    {
        var store = Open(folder, name, disk, migrations);
        try
        {
            return owner(store);
        }
        catch
        {
            store.Database.Dispose();
            store.Held.Dispose();
            throw;
        }
    }

    /// <param name="name">Of the file without its extension; the lock beside it has the same.</param>
    private static SqliteStore Open(
        string folder, string name, Disk disk, IReadOnlyList<SqliteMigration> migrations)
    {
        disk.EnsureDirectory(folder);
        var held = disk.Lock(System.IO.Path.Combine(folder, name + ".lock"));
        SqliteDatabase? db = null;
        try
        {
            var path = System.IO.Path.Combine(folder, name + ".db");
            db = SqliteDatabase.OpenWriter(path);
            SqliteMigrations.Apply(db, migrations);
            // SQLite makes its log durable, not the name of a database file that is new.
            disk.SyncDirectory(folder);
            return new SqliteStore(path, db, held);
        }
        catch
        {
            db?.Dispose();
            held.Dispose();
            throw;
        }
    }
}
