using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Drimbox.Benchmarks.Allocations;

/// <summary>perf/baselines/allocations.json: operation → bytes that one call may allocate (Release build).</summary>
public static class AllocationBaselines
{
    // What the just-in-time compiler inlines, and with it what stays on the stack, depends by its profile on all that
    // ran in the process before. Without a profile, in a process of its own, the figures are the same each time.
    private const string ProfileSetting = "DOTNET_TieredPGO";

    private const string Renewal =
        "If that is meant: dotnet run --project perf/Drimbox.Benchmarks -c Release -- baselines";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>This process measures the same each time.</summary>
    public static bool IsMeasurable =>
        string.Equals(Environment.GetEnvironmentVariable(ProfileSetting), "0", StringComparison.Ordinal);

    // perf/baselines, found upward from the running assembly.
    private static string FilePath
    {
        get
        {
            for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            {
                if (File.Exists(Path.Combine(at.FullName, "Drimbox.sln")))
                    return Path.Combine(at.FullName, "perf", "baselines", "allocations.json");
            }

            throw new InvalidOperationException("The benchmarks run from a build inside the repository.");
        }
    }

    /// <summary>Does <paramref name="command"/> in a process that <see cref="IsMeasurable"/>.</summary>
    /// <returns>Its exit code.</returns>
    public static int RunMeasurable(string command)
    {
        using var process = Process.Start(StartOf(command))!;
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>How to start this program for <paramref name="command"/>.</summary>
    public static ProcessStartInfo StartOf(string command)
    {
        var start = new ProcessStartInfo("dotnet") { Environment = { [ProfileSetting] = "0" } };
        start.ArgumentList.Add(typeof(AllocationBaselines).Assembly.Location);
        start.ArgumentList.Add(command);
        return start;
    }

    /// <summary>Writes what each operation allocates now.</summary>
    public static int Renew(TextWriter output)
    {
        var measured = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var operation in Operation.All())
        {
            var bytes = measured[operation.Name] = operation.MeasureAllocatedBytes();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes,10:N0} B  {operation}"));
        }

        File.WriteAllText(FilePath, JsonSerializer.Serialize(measured, Indented) + "\n");
        return 0;
    }

    /// <summary>Writes a line for each operation that allocates more than its baseline or has none, and for each
    /// baseline without an operation.</summary>
    /// <returns>0 if there is no such line.</returns>
    public static int Check(TextWriter output)
    {
        var baselines = JsonSerializer.Deserialize<SortedDictionary<string, long>>(File.ReadAllText(FilePath))!;
        var faults = new List<string>();
        foreach (var operation in Operation.All())
        {
            if (!baselines.Remove(operation.Name, out var baseline))
            {
                faults.Add($"{operation} has no baseline.");
                continue;
            }

            var bytes = operation.MeasureAllocatedBytes(enough: baseline);
            if (bytes > baseline) faults.Add($"{operation} allocates {bytes} bytes; the baseline is {baseline}.");
        }

        faults.AddRange(baselines.Keys.Select(name => $"{name} has a baseline and no longer exists."));
        if (faults.Count == 0) return 0;
        foreach (var fault in faults) output.WriteLine(fault);
        output.WriteLine(Renewal);
        return 1;
    }
}
