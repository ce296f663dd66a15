using System.Diagnostics;
using Drimbox.Benchmarks.Allocations;
using Drimbox.Tests.Dicom.Scp;

namespace Drimbox.Tests.Dicom;

/// <summary>The garbage of each benchmark is that of perf/baselines, or less.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class AllocationBaselineTests
{
    [Fact]
    public async Task No_operation_allocates_more_than_its_baseline_and_each_has_one()
    {
#if DEBUG
        Assert.Skip("The baselines are those of a Release build.");
#endif
        var start = AllocationBaselines.StartOf("check");
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var faults = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("", faults);
        Assert.Equal(0, process.ExitCode);
    }
}
