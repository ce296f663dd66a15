using Drimbox.Gateway.Configuration;
using Drimbox.Storage;

namespace Drimbox.Gateway.Doctor;

/// <summary>The data folder: may it be written, does the file system keep what it says it kept, and how much room is
/// there.</summary>
internal static class FolderCheck
{
    /// <summary>10 GB: a day of a small department.</summary>
    private const long SpaceMin = 10_000_000_000;

    // Where SQLite's locks or an fsync are not what they are on a local disk.
    private static readonly string[] _remote = ["nfs", "nfs4", "cifs", "smb", "smb2", "fuse.sshfs", "9p"];

    public static IEnumerable<Diagnosis> Run(GatewayConfiguration configuration)
    {
        const string Key = "DataFolder";
        var folder = Path.GetFullPath(configuration.DataFolder);
        var exists = NearestOf(folder);
        if (Write(exists) is { } why)
        {
            yield return Diagnosis.Fail(
                Key, $"{exists} cannot be written: {why}",
                "Give the folder to the user that runs drimbox, or name another one.");
            yield break;
        }

        yield return exists == folder
            ? Diagnosis.Ok(Key, $"{folder} can be written, and fsync works")
            : Diagnosis.Ok(Key, $"{folder} is made at the first start");
        var drive = new DriveInfo(exists);
        var free = Disk.Real.FreeBytes(exists);
        var text = $"{free / 1_000_000_000.0:0.0} GB free of {Disk.Real.TotalBytes(exists) / 1_000_000_000.0:0.0} GB ({drive.DriveFormat})";
        yield return free < SpaceMin
            ? Diagnosis.Warn(Key, text, "Below the mark of Archive:Disk nothing is stored: make room or use a larger disk.")
            : Diagnosis.Ok(Key, text);
        if (_remote.Contains(drive.DriveFormat, StringComparer.Ordinal))
        {
            yield return Diagnosis.Fail(
                Key, $"{drive.DriveFormat} is a file system of a network: SQLite must not lie on it",
                "Use a local disk for the data folder.");
        }
    }

    private static string NearestOf(string folder)
    {
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent) folder = parent;
        return folder;
    }

    private static string? Write(string folder)
    {
        var path = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
        try
        {
            using (var file = Disk.Real.Create(path))
            {
                file.Write("drimbox"u8);
                file.Sync();
            }

            Disk.Real.Unlink(path);
            Disk.Real.SyncDirectory(folder);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageFaultException)
        {
            return e.Message;
        }
    }
}
