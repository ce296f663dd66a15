using System.Text;
using Drimbox.Storage.Database;

namespace Drimbox.Storage.Postgres;

/// <summary>
/// Keeps a schema and the folder whose files it names together. With SQLite the two cannot be told apart; a schema can be
/// opened from a wrong folder, and a start there would take every row for one that was never acknowledged, or begin a flow
/// without what it holds. Both have the same random name.
/// </summary>
internal static class PostgresIdentity
{
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Absent"/>: the schema has the rows of another
    /// folder, or not those that the folder says.</exception>
    public static void Match(PostgresConnection db, string schema, IdentityPlace place, StoreSchema kind, bool isShared)
    {
        var ofSchema = OfSchema(db);
        var ofFolder = place.Read();
        if (ofSchema is not null && ofSchema == ofFolder) return;
        // One of the two may be missing after a crash between them; then there is no row yet. A process among others that has
        // another folder would store where they do not look.
        if (ofSchema is not null && (!IsEmpty(db, kind) || (isShared && kind.IsDerived)))
        {
            throw new StorageFaultException(
                StorageFault.Absent,
                $"The schema '{schema}' of the PostgreSQL database has {kind.What} of another place than '{place.Name}'.");
        }

        if (!kind.IsDerived && ofFolder is not null)
        {
            throw new StorageFaultException(
                StorageFault.Absent,
                $"'{place.Name}' says that PostgreSQL has {kind.What}, and the schema '{schema}' of the database that is "
                + "configured is a new one: configure the database that has it, or restore the schema from its dump. "
                + "To begin without it, move that file away.");
        }

        var id = ofFolder ?? ofSchema ?? NewId(db);
        // What cannot be made again: the schema first, so that a folder never names a schema that has not been there.
        if (!kind.IsDerived) Name(db, ofSchema, id);
        if (ofFolder is null) place.Write(id);
        if (kind.IsDerived) Name(db, ofSchema, id);
    }

    public static string PathIn(string folder, string name) => Path.Combine(folder, name + ".postgres");

    /// <summary>The name of the schema; null for a new one.</summary>
    public static string? OfSchema(PostgresConnection db)
    {
        db.Execute("CREATE TABLE IF NOT EXISTS store_identity (id text NOT NULL)");
        return db.Use("SELECT id FROM store_identity").TextOrNone();
    }

    public static string NewId(PostgresConnection db) => db.Use("SELECT CAST(gen_random_uuid() AS text)").TextOrNone()!;

    /// <summary>True if the schema has a row in none of the tables that make it more than a new one.</summary>
    public static bool IsEmpty(PostgresConnection db, StoreSchema kind) => kind.Tables.All(
        table => !PostgresStore.HasTable(db, table) || db.Use($"SELECT 1 FROM {table} LIMIT 1").LongOrNone() is null);

    public static void Name(PostgresConnection db, string? former, string id)
    {
        if (former == id) return;
        db.Use("DELETE FROM store_identity").Run();
        db.Use("INSERT INTO store_identity (id) VALUES (?)").Add(id).Run();
    }

    public static string? Read(Disk disk, string path)
    {
        if (!disk.FileExists(path)) return null;
        using var reader = new StreamReader(disk.OpenRead(path));
        return Parse(reader.ReadLine());
    }

    public static void Write(Disk disk, string folder, string path, string id)
    {
        // Half of one, of a crash.
        disk.Unlink(path);
        using var file = disk.Create(path);
        file.Write(Encoding.ASCII.GetBytes(id + "\n"));
        file.Sync();
        disk.SyncDirectory(folder);
    }

    /// <summary>Half of one, of a crash, is none.</summary>
    public static string? Parse(string? text) => Guid.TryParseExact(text?.TrimEnd(), "D", out var id) ? id.ToString() : null;
}

/// <summary>Where the files or objects of a schema have their half of the name.</summary>
internal abstract class IdentityPlace
{
    /// <summary>For a person.</summary>
    public abstract string Name { get; }

    public abstract string? Read();

    /// <summary>It is durable after that.</summary>
    public abstract void Write(string id);
}

/// <summary>A folder of files.</summary>
internal sealed class FolderIdentity(Disk disk, string folder, string name) : IdentityPlace
{
    public override string Name => PostgresIdentity.PathIn(folder, name);

    public override string? Read() => PostgresIdentity.Read(disk, Name);

    public override void Write(string id) => PostgresIdentity.Write(disk, folder, Name, id);
}
