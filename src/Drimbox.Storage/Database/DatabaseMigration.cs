namespace Drimbox.Storage.Database;

/// <summary>One numbered step of a schema, in the words of SQLite. Its text never changes once released.</summary>
/// <param name="Postgres">The same step in the words of PostgreSQL where the rules of
/// <see cref="Drimbox.Storage.Postgres.PostgresText"/> do not make it of <paramref name="Sql"/>.</param>
internal sealed record DatabaseMigration(int Number, string Sql, string? Postgres = null);
