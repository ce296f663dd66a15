using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Resynchronisation;
using Drimbox.Grains.Studies;
using Drimbox.Source.Studies;
using Drimbox.Storage;

namespace Drimbox.Source.Resynchronisation;

/// <summary>Lists the studies of a plan part by part: a day, or a page of all studies. No more than one part is ever
/// held, and a part is in the store as a whole or not at all.</summary>
internal sealed class ResyncListing(FlowStore store, StudyRegister register, PacsList pacs, PacsDay days)
{
    private const string DayFormat = "yyyyMMdd";

    private (long Run, string Cursor, int Attempts) _refused;

    /// <summary>Lists the next part of a run.</summary>
    /// <returns>Null, or why a PACS could not be asked: the part is still the next one.</returns>
    public async Task<PacsAnswer?> ListAsync(ResyncEntry run, ResyncPlan plan, CancellationToken cancellationToken)
    {
        if (plan.From is not null) return await ListDayAsync(run, plan, cancellationToken);
        var page = plan.Studies.Count > 0
            ? new ResyncPage([.. plan.Studies.Select(s => s.ToString())], [], null, "", IsLast: true)
            : await PageOfAllAsync(run.Cursor, cancellationToken);
        await store.AddResyncPageAsync(run.Id, run.Cursor, page, cancellationToken);
        return null;
    }

    // DB.SO.28: every study that the source knows of.
    private async Task<ResyncPage> PageOfAllAsync(string cursor, CancellationToken cancellationToken)
    {
        var studies = await register.ListAsync(
            cursor.Length == 0 ? null : Uid.Parse(cursor), Limits.ResyncPageMax, cancellationToken);
        var isLast = studies.Count < Limits.ResyncPageMax;
        return new ResyncPage(
            [.. studies.Select(s => s.ToString())], [], null, isLast ? cursor : studies[^1].ToString(), isLast);
    }

    /// <summary>What the reports say of the day, and what the PACS say of it: a study that has left the PACS is in the
    /// first alone, one whose date was corrected there in the second.</summary>
    private async Task<PacsAnswer?> ListDayAsync(ResyncEntry run, ResyncPlan plan, CancellationToken cancellationToken)
    {
        var day = run.Cursor.Length == 0
            ? plan.From!.Value
            : DateOnly.ParseExact(run.Cursor, DayFormat, CultureInfo.InvariantCulture);
        var known = (await register.ListDayAsync(day, cancellationToken)).ToHashSet();
        var others = new HashSet<Uid>();
        ResyncFailure? failure = null;
        foreach (var one in pacs.All.Where(p => plan.Pacs is null || p.Name == plan.Pacs))
        {
            var answer = await days.ListAsync(
                one, day,
                async (found, token) =>
                {
                    foreach (var study in found.Where(study => !known.Contains(study) && !others.Contains(study)))
                    {
                        var isReported = !(await register.GetAsync(study, token)).Reports.IsEmpty;
                        (isReported ? known : others).Add(study);
                    }
                },
                cancellationToken);
            if (answer is null) continue;
            if (answer.IsUnreached || !IsGivenUp(run)) return answer;
            failure = new ResyncFailure(
                day.ToString(DayFormat, CultureInfo.InvariantCulture), nameof(ResyncOutcome.DayNotListed));
        }

        await store.AddResyncPageAsync(
            run.Id, run.Cursor,
            new ResyncPage(
                [.. known.Select(s => s.ToString())],
                others.Count == 0 ? [] : [new ResyncCount(nameof(ResyncOutcome.WithoutReport), others.Count)],
                failure,
                day.AddDays(1).ToString(DayFormat, CultureInfo.InvariantCulture),
                IsLast: day == plan.To),
            cancellationToken);
        return null;
    }

    private bool IsGivenUp(ResyncEntry run)
    {
        var attempts = _refused.Run == run.Id && _refused.Cursor == run.Cursor ? _refused.Attempts + 1 : 1;
        _refused = (run.Id, run.Cursor, attempts);
        return attempts >= Limits.ResyncDayAttemptsMax;
    }
}
