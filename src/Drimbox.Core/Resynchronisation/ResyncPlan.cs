using Drimbox.Core.Identity;

namespace Drimbox.Core.Resynchronisation;

/// <summary>How far a resynchronisation has come.</summary>
public enum ResyncState
{
    /// <summary>It waits for somebody to start it.</summary>
    Planned,
    Running,

    /// <summary>By a person, or by itself: see its note.</summary>
    Paused,
    Done,
    Cancelled,
}

/// <summary>What a resynchronisation goes through (DB.SO.28), and how fast.</summary>
/// <param name="From">First day of the examinations; null with <paramref name="To"/>: every study of which a report was
/// received.</param>
/// <param name="To">Last day.</param>
/// <param name="Studies">These alone; then there are no days.</param>
/// <param name="Pacs">Only this one, of several; null: all.</param>
/// <param name="PerMinute">Studies that the PACS is asked about in a minute.</param>
/// <param name="Hours">When it goes on, as <see cref="WorkingHours"/> reads it; empty: always.</param>
/// <param name="AllowAbsent">It goes on however many studies in a row are no longer in the PACS.</param>
public sealed record ResyncPlan(
    DateOnly? From,
    DateOnly? To,
    IReadOnlyList<Uid> Studies,
    string? Pacs,
    int PerMinute,
    string Hours,
    bool AllowAbsent)
{
    /// <summary>From one study to the next.</summary>
    public TimeSpan Pace => TimeSpan.FromMinutes(1) / PerMinute;

    /// <summary>What of the plan cannot be, or null.</summary>
    /// <param name="pacs">The names of the PACS that there are.</param>
    public Refusal? Check(IReadOnlyCollection<string> pacs, TimeZoneInfo zone)
    {
        if (From is null != To is null || From > To)
            return Wrong("A range of days has a first and a last one, in this order.", "from");
        if (From is not null && Studies.Count > 0) return Wrong("Either days or studies.", "studies");
        if (To is { } last && last.DayNumber - From!.Value.DayNumber >= Limits.ResyncDaysMax)
            return new Refusal(RefusalReason.OverLimit, $"At most {Limits.ResyncDaysMax} days.", "to");
        if (Studies.Count > Limits.StudiesListedMax)
            return new Refusal(RefusalReason.OverLimit, $"At most {Limits.StudiesListedMax} studies.", "studies");
        if (PerMinute is < 1 or > Limits.ResyncPerMinuteMax)
            return Wrong($"perMinute is between 1 and {Limits.ResyncPerMinuteMax}.", "perMinute");
        if (!WorkingHours.TryParse(Hours, zone, out _)) return Wrong("hours are written as 20:00-06:00.", "hours");
        return Pacs is null || pacs.Contains(Pacs)
            ? null
            : new Refusal(RefusalReason.UnknownTarget, "No PACS of this source has this name.", "pacs");
    }

    private static Refusal Wrong(string detail, string location) => new(RefusalReason.TableValue, detail, location);
}
