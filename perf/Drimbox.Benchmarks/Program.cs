using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Drimbox.Benchmarks.Allocations;

// dotnet run --project perf/Drimbox.Benchmarks -c Release -- baselines        renews perf/baselines/
// dotnet run --project perf/Drimbox.Benchmarks -c Release -- --filter '*'     measures (BenchmarkDotNet's arguments)
if (args is ["baselines", ..])
{
#if DEBUG
    Console.Error.WriteLine("Baselines are those of a Release build: add -c Release.");
    return 2;
#else
    var measured = Operation.All().ToDictionary(o => o.Name, o => o.MeasureAllocatedBytes(), StringComparer.Ordinal);
    AllocationBaselines.Write(measured);
    foreach (var (name, bytes) in measured) Console.WriteLine($"{bytes,10:N0} B  {name}");
    Console.WriteLine($"{measured.Count} operations written to {AllocationBaselines.Path}");
    return 0;
#endif
}

var config = ManualConfig.CreateMinimumViable()
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumn(StatisticColumn.Median)
    .AddLogicalGroupRules(BenchmarkLogicalGroupRule.ByCategory)
    .AddColumn(CategoriesColumn.Default)
    .HideColumns(Column.Error, Column.StdDev)
    .AddExporter(BenchmarkDotNet.Exporters.MarkdownExporter.GitHub)
    // Beside the binaries: nothing of a run belongs into the working tree.
    .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "artifacts"));
BenchmarkSwitcher.FromAssembly(typeof(Operation).Assembly).Run(args, config);
return 0;
