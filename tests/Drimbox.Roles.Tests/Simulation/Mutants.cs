using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;

namespace Drimbox.Tests.Simulation;

/// <summary>Errors that somebody could make in the dispatcher, one each, which the simulation must find.</summary>
internal static class Mutants
{
    private static readonly SimulationRules Product = SimulationRules.Product;

    public static IReadOnlyDictionary<string, SimulationRules> All { get; } = new Dictionary<string, SimulationRules>
    {
        // The door.
        ["the acknowledgement goes before the commit"] = Product with { AcksAfterCommit = false },
        ["an append does not name its version"] = Product with { ExpectsVersion = false },
        ["the outbox row has a transaction of its own"] = Product with { CommitsRowsWithEvents = false },

        // Lease and epoch. That a lane has one row in flight is kept twice, by the outbox and by the register: to forget
        // it in the outbox alone changes nothing here.
        ["a result is recorded under any epoch"] = Product with { FencesResults = false },
        ["a claim keeps the epoch"] = Product with { MovesEpoch = false },
        ["a lease never ends"] = Product with { LeasesEnd = false },
        ["withdrawals wait like all others"] = Product with { HonoursPriority = false },
        ["an attempt that stood still sends after its lease"] = Product with { MayStart = (_, _) => true },
        ["the end of a row is recorded before its report knows"] = Product with { CommitsEndWithEvents = false },

        // What is unknown.
        ["a death in flight counts as unsent"] = Product with { LostLeaseIsAmbiguous = false },
        ["nothing is asked before a resend"] = Product with { MayStand = (_, _) => false },
        ["a lost answer counts as unsent"] = Product with
        {
            Classify = answer => answer is XdsAnswer.SentUnknown
                ? new XdsVerdict(DispatchOutcome.Retry)
                : XdsOutcomes.Classify(answer),
        },
        ["HTTP 502 counts as unsent"] = Product with
        {
            Classify = answer => answer is XdsAnswer.HttpRefused
                ? new XdsVerdict(DispatchOutcome.Retry)
                : XdsOutcomes.Classify(answer),
        },
        ["a SOAP fault of the receiver counts as unsent"] = Product with
        {
            Classify = answer => answer is XdsAnswer.Faulted
                ? new XdsVerdict(DispatchOutcome.Retry)
                : XdsOutcomes.Classify(answer),
        },
        ["a lost answer counts as taken"] = Product with
        {
            Classify = answer => answer is XdsAnswer.SentUnknown
                ? new XdsVerdict(DispatchOutcome.Done)
                : XdsOutcomes.Classify(answer),
        },
        ["a busy registry counts as a refusal"] = Product with
        {
            Classify = answer => XdsOutcomes.Classify(answer) is { Outcome: DispatchOutcome.Retry, IsUnreached: true }
                ? new XdsVerdict(DispatchOutcome.Quarantine)
                : XdsOutcomes.Classify(answer),
        },
        ["a repeat counts as a refusal"] = Product with
        {
            Classify = answer => IsRepeat(answer)
                ? new XdsVerdict(DispatchOutcome.Quarantine)
                : XdsOutcomes.Classify(answer),
        },
        ["a query that failed shows nothing"] = Product with
        {
            QueryFailed = (progress, why) => progress.Move == AttemptMove.AskEffect
                ? progress.EffectFound(false)
                : progress.QueryFailed(why),
        },
        ["a query that failed shows everything"] = Product with
        {
            QueryFailed = (progress, why) => progress.Move == AttemptMove.AskEffect
                ? progress.EffectFound(true)
                : progress.QueryFailed(why),
        },
        ["what was not seen once can be taken back"] = Product with
        {
            Answered = (progress, outcome) => progress.Answered(outcome, "") is { Outcome: DispatchOutcome.Ambiguous } end
                && outcome == DispatchOutcome.Retry
                    ? end with { Outcome = DispatchOutcome.Retry }
                    : progress.Answered(outcome, ""),
        },
        ["a target that is gone was never gone by our own hand"] = Product with
        {
            Answered = (progress, outcome) => outcome == DispatchOutcome.Stale
                ? (progress with { MayStand = false }).Answered(outcome, "")
                : progress.Answered(outcome, ""),
            TargetFound = (progress, found, stands) =>
                (progress with { MayStand = progress.MayStand && found }).TargetFound(found, stands),
        },
        ["a stale target counts as done"] = Product with
        {
            Answered = (progress, outcome) => progress.Answered(
                outcome == DispatchOutcome.Stale ? DispatchOutcome.Done : outcome, ""),
            TargetFound = (progress, found, stands) =>
                found ? progress.TargetFound(found, stands) : progress.EffectFound(true),
        },
        ["a stale target is tried again"] = Product with
        {
            Answered = (progress, outcome) => progress.Answered(
                outcome == DispatchOutcome.Stale ? DispatchOutcome.Retry : outcome, ""),
            TargetFound = (progress, found, stands) =>
                found ? progress.TargetFound(found, stands) : progress.QueryFailed(""),
        },
        ["a deletion stands once its document is known"] = Product with
        {
            Stands = (kind, wanted, entries) => kind == SubmissionKind.Delete
                ? entries.Count > 0
                : AttemptProgress.Stands(kind, wanted, entries),
        },
        ["a visibility stands whatever it is"] = Product with
        {
            Stands = (kind, wanted, entries) => kind == SubmissionKind.ChangeVisibility
                ? entries.Any(e => e.Status == AvailabilityStatus.Approved)
                : AttemptProgress.Stands(kind, wanted, entries),
        },
        ["what may have left is taken back"] = Product with { IsUnsent = (_, _) => true },

        // What is frozen.
        ["the document is written again at each attempt"] = Product with { FreezesBytes = false },
        ["the submission set has a new id at each attempt"] = Product with { FreezesSubmissionSet = false },

        // Backoff and quarantine.
        ["the backoff has no cap"] = Product with
        {
            RetryDelay = (attempts, min, _, draw) =>
                DispatchRules.RetryDelay(attempts, min, TimeSpan.FromDays(7), draw),
        },
        ["the backoff does not grow"] = Product with
        {
            RetryDelay = (_, min, max, draw) => DispatchRules.RetryDelay(1, min, max, draw),
        },
        ["there is no backoff"] = Product with { RetryDelay = (_, _, _, _) => TimeSpan.Zero },
        ["a poison row is tried without end"] = Product with { IsPoison = (_, _) => false },
        ["faults are not counted"] = Product with { CountsFaults = false },
        ["the report is not told of a row that was given up"] = Product with { TellsReport = false },
        ["what a person sends again is not asked for"] = Product with { RetryAsksFirst = false },

        // The register.
        ["a refused step is tried at once"] = Product with
        {
            Evolve = (state, happened) => ReportDecider.Evolve(state, happened) is var after
                && happened is SubmissionEnded { Outcome: DispatchOutcome.Quarantine }
                    ? after with { Publication = after.Publication with { Refused = null } }
                    : after,
        },
        ["two submissions of a report are on their way at once"] = Product with
        {
            Evolve = (state, happened) => ReportDecider.Evolve(state, happened) is var after
                && happened is SubmissionDecided
                    ? after with { Publication = after.Publication with { InFlight = [] } }
                    : after,
        },
        ["a submission that ended stays on its way"] = Product with
        {
            Evolve = (state, happened) => happened is SubmissionEnded
                ? state
                : ReportDecider.Evolve(state, happened),
        },
    };

    private static bool IsRepeat(XdsAnswer answer) => answer is XdsAnswer.Answered answered
        && answered.Response.Errors.Any(e => e.Code == "XDSDuplicateUniqueIdInRegistry");
}
