using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Tests.Simulation;

/// <summary>What an outbox row carries: a frozen submission, and what its first attempt resolved.</summary>
internal sealed record SimulatedPayload(int Report, Submission Submission, string? TargetUuid, bool AskFirst);

/// <summary>The end of a row, to be recorded with what follows from it.</summary>
internal sealed record SimulatedResult(long Row, long Epoch, DispatchOutcome Outcome, int? Faults = null);

/// <summary>All of a decision, or nothing.</summary>
internal sealed record SimulatedCommit(
    int Report, int ExpectedVersion, IReadOnlyList<ReportEvent> Events, SimulatedPayload? Row, string? Message,
    SimulatedResult? Result);

internal enum CommitEnd
{
    Committed,
    Conflict,
    Repeated,
    LeaseLost,
}

/// <summary>The database: streams with an expected version, inbox, outbox; one transaction a decision.</summary>
internal sealed class SimulatedStore(SimulationRules rules, int reports)
{
    private readonly ReportState[] _states = [.. Enumerable.Repeat(ReportState.Empty, reports)];
    private readonly int[] _versions = new int[reports];

    public SimulatedOutbox<SimulatedPayload> Outbox { get; } = new(rules);

    public HashSet<string> Inbox { get; } = new(StringComparer.Ordinal);

    public (ReportState State, int Version) Load(int report) => (_states[report], _versions[report]);

    public CommitEnd Commit(SimulatedCommit commit, long now)
    {
        if (commit.Message is { } message && Inbox.Contains(message)) return CommitEnd.Repeated;
        if (commit.Result is { } result && !Outbox.IsLeased(result.Row, result.Epoch)) return CommitEnd.LeaseLost;
        if (rules.ExpectsVersion && commit.ExpectedVersion != _versions[commit.Report]) return CommitEnd.Conflict;
        if (commit.Message is not null) Inbox.Add(commit.Message);
        foreach (var happened in commit.Events)
            _states[commit.Report] = rules.Evolve(_states[commit.Report], happened);
        _versions[commit.Report] += commit.Events.Count;
        if (commit.Row is not null) Add(commit.Row, now);
        if (commit.Result is { } end) Complete(end, now);
        return CommitEnd.Committed;
    }

    public void Add(SimulatedPayload row, long now) => Outbox.Insert(
        $"report {row.Report}", row, row.Submission.Kind == SubmissionKind.Delete ? 1 : 0, now);

    public bool Complete(SimulatedResult result, long now) =>
        Outbox.Complete(result.Row, result.Epoch, result.Outcome, now, null, null, result.Faults);
}
