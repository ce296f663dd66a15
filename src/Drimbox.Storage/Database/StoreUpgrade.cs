using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>Where a store is in the steps of its tables.</summary>
/// <param name="From">The last step that it had; null: there is no store yet, and the first start makes one.</param>
/// <param name="To">The last step that this program knows.</param>
/// <param name="IsDone">It has that now.</param>
public sealed record StoreSteps(long? From, int To, bool IsDone);

/// <summary>Brings the tables of a store to the last step while no process has it, which a start does too.</summary>
public static class StoreUpgrade
{
    /// <param name="folder">Of a file of SQLite.</param>
    /// <param name="name"><c>archive</c> for an index, else the name of a flow.</param>
    /// <param name="postgres">Null: a file of SQLite.</param>
    /// <param name="isDryRun">Nothing is changed.</param>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: a process has it;
    /// <see cref="StorageFault.NewerSchema"/>; or the disk or database failed. Each step that was done stays
    /// done.</exception>
    public static StoreSteps Run(Disk disk, string folder, string name, PostgresOptions? postgres, bool isDryRun)
    {
        var kind = StoreSchema.Of(name);
        return postgres is null ? OfFile(disk, folder, name, kind, isDryRun) : OfSchema(postgres, kind, isDryRun);
    }

    private static StoreSteps OfFile(Disk disk, string folder, string name, StoreSchema kind, bool isDryRun)
    {
        var path = Path.Combine(folder, name + ".db");
        if (!disk.FileExists(path)) return new StoreSteps(null, Last(kind), IsDone: false);
        using var held = disk.Lock(Path.Combine(folder, name + ".lock"));
        using var db = SqliteDatabase.OpenWriter(path);
        var from = SqliteMigrations.Version(db);
        DatabaseMigration.RequireKnown(from, kind.Migrations);
        if (!isDryRun) SqliteMigrations.Apply(db, kind.Migrations);
        return new StoreSteps(from, Last(kind), SqliteMigrations.Version(db) == Last(kind));
    }

    private static StoreSteps OfSchema(PostgresOptions postgres, StoreSchema kind, bool isDryRun)
    {
        // Alone, also of a schema that several processes share: they count on the tables being as they know them.
        using var db = PostgresConnection.OpenWriter(postgres with { IsShared = false });
        if (!PostgresMigrations.HasStore(db, postgres.Schema)) return new StoreSteps(null, Last(kind), IsDone: false);
        PostgresStore.RequireKind(db, postgres.Schema, kind);
        var from = PostgresMigrations.Version(db);
        DatabaseMigration.RequireKnown(from, kind.Migrations);
        if (!isDryRun) PostgresMigrations.Apply(db, postgres.Schema, kind.Migrations);
        return new StoreSteps(from, Last(kind), PostgresMigrations.Version(db) == Last(kind));
    }

    private static int Last(StoreSchema kind) => kind.Migrations[^1].Number;
}
