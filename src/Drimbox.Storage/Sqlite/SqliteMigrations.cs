using Drimbox.Storage.Database;

namespace Drimbox.Storage.Sqlite;

internal static class SqliteMigrations
{
    /// <summary>Brings a database to the last step. Each step and its number are one transaction, so a start that was
    /// interrupted anywhere is continued by the next one.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.NewerSchema"/>.</exception>
    public static void Apply(SqliteDatabase db, IReadOnlyList<DatabaseMigration> migrations)
    {
        var version = db.Use("PRAGMA user_version").LongOrNone() ?? 0;
        if (version > migrations[^1].Number)
        {
            throw new StorageFaultException(
                StorageFault.NewerSchema,
                $"The store has schema {version}; this program knows up to {migrations[^1].Number}.");
        }

        foreach (var migration in migrations)
        {
            if (migration.Number <= version) continue;
            try
            {
                db.Execute("BEGIN IMMEDIATE");
                db.Execute(migration.Sql);
                db.Execute($"PRAGMA user_version = {migration.Number}");
                db.Execute("COMMIT");
            }
            catch (StorageFaultException)
            {
                if (db.IsInTransaction) db.Execute("ROLLBACK");
                throw;
            }
        }
    }
}
