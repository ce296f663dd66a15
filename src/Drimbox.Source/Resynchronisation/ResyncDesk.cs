using Drimbox.Core;
using Drimbox.Core.Resynchronisation;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Source.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Resynchronisation;

/// <summary>A day of a plan.</summary>
/// <param name="Studies">Of which a report was received.</param>
/// <param name="InPacs">That the PACS hold, with and without a report; null: they were not asked.</param>
public sealed record ResyncDay(DateOnly Day, long Studies, long? InPacs);

/// <summary>What a run will take.</summary>
/// <param name="Studies">That the PACS will be asked about.</param>
/// <param name="EndsAt">If it is started now; null: after more than two years.</param>
/// <param name="Days">Those that have studies.</param>
public sealed record ResyncEstimate(
    long Run, long Studies, DateTimeOffset? EndsAt, IReadOnlyList<ResyncDay> Days);

/// <summary>How far a run has come (DB.SO.88).</summary>
/// <param name="Note">Why it stands still, or null.</param>
/// <param name="Done">Studies that were gone through.</param>
/// <param name="Changed">Of these: whose manifest changes in the DMP.</param>
/// <param name="Failed">Of these: that somebody must look at.</param>
/// <param name="Remaining">As far as is known: what is listed, and what was expected of the rest.</param>
/// <param name="EndsAt">Of a run that is running.</param>
/// <param name="Outcomes">How many studies ended how.</param>
public sealed record ResyncStatus(
    long Run,
    ResyncState State,
    string? Note,
    ResyncPlan Plan,
    string ChangedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    long Done,
    long Changed,
    long Failed,
    long Remaining,
    DateTimeOffset? EndsAt,
    IReadOnlyList<ResyncCount> Outcomes,
    IReadOnlyList<ResyncFailure> Failures);

/// <summary>What the administrator does with resynchronisations.</summary>
internal sealed class ResyncDesk(
    FlowStore store,
    StudyRegister register,
    PacsList pacs,
    PacsDay days,
    ResyncWorker worker,
    TimeZoneInfo zone,
    TimeProvider time,
    ILogger<ResyncDesk> logger)
{
    public async Task<(ResyncEstimate? Estimate, Refusal? Refusal)> PlanAsync(
        ResyncPlan plan, bool askPacs, string actor, CancellationToken cancellationToken)
    {
        if (plan.Check([.. pacs.All.Select(p => p.Name).OfType<string>()], zone) is { } wrong) return (null, wrong);
        IReadOnlyList<ResyncDay> counted = [];
        if (plan is { From: { } from, To: { } to })
        {
            counted = [.. (await register.CountDaysAsync(from, to, cancellationToken))
                .Select(count => new ResyncDay(count.Day, count.Studies, null))];
            if (askPacs)
            {
                if (to.DayNumber - from.DayNumber >= Limits.ResyncAskedDaysMax)
                    return (null, new Refusal(
                        RefusalReason.OverLimit, $"The PACS is asked about {Limits.ResyncAskedDaysMax} days at most."));
                (counted, var failure) = await AskAsync(plan, from, to, counted, cancellationToken);
                if (failure is not null) return (null, new Refusal(RefusalReason.Unavailable, failure));
            }
        }

        var studies = plan.From is not null ? counted.Sum(d => d.Studies)
            : plan.Studies.Count > 0 ? plan.Studies.Count
            : await store.CountStreamsAsync(register.LanePrefix, cancellationToken);
        var run = await store.AddResyncAsync(EventCodec.Write(plan), studies, actor, cancellationToken);
        return (new ResyncEstimate(run, studies, EndOf(plan, studies), counted), null);
    }

    /// <returns>Null, or why not.</returns>
    public async Task<Refusal?> MoveAsync(long run, ResyncState to, string actor, CancellationToken cancellationToken)
    {
        ResyncState[] from = to switch
        {
            ResyncState.Running => [ResyncState.Planned, ResyncState.Paused],
            ResyncState.Paused => [ResyncState.Running],
            ResyncState.Cancelled => [ResyncState.Planned, ResyncState.Running, ResyncState.Paused],
            _ => throw Invariant.Unreachable(to),
        };
        if (await store.MoveResyncAsync(
            run, [.. from.Select(s => s.ToString())], to.ToString(), actor, "", cancellationToken))
        {
            ResyncLog.Moved(logger, run, to, actor);
            worker.Wake();
            return null;
        }

        if (await store.FindResyncAsync(run, cancellationToken) is not { } entry)
            return new Refusal(RefusalReason.UnknownTarget, "No resynchronisation has this number.");
        return new Refusal(
            RefusalReason.WrongState,
            from.Contains(StateOf(entry)) ? "Another resynchronisation is running." : $"It is {entry.State}.");
    }

    public async Task<IReadOnlyList<ResyncStatus>> ListAsync(int max, CancellationToken cancellationToken)
    {
        var all = new List<ResyncStatus>();
        foreach (var entry in await store.ListResyncAsync(max, cancellationToken))
            all.Add(await StatusOfAsync(entry, failuresMax: 0, cancellationToken));
        return all;
    }

    public async Task<ResyncStatus?> GetAsync(long run, CancellationToken cancellationToken) =>
        await store.FindResyncAsync(run, cancellationToken) is { } entry
            ? await StatusOfAsync(entry, Limits.ResyncFailuresListedMax, cancellationToken)
            : null;

    private async Task<ResyncStatus> StatusOfAsync(
        ResyncEntry entry, int failuresMax, CancellationToken cancellationToken)
    {
        var plan = EventCodec.Read<ResyncPlan>(entry.Plan);
        var (waiting, counts, failures) = await store.CountResyncAsync(entry.Id, failuresMax, cancellationToken);

        // What the PACS holds without a report was never part of the work.
        var done = counts.Sum(c => Enum.Parse<ResyncOutcome>(c.Outcome) == ResyncOutcome.WithoutReport ? 0 : c.Studies);
        var unlisted = entry.IsListed ? 0 : Math.Max(0, entry.Estimated - done - waiting);
        var state = StateOf(entry);
        var isOver = state is ResyncState.Done or ResyncState.Cancelled;
        var remaining = isOver ? 0 : waiting + unlisted;
        var note = state == ResyncState.Running ? worker.Waiting : entry.Note.Length > 0 ? entry.Note : null;
        return new ResyncStatus(
            entry.Id, state, note, plan, entry.ChangedBy, entry.CreatedAt, entry.StartedAt, entry.EndedAt,
            done, Sum(ResyncOutcomes.IsChange), Sum(ResyncOutcomes.IsFailure), remaining,
            state == ResyncState.Running ? EndOf(plan, remaining) : null, counts, failures);

        long Sum(Func<ResyncOutcome, bool> belongs) =>
            counts.Where(c => belongs(Enum.Parse<ResyncOutcome>(c.Outcome))).Sum(c => c.Studies);
    }

    private async Task<(IReadOnlyList<ResyncDay> Days, string? Failure)> AskAsync(
        ResyncPlan plan, DateOnly from, DateOnly to, IReadOnlyList<ResyncDay> known,
        CancellationToken cancellationToken)
    {
        var all = new List<ResyncDay>();
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            var found = 0L;
            foreach (var one in pacs.All.Where(p => plan.Pacs is null || p.Name == plan.Pacs))
            {
                var answer = await days.ListAsync(
                    one, day,
                    (studies, _) =>
                    {
                        found += studies.Count;
                        return Task.CompletedTask;
                    },
                    cancellationToken);
                if (answer is not null) return ([], "The PACS could not be asked: " + answer.Failure);
            }

            var studies = known.FirstOrDefault(d => d.Day == day)?.Studies ?? 0;
            if (studies > 0 || found > 0) all.Add(new ResyncDay(day, studies, found));
        }

        return (all, null);
    }

    private DateTimeOffset? EndOf(ResyncPlan plan, long studies)
    {
        Invariant.Holds(WorkingHours.TryParse(plan.Hours, zone, out var hours));
        return hours.EndOf(time.GetUtcNow(), TimeSpan.FromMinutes((double)studies / plan.PerMinute));
    }

    private static ResyncState StateOf(ResyncEntry entry) => Enum.Parse<ResyncState>(entry.State);
}
