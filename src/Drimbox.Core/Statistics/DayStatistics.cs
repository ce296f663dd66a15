using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Statistics;

/// <summary>What a DRIMbox source counts (DB.SO.87). The columns of the national table 8 were not found: these are the
/// calls and their ends at each of its doors.</summary>
public static class StatisticSubject
{
    /// <summary>Messages at the HL7 door; the cause of an error is the acknowledgement code and the reason.</summary>
    public const string Messages = "hl7.messages";

    /// <summary>Studies that the PACS was asked about by C-FIND.</summary>
    public const string PacsQueries = "pacs.queries";

    /// <summary>Series that the PACS was asked for by C-MOVE.</summary>
    public const string PacsRetrievals = "pacs.retrievals";

    /// <summary>Attempts at a submission to the DMP, by what it does: <c>dmp.publish</c>.</summary>
    public const string Dmp = "dmp.";

    /// <summary>Requests of other DRIMboxes for the images of a series.</summary>
    public const string Images = "images.requests";

    /// <summary>From the receipt of a report to the first manifest after it that is Approved in the DMP: a duration.
    /// </summary>
    public const string ReportToDmp = "report-to-dmp";
}

/// <summary>A count of one day.</summary>
/// <param name="Day">At the site.</param>
/// <param name="Cause">Empty for a success; for a duration its bucket.</param>
public sealed record StatisticCount(DateOnly Day, string Subject, string Cause, long Count);

/// <summary>Errors of one cause.</summary>
public sealed record ErrorCount(string Cause, long Count);

/// <summary>One subject on one day.</summary>
/// <param name="Calls">Successes and errors; for a duration, how many were measured.</param>
/// <param name="Errors">The most frequent first.</param>
/// <param name="P50">Seconds that half of the durations stayed below; null for what is no duration.</param>
public sealed record DayStatistics(
    DateOnly Day,
    string Subject,
    long Calls,
    long Successes,
    IReadOnlyList<ErrorCount> Errors,
    double? P50,
    double? P95,
    double? P99)
{
    /// <summary>By day and subject, in their order.</summary>
    public static IReadOnlyList<DayStatistics> Of(IEnumerable<StatisticCount> counts) =>
        [.. counts.GroupBy(c => (c.Day, c.Subject)).OrderBy(g => g.Key.Day)
            .ThenBy(g => g.Key.Subject, StringComparer.Ordinal).Select(g => Of(g.Key.Day, g.Key.Subject, [.. g]))];

    private static DayStatistics Of(DateOnly day, string subject, List<StatisticCount> counts)
    {
        var calls = counts.Sum(c => c.Count);
        if (subject == StatisticSubject.ReportToDmp)
        {
            var buckets = counts.ConvertAll(c => (Index: int.Parse(c.Cause, CultureInfo.InvariantCulture), c.Count));
            buckets.Sort();
            return new DayStatistics(
                day, subject, calls, calls, [], DurationBuckets.Quantile(buckets, 0.5),
                DurationBuckets.Quantile(buckets, 0.95), DurationBuckets.Quantile(buckets, 0.99));
        }

        var errors = counts.FindAll(c => c.Cause.Length > 0).OrderByDescending(c => c.Count)
            .ThenBy(c => c.Cause, StringComparer.Ordinal).Select(c => new ErrorCount(c.Cause, c.Count)).ToList();
        return new DayStatistics(day, subject, calls, calls - errors.Sum(e => e.Count), errors, null, null, null);
    }
}

/// <summary>How long a report waited for its images in the DMP.</summary>
public static class ReportDelay
{
    /// <summary>The time from the newest report of a study to now, where the manifest that has just become Approved is
    /// the first one after that report; null for one that another cause brought.</summary>
    public static TimeSpan? Of(Uid study, StudyState state, InstanceIdentifier manifest, DateTimeOffset now)
    {
        var index = state.Manifests.FindIndex(m => m.UniqueId == manifest);
        if (index < 0 || state.ActiveReports(study) is not { Count: > 0 } reports) return null;
        var received = reports.Max(r => r.RecordedAt);
        if (state.Manifests[index].CreatedAt < received) return null;
        if (index > 0 && state.Manifests[index - 1].CreatedAt >= received) return null;
        return now - received;
    }
}
