namespace Drimbox.Load.Results;

/// <summary>What a run has shown; written as JSON. Rates are per second, latencies milliseconds, sizes bytes unless the
/// name says otherwise.</summary>
/// <param name="Format">Of this file: 1.</param>
/// <param name="Seconds">From the first intended start after the warm-up to the last response.</param>
/// <param name="IsInterrupted">Stopped by hand before its end.</param>
/// <param name="NotBegun">Operations of an open loop whose intended start had passed when the run was over: the peer was
/// too slow for the rate.</param>
/// <param name="Pacing">How late operations began for which a user was waiting: the error of the load generator itself.
/// </param>
/// <param name="Associating">From the TCP connection to the A-ASSOCIATE-AC.</param>
/// <param name="Target">The process of the peer, if it is on this machine.</param>
/// <param name="Sender">This process.</param>
public sealed record LoadResult(
    int Format,
    DateTimeOffset StartedAt,
    LoadSetup Setup,
    double Seconds,
    bool IsInterrupted,
    long NotBegun,
    LatencySummary Pacing,
    LatencySummary Associating,
    IReadOnlyList<OperationResult> Operations,
    ProcessUsage? Target,
    ProcessUsage Sender,
    IReadOnlyList<LoadSecond> Series)
{
    public const int CurrentFormat = 1;

    public long Errors => Operations.Sum(o => o.Errors);
}

/// <summary>What the run was told to do.</summary>
/// <param name="Rate">Operations a second of an open loop; null for a closed loop.</param>
/// <param name="WindowNegotiated">C-STORE that the peer let be outstanding on one association.</param>
public sealed record LoadSetup(
    string? Target,
    string? QueryTarget,
    string? Mllp,
    string Mix,
    IReadOnlyList<string> Instances,
    double? Rate,
    int Associations,
    int Window,
    int WindowNegotiated,
    int? PerAssociation,
    int MaximumLength,
    double WarmUpSeconds,
    double? DurationSeconds,
    long? Count,
    int Seed);

/// <summary>One kind of operation.</summary>
/// <param name="Count">Done; errors are not among them.</param>
/// <param name="Statuses">How often each status was met, errors included.</param>
/// <param name="Distribution">How many took at most so long, and longer than the one before.</param>
public sealed record OperationResult(
    OperationKind Kind,
    long Count,
    long Errors,
    long Bytes,
    double PerSecond,
    double MebibytesPerSecond,
    LatencySummary Latency,
    IReadOnlyDictionary<string, long> Statuses,
    IReadOnlyList<LatencyBucket> Distribution);

public readonly record struct LatencyBucket(double UpTo, long Count);

/// <summary>Milliseconds, at most 0.8 % above the true value; minimum, mean and maximum are exact.</summary>
public sealed record LatencySummary(
    long Count, double Min, double Mean, double P50, double P75, double P90, double P95, double P99, double P999,
    double Max)
{
    public static LatencySummary Of(LatencyHistogram histogram) => new(
        histogram.Count, histogram.Min / 1000.0, Math.Round(histogram.Mean / 1000, 3), At(histogram, 0.5),
        At(histogram, 0.75), At(histogram, 0.9), At(histogram, 0.95), At(histogram, 0.99), At(histogram, 0.999),
        histogram.Max / 1000.0);

    private static double At(LatencyHistogram histogram, double quantile) => histogram.ValueAt(quantile) / 1000.0;
}

/// <summary>What a process and its children used while it was watched.</summary>
/// <param name="CpuSeconds">In the measured time, user and system.</param>
/// <param name="RssMax">The most memory seen at the end of a second.</param>
public sealed record ProcessUsage(int Pid, string Name, double CpuSeconds, long RssMax);

/// <summary>One second of the run.</summary>
/// <param name="At">Seconds from the start to its end.</param>
/// <param name="IsWarmUp">Not among the results.</param>
/// <param name="TargetCpu">Cores in use; null where the process is not known.</param>
public sealed record LoadSecond(
    double At, bool IsWarmUp, IReadOnlyList<SecondOfOperation> Operations, double? TargetCpu, long? TargetRss,
    double SenderCpu);

public sealed record SecondOfOperation(
    OperationKind Kind, long Count, long Errors, long Bytes, double P50, double P90, double P99, double Max);
