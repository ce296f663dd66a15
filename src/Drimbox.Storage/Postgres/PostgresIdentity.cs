using System.Text;

namespace Drimbox.Storage.Postgres;

/// <summary>
/// Keeps a schema and the folder whose files it names together. With SQLite the two cannot be told apart; a schema can be
/// opened from a wrong folder, and a start there would take every row for one that was never acknowledged. Both have the
/// same random name.
/// </summary>
internal static class PostgresIdentity
{
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Absent"/>: the schema has the rows of another
    /// folder.</exception>
    public static void Match(PostgresConnection db, string schema, Disk disk, string folder, string name)
    {
        db.Execute("CREATE TABLE IF NOT EXISTS store_identity (id text NOT NULL)");
        var path = PathIn(folder, name);
        var ofSchema = db.Use("SELECT id FROM store_identity").TextOrNone();
        var ofFolder = Read(disk, path);
        if (ofSchema is not null && ofSchema == ofFolder) return;
        // One of the two may be missing after a crash between them; then there is no row yet.
        var isEmpty = db.Use("SELECT 1 FROM instance LIMIT 1").LongOrNone() is null
            && db.Use("SELECT 1 FROM quarantined_file LIMIT 1").LongOrNone() is null;
        if (!isEmpty && ofSchema is not null)
        {
            throw new StorageFaultException(
                StorageFault.Absent,
                $"The schema '{schema}' of the PostgreSQL database is the index of another folder than '{folder}'.");
        }

        var id = ofFolder ?? ofSchema ?? db.Use("SELECT CAST(gen_random_uuid() AS text)").TextOrNone()!;
        if (ofFolder is null) Write(disk, folder, path, id);
        if (ofSchema == id) return;
        db.Use("DELETE FROM store_identity").Run();
        db.Use("INSERT INTO store_identity (id) VALUES (?)").Add(id).Run();
    }

    public static string PathIn(string folder, string name) => Path.Combine(folder, name + ".postgres");

    private static string? Read(Disk disk, string path)
    {
        if (!disk.FileExists(path)) return null;
        using var reader = new StreamReader(disk.OpenRead(path));
        var id = reader.ReadLine();
        return string.IsNullOrEmpty(id) ? null : id;
    }

    private static void Write(Disk disk, string folder, string path, string id)
    {
        // Half of one, of a crash.
        disk.Unlink(path);
        using var file = disk.Create(path);
        file.Write(Encoding.ASCII.GetBytes(id + "\n"));
        file.Sync();
        disk.SyncDirectory(folder);
    }
}
