using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;

namespace Drimbox.Tests.Simulation;

/// <summary>
/// The seam between the simulation and what it simulates. The first half are the decisions of the product, which a
/// mutant replaces; the second half says how the simulated store, dispatcher and door keep the order of things that the
/// real ones keep by SQL and by transactions, and a mutant forgets one of them.
/// </summary>
internal sealed record SimulationRules
{
    public static SimulationRules Product { get; } = new();

    public Func<int, TimeSpan, TimeSpan, double, TimeSpan> RetryDelay { get; init; } = DispatchRules.RetryDelay;

    public Func<bool, DispatchOutcome?, bool> MayStand { get; init; } = DispatchRules.MayStand;

    public Func<bool, DispatchOutcome?, bool> IsUnsent { get; init; } = DispatchRules.IsUnsent;

    public Func<TimeSpan, TimeSpan, bool> MayStart { get; init; } = DispatchRules.MayStart;

    public Func<int, DispatchPatience, bool> IsPoison { get; init; } = DispatchRules.IsPoison;

    public Func<XdsAnswer, XdsVerdict> Classify { get; init; } = XdsOutcomes.Classify;

    public Func<bool, bool, bool, AttemptProgress> Begin { get; init; } = AttemptProgress.Begin;

    public Func<SubmissionKind, Visibility, IReadOnlyList<RegisteredEntry>, bool> Stands { get; init; } =
        AttemptProgress.Stands;

    public Func<AttemptProgress, bool, AttemptProgress> EffectFound { get; init; } = (p, stands) => p.EffectFound(stands);

    public Func<AttemptProgress, bool, bool, AttemptProgress> TargetFound { get; init; } =
        (p, found, stands) => p.TargetFound(found, stands);

    public Func<AttemptProgress, string?, AttemptProgress> QueryFailed { get; init; } = (p, why) => p.QueryFailed(why);

    public Func<AttemptProgress, DispatchOutcome, AttemptProgress> Answered { get; init; } =
        (p, outcome) => p.Answered(outcome, "");

    public Func<ReportState, PublicationStep, bool> Revokes { get; init; } = (state, step) => state.Revokes(step);

    public Func<ReportState, ReportEvent, ReportState> Evolve { get; init; } = ReportDecider.Evolve;

    /// <summary>architecture.md, HL7 path: COMMIT, then ACK.</summary>
    public bool AcksAfterCommit { get; init; } = true;

    /// <summary>An append names the version that its decision saw.</summary>
    public bool ExpectsVersion { get; init; } = true;

    /// <summary>The outbox row of a decision is committed with its events.</summary>
    public bool CommitsRowsWithEvents { get; init; } = true;

    /// <summary>The end of a row is committed with the event that tells its report.</summary>
    public bool CommitsEndWithEvents { get; init; } = true;

    /// <summary>A result is recorded only under the epoch of its claim.</summary>
    public bool FencesResults { get; init; } = true;

    public bool MovesEpoch { get; init; } = true;

    public bool LeasesEnd { get; init; } = true;

    /// <summary>A lease that ended without a result leaves its row ambiguous.</summary>
    public bool LostLeaseIsAmbiguous { get; init; } = true;

    /// <summary>A withdrawal goes before the publications of other lanes.</summary>
    public bool HonoursPriority { get; init; } = true;

    /// <summary>The report is told when the dispatcher gives its row up.</summary>
    public bool TellsReport { get; init; } = true;

    public bool FreezesBytes { get; init; } = true;

    public bool FreezesSubmissionSet { get; init; } = true;

    /// <summary>What a person sends again is asked for first.</summary>
    public bool RetryAsksFirst { get; init; } = true;

    /// <summary>An exception or a death of ours counts against the row.</summary>
    public bool CountsFaults { get; init; } = true;
}
