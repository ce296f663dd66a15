namespace Drimbox.Storage.Database;

/// <summary>One numbered step of a schema, in the words of SQLite. Its text never changes once released.</summary>
/// <param name="Postgres">The same step in the words of PostgreSQL where the rules of
/// <see cref="Drimbox.Storage.Postgres.PostgresText"/> do not make it of <paramref name="Sql"/>.</param>
internal sealed record DatabaseMigration(int Number, string Sql, string? Postgres = null)
{
    /// <exception cref="StorageFaultException"><see cref="StorageFault.NewerSchema"/>.</exception>
    public static void RequireKnown(long version, IReadOnlyList<DatabaseMigration> migrations)
    {
        if (version <= migrations[^1].Number) return;
        throw new StorageFaultException(
            StorageFault.NewerSchema,
            $"The store has schema {version}; this program knows up to {migrations[^1].Number}.");
    }

    /// <summary>Brings a schema to the last step. Each step and its number are one transaction, so a start that was
    /// interrupted anywhere is continued by the next one.</summary>
    /// <param name="version">Of the schema as it is.</param>
    /// <param name="step">Does one step, and records its number.</param>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.NewerSchema"/>.</exception>
    public static void Apply(
        DatabaseConnection db,
        long version,
        IReadOnlyList<DatabaseMigration> migrations,
        Action<DatabaseMigration> step)
    {
        RequireKnown(version, migrations);
        foreach (var migration in migrations)
        {
            if (migration.Number <= version) continue;
            db.Begin();
            try
            {
                step(migration);
                db.Commit();
            }
            catch (StorageFaultException)
            {
                if (db.IsInTransaction) db.Rollback();
                throw;
            }
        }
    }
}
