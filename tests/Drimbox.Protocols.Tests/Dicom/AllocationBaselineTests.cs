using Drimbox.Benchmarks.Allocations;
using Drimbox.Tests.Dicom.Scp;

namespace Drimbox.Tests.Dicom;

/// <summary>The garbage of each benchmark is that of perf/baselines, or less.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class AllocationBaselineTests
{
    private const string Renewal =
        "If that is meant: dotnet run --project perf/Drimbox.Benchmarks -c Release -- baselines";

    private static readonly IReadOnlyDictionary<string, long> Baselines = AllocationBaselines.Read();

    public static TheoryData<string> Operations => [.. Operation.All().Select(o => o.Name)];

    [Fact]
    public void Each_benchmark_has_a_baseline_and_each_baseline_a_benchmark() =>
        Assert.Equal(Baselines.Keys, Operation.All().Select(o => o.Name));

    [Theory]
    [MemberData(nameof(Operations))]
    public void An_operation_allocates_no_more_than_its_baseline(string name)
    {
#if DEBUG
        Assert.Skip("The baselines are those of a Release build.");
#endif
        var operation = Operation.All().Single(o => o.Name == name);
        Assert.True(Baselines.TryGetValue(name, out var baseline), $"{name} has no baseline. {Renewal}");

        var bytes = operation.MeasureAllocatedBytes(enough: baseline);

        Assert.True(bytes <= baseline, $"{name} allocates {bytes} bytes; the baseline is {baseline}. {Renewal}");
    }
}
