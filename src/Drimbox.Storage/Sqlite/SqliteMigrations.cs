using Drimbox.Storage.Database;

namespace Drimbox.Storage.Sqlite;

internal static class SqliteMigrations
{
    /// <summary>Brings a database to the last step.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.NewerSchema"/>.</exception>
    public static void Apply(SqliteDatabase db, IReadOnlyList<DatabaseMigration> migrations) =>
        DatabaseMigration.Apply(
            db, Version(db), migrations, migration =>
            {
                db.Execute(migration.Sql);
                db.Execute($"PRAGMA user_version = {migration.Number}");
            });

    /// <summary>The last step that it had; 0: none.</summary>
    public static long Version(SqliteDatabase db) => db.Use("PRAGMA user_version").LongOrNone() ?? 0;
}
