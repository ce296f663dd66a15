using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Drimbox.Benchmarks;
using Drimbox.Benchmarks.Allocations;

// dotnet run --project perf/Drimbox.Benchmarks -c Release -- baselines        renews perf/baselines/
// dotnet run --project perf/Drimbox.Benchmarks -c Release -- check            compares with perf/baselines/
// dotnet run --project perf/Drimbox.Benchmarks -c Release -- --filter '*'     measures (BenchmarkDotNet's arguments)
// dotnet run --project perf/Drimbox.Benchmarks -c Release -- sample FILE      writes the synthetic CT to look at
if (args is ["sample", var sample])
{
    File.WriteAllBytes(sample, SyntheticCt.CreateFile());
    return 0;
}

if (args is ["baselines" or "check"])
{
#if DEBUG
    Console.Error.WriteLine("Baselines are those of a Release build: add -c Release.");
    return 2;
#else
    if (!AllocationBaselines.IsMeasurable) return AllocationBaselines.RunMeasurable(args[0]);
    return args[0] == "check" ? AllocationBaselines.Check(Console.Out) : AllocationBaselines.Renew(Console.Out);
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
