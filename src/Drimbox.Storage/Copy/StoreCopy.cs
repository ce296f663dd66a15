using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>Where a copy of a store goes.</summary>
public enum CopyTarget
{
    Postgres,
    Sqlite,
}

/// <summary>A store of a node, and its place in either kind of database.</summary>
/// <param name="Folder">Its folder, with <c>NAME.db</c> or <c>NAME.postgres</c>.</param>
/// <param name="Name"><c>flow</c> or <c>archive</c>: which kind of store it is.</param>
public sealed record StoreToCopy(Disk Disk, string Folder, string Name, PostgresOptions Postgres)
{
    internal StoreSchema Kind => StoreSchema.Of(Name);

    internal string File => Path.Combine(Folder, Name + ".db");

    internal string Identity => PostgresIdentity.PathIn(Folder, Name);
}

/// <summary>How a copy ended.</summary>
public enum CopyOutcome
{
    /// <summary>The node is at the target now.</summary>
    Copied,

    /// <summary>It was there before.</summary>
    AlreadyThere,

    /// <summary>The node has no such store yet: it will begin at the target.</summary>
    NoStore,
}

/// <summary>A table as it was read again from both sides.</summary>
/// <param name="Sha256">Of all its rows, whatever their order.</param>
public sealed record CopiedTable(string Table, long Rows, string Sha256);

/// <param name="Kept">What the former place has now: a file, or a schema. Null: nothing was copied.</param>
public sealed record CopyReport(CopyOutcome Outcome, string? Kept, IReadOnlyList<CopiedTable> Tables);

/// <summary>
/// Moves a store from SQLite to PostgreSQL or back, while no process has it. All rows are one transaction, which ends only
/// after both sides were read again and are the same; the names of the folder change after it. Between the two names both
/// are there, and no start takes either: a copy that was cut short is begun again or finished by the same command.
/// </summary>
public static class StoreCopy
{
    /// <param name="progress">Rows that were copied or read again, more each time; a negative number first: how many there
    /// are in all.</param>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: a process has the store;
    /// <see cref="StorageFault.Exists"/>: the target is not empty; <see cref="StorageFault.Corrupt"/>: the two sides are not
    /// the same; or a disk or a database failed. The store is where it was.</exception>
    public static CopyReport Run(
        StoreToCopy store, CopyTarget target, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var disk = store.Disk;
        if (!disk.DirectoryExists(store.Folder)) return new CopyReport(CopyOutcome.NoStore, null, []);
        using var held = disk.Lock(Path.Combine(store.Folder, store.Name + ".lock"));
        var (inFile, inPostgres) = (disk.FileExists(store.File), disk.FileExists(store.Identity));
        if (!inFile && !inPostgres) return new CopyReport(CopyOutcome.NoStore, null, []);
        if (target == CopyTarget.Postgres ? !inFile : !inPostgres)
            return new CopyReport(CopyOutcome.AlreadyThere, null, []);
        RequireFree(disk, (target == CopyTarget.Postgres ? store.File : store.Identity) + KeptSuffix);
        using var db = PostgresStore.OpenForCopy(store.Postgres, store.Kind);
        if (inFile && inPostgres) return Finish(store, target, db, progress, cancellationToken);
        return target == CopyTarget.Postgres
            ? ToPostgres(store, db, progress, cancellationToken)
            : ToSqlite(store, db, progress, cancellationToken);
    }

    private const string KeptSuffix = ".before-copy";

    private const string UnfinishedSuffix = ".copying";

    private static CopyReport ToPostgres(
        StoreToCopy store, PostgresConnection db, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var disk = store.Disk;
        var unfinished = store.Identity + UnfinishedSuffix;
        var ofSchema = PostgresIdentity.OfSchema(db);
        // Rows of a copy that was committed and not finished have the name that the folder noted before; no others go.
        if (!PostgresIdentity.IsEmpty(db, store.Kind)
            && (ofSchema is null || ofSchema != PostgresIdentity.Read(disk, unfinished)))
        {
            throw new StorageFaultException(
                StorageFault.Exists,
                $"The schema '{store.Postgres.Schema}' of the PostgreSQL database is not empty: configure another Schema, "
                + "or drop what is there if nobody needs it.");
        }

        var id = PostgresIdentity.NewId(db);
        PostgresIdentity.Write(disk, store.Folder, unfinished, id);
        IReadOnlyList<CopiedTable> tables;
        using (var source = SqliteDatabase.OpenWriter(store.File))
        {
            SqliteMigrations.Apply(source, store.Kind.Migrations);
            tables = InTransaction(
                db,
                () =>
                {
                    var copied = new TableCopy(source, db, source, store.Kind, progress, cancellationToken).Run();
                    PostgresIdentity.Name(db, ofSchema, id);
                    return copied;
                });
        }

        disk.Rename(unfinished, store.Identity);
        return new CopyReport(CopyOutcome.Copied, SetAside(store, CopyTarget.Postgres), tables);
    }

    private static CopyReport ToSqlite(
        StoreToCopy store, PostgresConnection db, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        RequireIdentity(store, db);
        var disk = store.Disk;
        var unfinished = store.File + UnfinishedSuffix;
        foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"]) disk.Unlink(unfinished + suffix);
        IReadOnlyList<CopiedTable> tables;
        using (var target = SqliteDatabase.OpenWriter(unfinished))
        {
            SqliteMigrations.Apply(target, store.Kind.Migrations);
            tables = InTransaction(
                target, () => new TableCopy(db, target, target, store.Kind, progress, cancellationToken).Run());
        }

        // Without a log beside it, so that it can be renamed.
        SqliteDatabase.OpenExclusive(unfinished).Dispose();
        disk.SyncFile(unfinished);
        disk.Rename(unfinished, store.File);
        return new CopyReport(CopyOutcome.Copied, SetAside(store, CopyTarget.Sqlite), tables);
    }

    /// <summary>Both names are there: a copy was cut short between them. No start took either since, so both sides are the
    /// same, whichever way it went; that is looked at, and the name goes that is not wanted.</summary>
    private static CopyReport Finish(
        StoreToCopy store,
        CopyTarget target,
        PostgresConnection db,
        IProgress<int>? progress,
        CancellationToken cancellationToken)
    {
        RequireIdentity(store, db);
        IReadOnlyList<CopiedTable> tables;
        using (var file = SqliteDatabase.OpenWriter(store.File))
        {
            SqliteMigrations.Apply(file, store.Kind.Migrations);
            tables = new TableCopy(file, db, file, store.Kind, progress, cancellationToken).Verify();
        }

        return new CopyReport(CopyOutcome.Copied, SetAside(store, target), tables);
    }

    /// <returns>What the former place has now.</returns>
    private static string SetAside(StoreToCopy store, CopyTarget target)
    {
        if (target == CopyTarget.Sqlite)
        {
            store.Disk.Rename(store.Identity, store.Identity + KeptSuffix);
            return $"the schema '{store.Postgres.Schema}'";
        }

        // Its log is in it, and no longer beside it.
        SqliteDatabase.OpenExclusive(store.File).Dispose();
        store.Disk.Rename(store.File, store.File + KeptSuffix);
        return store.File + KeptSuffix;
    }

    private static T InTransaction<T>(DatabaseConnection db, Func<T> work)
    {
        db.Begin();
        try
        {
            var made = work();
            db.Commit();
            return made;
        }
        catch
        {
            if (db.IsInTransaction) db.Rollback();
            throw;
        }
    }

    private static void RequireFree(Disk disk, string kept)
    {
        if (!disk.FileExists(kept)) return;
        throw new StorageFaultException(
            StorageFault.Exists, $"'{kept}' is there, of a copy before this one: move it away first.");
    }

    private static void RequireIdentity(StoreToCopy store, PostgresConnection db)
    {
        if (PostgresIdentity.OfSchema(db) is { } id && id == PostgresIdentity.Read(store.Disk, store.Identity)) return;
        throw new StorageFaultException(
            StorageFault.Absent,
            $"The schema '{store.Postgres.Schema}' of the PostgreSQL database is not the one that '{store.Identity}' names.");
    }
}
