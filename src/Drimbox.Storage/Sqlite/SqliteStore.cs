using Drimbox.Storage.Database;

namespace Drimbox.Storage.Sqlite;

/// <summary>A store in a file of SQLite.</summary>
internal static class SqliteStore
{
    /// <summary>Opens a store; nothing stays open if that fails.</summary>
    /// <param name="name">Of the file without its extension; the lock beside it has the same.</param>
    public static DatabaseStore Open(
        string folder, string name, Disk disk, IReadOnlyList<DatabaseMigration> migrations)
    {
        disk.EnsureDirectory(folder);
        var held = disk.Lock(Path.Combine(folder, name + ".lock"));
        SqliteDatabase? db = null;
        try
        {
            var path = Path.Combine(folder, name + ".db");
            db = SqliteDatabase.OpenWriter(path);
            SqliteMigrations.Apply(db, migrations);
            // SQLite makes its log durable, not the name of a database file that is new.
            disk.SyncDirectory(folder);
            db.CheckpointBeside(path);
            return new DatabaseStore(db, () => SqliteDatabase.OpenReader(path), held);
        }
        catch
        {
            db?.Dispose();
            held.Dispose();
            throw;
        }
    }
}
