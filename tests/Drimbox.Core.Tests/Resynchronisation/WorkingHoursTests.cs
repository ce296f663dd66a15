using Drimbox.Core.Resynchronisation;

namespace Drimbox.Tests.Resynchronisation;

/// <summary>When a resynchronisation goes on.</summary>
[Requirement("DB.SO.28")]
public sealed class WorkingHoursTests
{
    private static readonly TimeZoneInfo Paris = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");

    [Theory]
    [InlineData("", "2026-11-02T12:00:00Z", true)]
    [InlineData("20:00-06:00", "2026-11-02T19:00:00Z", true)]
    [InlineData("20:00-06:00", "2026-11-02T18:59:59Z", false)]
    [InlineData("20:00-06:00", "2026-11-03T04:59:59Z", true)]
    [InlineData("20:00-06:00", "2026-11-03T05:00:00Z", false)]
    // Summer: the clock of the site is two hours ahead.
    [InlineData("20:00-06:00", "2026-07-02T18:00:00Z", true)]
    [InlineData("12:00-13:00, 20:00-24:00", "2026-11-02T11:30:00Z", true)]
    [InlineData("12:00-13:00, 20:00-24:00", "2026-11-02T12:00:00Z", false)]
    [InlineData("12:00-13:00, 20:00-24:00", "2026-11-02T22:59:00Z", true)]
    [InlineData("12:00-13:00, 20:00-24:00", "2026-11-02T23:00:00Z", false)]
    [InlineData("00:00-00:00", "2026-11-02T11:30:00Z", true)]
    public void The_hours_are_those_of_the_clock_on_the_wall_of_the_site(string text, string at, bool expected) =>
        Assert.Equal(expected, Hours(text).IsOpen(At(at)));

    [Theory]
    [InlineData("20:00")]
    [InlineData("8-10")]
    [InlineData("20:00-25:00")]
    [InlineData("20:00-06:00-08:00")]
    [InlineData("20:00–06:00")]
    public void What_is_no_range_is_refused(string text) =>
        Assert.False(WorkingHours.TryParse(text, Paris, out _));

    [Theory]
    [InlineData("20:00-06:00", "2026-11-02T12:00:00Z", "2026-11-02T19:00:00Z")]
    [InlineData("20:00-06:00", "2026-11-02T22:15:30Z", "2026-11-02T22:15:30Z")]
    // The night in which 02:00 to 03:00 is not there: the range opens where the hour ends.
    [InlineData("02:00-03:00", "2026-03-28T12:00:00Z", "2026-03-30T00:00:00Z")]
    public void The_next_opening_is_found(string text, string from, string expected) =>
        Assert.Equal(At(expected), Hours(text).NextOpening(At(from)));

    [Theory]
    [InlineData("", "2026-11-02T12:00:00Z", 90, "2026-11-02T13:30:00Z")]
    [InlineData("20:00-06:00", "2026-11-02T12:00:00Z", 60, "2026-11-02T20:00:00Z")]
    // Ten hours a night: the eleventh is in the next one.
    [InlineData("20:00-06:00", "2026-11-02T12:00:00Z", 11 * 60, "2026-11-03T20:00:00Z")]
    [InlineData("20:00-06:00", "2026-11-03T04:30:00Z", 60, "2026-11-03T19:30:00Z")]
    public void Work_rests_outside_the_hours(string text, string from, int minutes, string expected) =>
        Assert.Equal(At(expected), Hours(text).EndOf(At(from), TimeSpan.FromMinutes(minutes)));

    [Fact]
    public void An_end_that_is_more_than_two_years_away_is_none()
    {
        Assert.Null(Hours("20:00-20:01").EndOf(At("2026-11-02T12:00:00Z"), TimeSpan.FromMinutes(800)));
        Assert.Null(Hours("").EndOf(At("2026-11-02T12:00:00Z"), TimeSpan.FromDays(800)));
    }

    private static WorkingHours Hours(string text)
    {
        Assert.True(WorkingHours.TryParse(text, Paris, out var hours));
        return hours;
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(
        text, System.Globalization.CultureInfo.InvariantCulture);
}
