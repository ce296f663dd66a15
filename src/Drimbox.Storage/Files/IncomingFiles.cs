namespace Drimbox.Storage;

/// <summary>A folder where files are written before they get their name, and that processes share.</summary>
public static class IncomingFiles
{
    /// <summary>Removes what lies there for so long, by the clock of who keeps the files.</summary>
    /// <param name="probe">The path of a file to make there for a moment.</param>
    /// <returns>How many files were removed.</returns>
    /// <exception cref="StorageFaultException">The folder cannot be written to.</exception>
    public static int Sweep(Disk disk, string probe, TimeSpan age)
    {
        // Our own clock may be a day ahead, and what is being written now looks old by it.
        disk.Create(probe).Dispose();
        var oldest = disk.LastWrite(probe) - age;
        disk.Unlink(probe);
        var count = 0;
        // What was renamed away meanwhile has no time and no name: nothing else ever gets it.
        foreach (var file in disk.EnumerateFiles(Path.GetDirectoryName(probe)!).Where(file => disk.LastWrite(file) < oldest).ToList())
        {
            disk.Unlink(file);
            count++;
        }

        return count;
    }
}
