using Npgsql;

namespace Drimbox.Tests.Cluster;

/// <summary>The tables of the membership. They are those of the scripts of Orleans, which are in no package:
/// <c>DRIMBOX_ORLEANS_SQL</c> names a folder with PostgreSQL-Main.sql and PostgreSQL-Clustering.sql
/// (docs/operations/orleans.md).</summary>
internal static class OrleansTables
{
    /// <summary>Makes them in a database of their own; skips the test where the scripts are not.</summary>
    /// <returns>Its connection string.</returns>
    public static async Task<string> CreateAsync(PostgresCluster postgres)
    {
        var scripts = Environment.GetEnvironmentVariable("DRIMBOX_ORLEANS_SQL");
        Assert.SkipWhen(string.IsNullOrEmpty(scripts), "DRIMBOX_ORLEANS_SQL names no folder with the scripts of Orleans.");
        var connection = await postgres.CreateDatabaseAsync();
        await using var session = new NpgsqlConnection(connection + ";Pooling=false");
        await session.OpenAsync();
        foreach (var script in (string[])["PostgreSQL-Main.sql", "PostgreSQL-Clustering.sql"])
        {
            await using var command = new NpgsqlCommand(
                await File.ReadAllTextAsync(Path.Combine(scripts!, script)), session);
            await command.ExecuteNonQueryAsync();
        }

        return connection;
    }
}
