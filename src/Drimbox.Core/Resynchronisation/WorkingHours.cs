using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drimbox.Core.Resynchronisation;

/// <summary>A range of the day. One whose end is not after its begin goes over midnight; equal ends are a whole
/// day.</summary>
public readonly record struct HourRange(TimeOnly From, TimeOnly To)
{
    public bool Contains(TimeOnly time) =>
        From < To ? time >= From && time < To : time >= From || time < To;
}

/// <summary>When work may go on that is suspended otherwise (DB.SO.28), on the clock of the site: <c>20:00-06:00</c>,
/// several ranges with commas between them. None is always.</summary>
public sealed class WorkingHours
{
    private const int RangesMax = 8;

    private readonly HourRange[] _ranges;
    private readonly TimeZoneInfo _zone;

    private WorkingHours(HourRange[] ranges, TimeZoneInfo zone) => (_ranges, _zone) = (ranges, zone);

    /// <summary>Reads ranges; an empty text is always.</summary>
    /// <param name="zone">Of the site.</param>
    public static bool TryParse(string text, TimeZoneInfo zone, [NotNullWhen(true)] out WorkingHours? hours)
    {
        hours = null;
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > RangesMax) return false;
        var ranges = new List<HourRange>();
        foreach (var part in parts)
        {
            var ends = part.Split('-', StringSplitOptions.TrimEntries);
            if (ends.Length != 2 || !TryReadTime(ends[0], out var from) || !TryReadTime(ends[1], out var to))
                return false;
            ranges.Add(new HourRange(from, to));
        }

        hours = new WorkingHours([.. ranges], zone);
        return true;
    }

    public bool IsOpen(DateTimeOffset now)
    {
        if (_ranges.Length == 0) return true;
        var time = TimeOnly.FromTimeSpan(TimeZoneInfo.ConvertTime(now, _zone).TimeOfDay);
        return Array.Exists(_ranges, range => range.Contains(time));
    }

    /// <summary>The first minute from <paramref name="now"/> on that is open; now, if it is.</summary>
    public DateTimeOffset NextOpening(DateTimeOffset now)
    {
        // By the minute: what a change of the clock does to a range needs no rule of its own. Every range is met
        // within the two days that it takes at most.
        var at = now;
        for (var minutes = 0; !IsOpen(at) && minutes < 2 * 24 * 60; minutes++) at = NextMinute(at);
        return at;
    }

    /// <summary>When work that takes <paramref name="work"/> is done if it begins now and rests outside the hours; null
    /// after more than two years.</summary>
    public DateTimeOffset? EndOf(DateTimeOffset now, TimeSpan work)
    {
        if (work > TimeSpan.FromDays(731)) return null;
        if (_ranges.Length == 0) return now + work;
        var end = now + TimeSpan.FromDays(731);
        for (var at = now; at < end; at = NextMinute(at))
        {
            if (!IsOpen(at)) continue;
            var open = NextMinute(at) - at;
            if (work <= open) return at + work;
            work -= open;
        }

        return null;
    }

    private static DateTimeOffset NextMinute(DateTimeOffset at) =>
        new(at.Ticks - (at.Ticks % TimeSpan.TicksPerMinute) + TimeSpan.TicksPerMinute, at.Offset);

    // 24:00 ends a day as 00:00 does.
    private static bool TryReadTime(string text, out TimeOnly time)
    {
        if (text != "24:00")
            return TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
        time = TimeOnly.MinValue;
        return true;
    }
}
