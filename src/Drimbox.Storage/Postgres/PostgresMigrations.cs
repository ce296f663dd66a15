using Drimbox.Storage.Database;

namespace Drimbox.Storage.Postgres;

internal static class PostgresMigrations
{
    /// <summary>Brings a schema to the last step, in the session that holds it.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.NewerSchema"/>.</exception>
    public static void Apply(PostgresConnection db, string schema, IReadOnlyList<DatabaseMigration> migrations)
    {
        // Not CREATE … IF NOT EXISTS: that asks for the right to create one where it exists too.
        if (!HasSchema(db, schema)) db.Execute($"CREATE SCHEMA \"{schema}\"");
        db.Execute("""
            CREATE TABLE IF NOT EXISTS schema_version (
                number     bigint PRIMARY KEY,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """);
        DatabaseMigration.Apply(db, Version(db), migrations, migration =>
        {
            db.Execute(migration.Postgres ?? db.Dialect.Schema(migration.Sql));
            db.Use("INSERT INTO schema_version (number) VALUES (?)").Add(migration.Number).Run();
        });
    }

    /// <summary>True if there is nothing to do.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.NewerSchema"/>.</exception>
    public static bool IsLast(PostgresConnection db, string schema, IReadOnlyList<DatabaseMigration> migrations)
    {
        if (!HasStore(db, schema)) return false;
        DatabaseMigration.RequireKnown(Version(db), migrations);
        return Version(db) == migrations[^1].Number;
    }

    /// <summary>True if a store was made in the schema.</summary>
    public static bool HasStore(PostgresConnection db, string schema) =>
        HasSchema(db, schema) && db.Use("SELECT to_regclass('schema_version') IS NOT NULL").LongOrNone() == 1
            && Version(db) > 0;

    /// <summary>The last step that it had. Only where there is a store.</summary>
    public static long Version(PostgresConnection db) =>
        db.Use("SELECT max(number) FROM schema_version").LongOrNone() ?? 0;

    private static bool HasSchema(PostgresConnection db, string schema) =>
        db.Use("SELECT 1 FROM pg_namespace WHERE nspname = ?").Add(schema).LongOrNone() is not null;
}
