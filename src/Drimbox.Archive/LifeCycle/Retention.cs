using Drimbox.Core;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>A study that the rules of retention give up.</summary>
/// <param name="Hold">Why it stays all the same; null: it goes.</param>
public sealed record PurgeCandidate(StudyFacts Study, string Why, RemovalHold? Hold);

/// <summary>What a purge would do.</summary>
/// <param name="Bytes">Of the studies that go.</param>
/// <param name="IsCut">There are more than are listed; they follow in the next purge.</param>
public sealed record PurgePlan(IReadOnlyList<PurgeCandidate> Candidates, long Bytes, bool IsCut);

/// <summary>Plans and carries out the rules of retention.</summary>
internal sealed class Retention(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    ArchiveIndex index,
    Removals removals,
    DiskWatch disk,
    ILogger log)
{
    private const int PageRows = 256;

    /// <summary>Reads all studies, a page after the other, and keeps the least recently used that are due.</summary>
    public async Task<PurgePlan> PlanAsync(CancellationToken cancellationToken)
    {
        var rules = options.Retention;
        var wanted = long.MaxValue;
        if (rules.FreePercentTarget is { } percent)
        {
            disk.Look();
            wanted = (long)(disk.State.TotalBytes * (percent / 100)) - disk.State.FreeBytes;
        }

        if (!rules.Purges || wanted <= 0) return new PurgePlan([], 0, IsCut: false);
        var now = surroundings.Time.GetUtcNow();
        // The most recently used comes out first, so that the others stay.
        var due = new PriorityQueue<(StudyFacts Study, string Why), int>();
        var isCut = false;
        long after = 0;
        while (await index.ListFactsAsync(after, PageRows, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var study in page)
            {
                var verdict = RetentionRules.Judge(study, rules, now);
                if (!verdict.IsDue) continue;
                due.Enqueue((study, verdict.Why), -RetentionRules.LastUseOf(study).DayNumber);
                if (due.Count <= Limits.PurgeStudiesMax) continue;
                due.Dequeue();
                isCut = true;
            }

            after = page[^1].RowId;
        }

        var oldestFirst = new List<(StudyFacts Study, string Why)>();
        while (due.TryDequeue(out var study, out _)) oldestFirst.Add(study);
        oldestFirst.Reverse();
        return await FillAsync(oldestFirst, wanted, isCut, cancellationToken);
    }

    /// <summary>Carries out what <see cref="PlanAsync"/> says now.</summary>
    public async Task<PurgePlan> PurgeAsync(CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(cancellationToken);
        var (gone, bytes) = (0, 0L);
        foreach (var candidate in plan.Candidates.Where(candidate => candidate.Hold is null))
        {
            if (await removals.PurgeAsync(candidate.Study, candidate.Why, cancellationToken) is not RemovalResult.Done)
                continue;
            gone++;
            bytes += candidate.Study.Bytes;
        }

        if (gone == 0) return plan;
        LifeCycleLog.PurgeDone(log, options.NodeId, gone, bytes);
        disk.Look();
        return plan;
    }

    private async Task<PurgePlan> FillAsync(
        List<(StudyFacts Study, string Why)> due, long wanted, bool isCut, CancellationToken cancellationToken)
    {
        var candidates = new List<PurgeCandidate>();
        long bytes = 0;
        foreach (var (study, why) in due)
        {
            if (bytes >= wanted) break;
            var hold = await index.FindHoldAsync(study.StudyInstanceUid, cancellationToken);
            candidates.Add(new PurgeCandidate(study, why, hold));
            if (hold is null) bytes += study.Bytes;
        }

        return new PurgePlan(candidates, bytes, isCut);
    }
}
