namespace Drimbox.Tests;

/// <summary>A folder of a test's own, gone afterwards.</summary>
public sealed class StoreFolder : IDisposable
{
    public StoreFolder() => Path = Directory.CreateTempSubdirectory("drimbox-storage-").FullName;

    public string Path { get; }

    /// <summary>The folder as a crash leaves it: what lies in it now, without the memory of the process (the -shm
    /// file is that) and without its locks.</summary>
    public StoreFolder CopyAfterCrash()
    {
        var copy = new StoreFolder();
        foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            if (file.EndsWith("-shm", StringComparison.Ordinal) || file.EndsWith(".lock", StringComparison.Ordinal)) continue;
            var target = global::System.IO.Path.Combine(copy.Path, global::System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(global::System.IO.Path.GetDirectoryName(target)!);
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var to = File.Create(target);
            from.CopyTo(to);
        }

        return copy;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
