using System.Diagnostics.Metrics;
using Drimbox.Core.Publications;

namespace Drimbox.Grains.Dispatch;

/// <summary>What the dispatchers of this process count. Tags are kinds, destinations and outcomes, never a lane: that
/// may name a patient.</summary>
public static class DispatchMetrics
{
    public const string MeterName = "Drimbox.Dispatch";

    /// <summary>Counter: steps of rows, by <c>step</c> (<c>claimed</c>, <c>started</c>, <c>answered</c>,
    /// <c>recorded</c>) and <c>kind</c>.</summary>
    public const string Steps = "drimbox.dispatch.steps";

    /// <summary>Counter: ends of attempts, by <c>kind</c> and <c>outcome</c>.</summary>
    public const string Outcomes = "drimbox.dispatch.outcomes";

    /// <summary>Histogram, seconds: from the claim of a row to the end of the attempt, by <c>kind</c>.</summary>
    public const string AttemptDuration = "drimbox.dispatch.attempt.duration";

    /// <summary>Histogram, seconds: from the decision to the last end of a row, by <c>kind</c>.</summary>
    public const string Age = "drimbox.dispatch.age";

    /// <summary>Counter: circuit breakers that opened or closed, by <c>destination</c> and <c>state</c>.</summary>
    public const string Circuits = "drimbox.dispatch.circuits";

    /// <summary>Counter: answers that only an error of ours explains, by <c>kind</c>.</summary>
    public const string BugAlarms = "drimbox.dispatch.bug.alarms";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> StepCount = Meter.CreateCounter<long>(Steps);
    private static readonly Counter<long> OutcomeCount = Meter.CreateCounter<long>(Outcomes);
    private static readonly Histogram<double> Durations = Histogram(
        AttemptDuration, [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]);
    private static readonly Histogram<double> Ages = Histogram(
        Age, [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400, 604_800]);
    private static readonly Counter<long> CircuitCount = Meter.CreateCounter<long>(Circuits);
    private static readonly Counter<long> Alarms = Meter.CreateCounter<long>(BugAlarms);

    /// <summary>For a handler: the answer means that bytes changed between attempts.</summary>
    public static void BugAlarm(string kind) => Alarms.Add(1, new KeyValuePair<string, object?>("kind", kind));

    internal static void Step(string step, string kind) =>
        StepCount.Add(1, new("step", step), new KeyValuePair<string, object?>("kind", kind));

    internal static void Ended(string kind, DispatchOutcome outcome, TimeSpan duration, TimeSpan age)
    {
        var tag = new KeyValuePair<string, object?>("kind", kind);
        OutcomeCount.Add(1, tag, new("outcome", outcome.ToString()));
        Durations.Record(duration.TotalSeconds, tag);
        if (outcome is not (DispatchOutcome.Retry or DispatchOutcome.Ambiguous)) Ages.Record(age.TotalSeconds, tag);
    }

    internal static void Circuit(string destination, bool isOpen) => CircuitCount.Add(
        1, new("destination", destination), new KeyValuePair<string, object?>("state", isOpen ? "open" : "closed"));

    private static Histogram<double> Histogram(string name, double[] bounds) => Meter.CreateHistogram(
        name, "s", null, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
