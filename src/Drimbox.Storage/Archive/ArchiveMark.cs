using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>What the processes of before left: up to which rows all files are whole, and how the last stop was.</summary>
/// <param name="VerifiedTo">Rows of instances up to this one have whole files.</param>
/// <param name="FurtherVerifiedTo">The same of further files.</param>
internal readonly record struct ArchiveMark(long VerifiedTo, long FurtherVerifiedTo, bool StoppedCleanly)
{
    private const long Unclean = 0;
    private const long Clean = 1;

    // Several processes have it or had it: whole is each file that has a row, and files without one may lie about.
    private const long Shared = 2;

    /// <summary>Reads the mark, and leaves the one of a process that has the index.</summary>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: one process must look at the files before
    /// several may have them.</exception>
    public static ArchiveMark Open(DatabaseConnection db)
    {
        var row = db.Use("SELECT verified_to, stopped_clean, further_verified_to FROM mark");
        row.Step();
        var (mark, stop) = (new ArchiveMark(row.Long(0), row.Long(2), row.Long(1) == Clean), row.Long(1));
        row.Reset();
        if (db.IsShared)
        {
            if (stop == Unclean)
            {
                throw new StorageFaultException(
                    StorageFault.InUse,
                    "The last process that had the index of the archive alone did not stop cleanly: start one without "
                    + "SharedFolder, over the same folder, which checks the files, and stop it.");
            }

            db.Execute("UPDATE mark SET stopped_clean = 2");
            return mark;
        }

        if (stop != Shared)
        {
            db.Execute("UPDATE mark SET stopped_clean = 0");
            return mark;
        }

        Verify(db, Unclean);
        return Open(db);
    }

    /// <summary>Leaves the mark of a clean stop.</summary>
    public static void Close(DatabaseConnection db) => Verify(db, Clean);

    private static void Verify(DatabaseConnection db, long stop) => db.Execute($"""
        UPDATE mark SET stopped_clean = {stop}, verified_to = coalesce((SELECT max(id) FROM instance), 0),
            further_verified_to = coalesce((SELECT max(id) FROM further_file), 0)
        """);
}
