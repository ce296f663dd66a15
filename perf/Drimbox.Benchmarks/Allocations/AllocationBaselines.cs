using System.Text.Encodings.Web;
using System.Text.Json;

namespace Drimbox.Benchmarks.Allocations;

/// <summary>perf/baselines/allocations.json: operation → bytes that one call may allocate (Release build).</summary>
public static class AllocationBaselines
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The file, found upward from the running assembly.</summary>
    public static string Path { get; } = Find();

    public static IReadOnlyDictionary<string, long> Read() =>
        JsonSerializer.Deserialize<SortedDictionary<string, long>>(File.ReadAllText(Path))!;

    public static void Write(IReadOnlyDictionary<string, long> bytes)
    {
        var sorted = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, count) in bytes) sorted[name] = count;
        File.WriteAllText(Path, JsonSerializer.Serialize(sorted, Indented) + "\n");
    }

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(at.FullName, "Drimbox.sln")))
                return System.IO.Path.Combine(at.FullName, "perf", "baselines", "allocations.json");
        }

        throw new InvalidOperationException("The benchmarks run from a build inside the repository.");
    }
}
