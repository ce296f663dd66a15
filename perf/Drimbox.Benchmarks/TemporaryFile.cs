namespace Drimbox.Benchmarks;

/// <summary>A file that a benchmark reads, in a folder of its own.</summary>
internal static class TemporaryFile
{
    public static string Write(byte[] bytes)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("drimbox-benchmark-").FullName, "image.dcm");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public static void Delete(string path) => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
}
