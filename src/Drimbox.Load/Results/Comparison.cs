namespace Drimbox.Load.Results;

public enum Verdict
{
    Same,
    Better,
    Worse,
}

/// <summary>One figure of two results.</summary>
/// <param name="Ratio">B / A; null where A is 0.</param>
/// <param name="Verdict">On B.</param>
public sealed record ComparedFigure(string Name, double A, double B, double? Ratio, Verdict Verdict);

/// <summary>Two results side by side.</summary>
/// <param name="SetupDifferences">What the runs were told differently: the figures then compare two things.</param>
public sealed record Comparison(IReadOnlyList<string> SetupDifferences, IReadOnlyList<ComparedFigure> Figures)
{
    // Below a tenth of a millisecond a percentile is scheduling.
    private const double LatencyNoise = 0.1;

    private const double MiB = 1024 * 1024;

    public bool IsWorse => Figures.Any(f => f.Verdict == Verdict.Worse);

    /// <param name="tolerance">Share of A by which B may differ and still be the same: 0.05 for 5 %.</param>
    public static Comparison Of(LoadResult a, LoadResult b, double tolerance)
    {
        var figures = new List<ComparedFigure>();
        foreach (var kind in a.Operations.Select(o => o.Kind).Union(b.Operations.Select(o => o.Kind)).Order())
        {
            var left = a.Operations.FirstOrDefault(o => o.Kind == kind);
            var right = b.Operations.FirstOrDefault(o => o.Kind == kind);
            if (left is null || right is null) continue;
            var name = kind.ToString().ToLowerInvariant();
            // The rate of an open loop is given; what it cost is in the latencies.
            Add($"{name} per second", left.PerSecond, right.PerSecond, isMoreBetter: true, 0);
            if (left.Bytes + right.Bytes > 0)
                Add($"{name} MiB/s", left.MebibytesPerSecond, right.MebibytesPerSecond, isMoreBetter: true, 0);
            Add($"{name} mean ms", left.Latency.Mean, right.Latency.Mean, isMoreBetter: false, LatencyNoise);
            Add($"{name} p50 ms", left.Latency.P50, right.Latency.P50, isMoreBetter: false, LatencyNoise);
            Add($"{name} p90 ms", left.Latency.P90, right.Latency.P90, isMoreBetter: false, LatencyNoise);
            Add($"{name} p99 ms", left.Latency.P99, right.Latency.P99, isMoreBetter: false, LatencyNoise);
            Add($"{name} p99.9 ms", left.Latency.P999, right.Latency.P999, isMoreBetter: false, LatencyNoise);
            Add($"{name} errors", left.Errors, right.Errors, isMoreBetter: false, 0);
        }

        Add("never begun", a.NotBegun, b.NotBegun, isMoreBetter: false, 0);
        if (a.Target is { } targetA && b.Target is { } targetB)
        {
            Add("target CPU ms/operation", PerOperation(a, targetA), PerOperation(b, targetB), isMoreBetter: false, 0.01);
            Add("target memory MiB", targetA.RssMax / MiB, targetB.RssMax / MiB, isMoreBetter: false, 1);
        }

        Add("sender CPU ms/operation", PerOperation(a, a.Sender), PerOperation(b, b.Sender), isMoreBetter: false, 0.01);
        return new Comparison(Differences(a.Setup, b.Setup), figures);

        void Add(string name, double before, double after, bool isMoreBetter, double noise)
        {
            var difference = after - before;
            var verdict = Math.Abs(difference) <= Math.Max(before * tolerance, noise) ? Verdict.Same
                : difference > 0 == isMoreBetter ? Verdict.Better : Verdict.Worse;
            figures.Add(new ComparedFigure(
                name, before, after, before == 0 ? null : Math.Round(after / before, 4), verdict));
        }
    }

    private static double PerOperation(LoadResult result, ProcessUsage usage) =>
        usage.CpuSeconds * 1000 / Math.Max(1, result.Operations.Sum(o => o.Count));

    private static List<string> Differences(LoadSetup a, LoadSetup b)
    {
        var differences = new List<string>();
        Compare("mix", a.Mix, b.Mix);
        Compare("instances", string.Join(", ", a.Instances), string.Join(", ", b.Instances));
        Compare("rate", $"{a.Rate}", $"{b.Rate}");
        Compare("associations", $"{a.Associations}", $"{b.Associations}");
        Compare("window", $"{a.WindowNegotiated}", $"{b.WindowNegotiated}");
        Compare("operations per association", $"{a.PerAssociation}", $"{b.PerAssociation}");
        Compare("PDU length", $"{a.MaximumLength}", $"{b.MaximumLength}");
        return differences;

        void Compare(string what, string left, string right)
        {
            if (left != right) differences.Add($"{what}: {Text(left)} and {Text(right)}");
        }

        static string Text(string value) => value.Length == 0 ? "none" : value;
    }
}
