using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;
using Drimbox.Storage;

namespace Drimbox.Grains.Studies;

/// <content>The studies by the day of their examination, as their reports say it.</content>
public sealed partial class StudyRegister
{
    private string DayKind => $"{_parts.Node}/day";

    /// <summary>The studies whose reports say that they were made on a day, in the order of their UIDs.</summary>
    public async Task<IReadOnlyList<Uid>> ListDayAsync(DateOnly day, CancellationToken cancellation) =>
        [.. (await _parts.Store.FindLinksAsync(DayKind, KeyOf(day), int.MaxValue, cancellation)).Select(uid => Uid.Parse(uid))];

    /// <summary>How many studies each day has; a day without any is not there.</summary>
    public async Task<IReadOnlyList<(DateOnly Day, long Studies)>> CountDaysAsync(
        DateOnly from, DateOnly to, CancellationToken cancellation) =>
        [.. (await _parts.Store.CountLinksAsync(DayKind, KeyOf(from), KeyOf(to), cancellation)).Select(
            count => (DateOnly.ParseExact(count.Key, "yyyyMMdd", CultureInfo.InvariantCulture), count.Targets))];

    private static string KeyOf(DateOnly day) => day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <summary>On the clock of the site, as it was written; the day of the document where the examination has
    /// none.</summary>
    private static DateOnly? DayOf(Uid study, StudyReport report)
    {
        var start = report.Header.ServiceEvents.FirstOrDefault(e => e.StudyInstanceUid == study)?.Start;
        return Timestamp.TryParse(start, out var time) || Timestamp.TryParse(report.Header.EffectiveTime, out time)
            ? DateOnly.FromDateTime(time.Local)
            : null;
    }

    /// <summary>What the days of a study's reports lead to it by.</summary>
    private IEnumerable<LinkRow> DaysIn(Uid study, IEnumerable<StudyEvent> events) =>
        events.OfType<ReportCopyReceived>().Select(e => DayOf(study, e.Report)).OfType<DateOnly>().Distinct()
            .Select(day => new LinkRow(DayKind, KeyOf(day), study.ToString()));
}
