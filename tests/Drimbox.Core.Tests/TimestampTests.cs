using Drimbox.Core;

namespace Drimbox.Tests;

public sealed class TimestampTests
{
    private static TimeZoneInfo Paris { get; } = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");

    [Theory]
    [InlineData("2024", TimestampPrecision.Year)]
    [InlineData("202403", TimestampPrecision.Month)]
    [InlineData("20240229", TimestampPrecision.Day)]
    [InlineData("2024031410", TimestampPrecision.Hour)]
    [InlineData("202403141015", TimestampPrecision.Minute)]
    [InlineData("20240314101559", TimestampPrecision.Second)]
    [InlineData("20240314101559.8", TimestampPrecision.Second)]
    [InlineData("20240314101559.827+0100", TimestampPrecision.Second)]
    [InlineData("20240314101559.123456789-0330", TimestampPrecision.Second)]
    [InlineData("202403141015+1400", TimestampPrecision.Minute)]
    public void A_timestamp_says_how_precise_it_is(string text, TimestampPrecision precision)
    {
        Assert.True(Timestamp.TryParse(text, out var timestamp));
        Assert.Equal(precision, timestamp.Precision);
        Assert.Equal(text, timestamp.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("24")]
    [InlineData("20240")]
    [InlineData("2024031")]
    [InlineData("00000101")]
    [InlineData("20240230")]
    [InlineData("20241301")]
    [InlineData("2024031424")]
    [InlineData("202403141060")]
    [InlineData("20240314101560")]
    [InlineData("202403141015.5")] // a fraction belongs to seconds
    [InlineData("20240314101559.")]
    [InlineData("20240314101559.1234567890")]
    [InlineData("20240314101559+01")]
    [InlineData("20240314101559+01:00")]
    [InlineData("20240314101559+1500")]
    [InlineData("20240314101559+0160")]
    [InlineData("20240314101559Z")]
    [InlineData("2024-03-14")]
    [InlineData(" 20240314")]
    [InlineData("２０２４")] // digits, but not ASCII ones
    [InlineData("20240314101559.000000000000000000000000000000000000")]
    public void What_hl7_does_not_allow_is_no_timestamp(string? text) => Assert.False(Timestamp.TryParse(text, out _));

    [Theory]
    [InlineData("20240314101500+0100", "20240314091500")]
    [InlineData("20240101003000.9+0100", "20231231233000")]
    [InlineData("202403141015-0330", "202403141345")]
    [InlineData("2024031410+0200", "2024031408")]
    [InlineData("2024031410+0530", "202403140430")] // half an hour cannot be written in hours
    [InlineData("20240314101500+0000", "20240314101500")]
    [InlineData("20240314+0100", "20240314")] // a date stays that date
    [InlineData("2024", "2024")]
    public void The_offset_leads_to_utc_at_the_same_precision(string text, string expected) =>
        Assert.Equal(expected, Timestamp.Parse(text).ToUtc(null));

    [Theory]
    [InlineData("20240314101500", "20240314091500")] // winter
    [InlineData("20240714101500", "20240714081500")] // summer
    [InlineData("20240331023000", "20240331013000")] // the hour that the spring leaves out
    [InlineData("20240314101500+0000", "20240314101500")] // an offset wins over the zone
    public void A_configured_zone_serves_where_no_offset_is_written(string text, string expected) =>
        Assert.Equal(expected, Timestamp.Parse(text).ToUtc(Paris));

    [Theory]
    [InlineData("20240314101500")]
    [InlineData("00010101000000+0100")]
    [InlineData("99991231235959-0100")]
    public void Without_offset_and_zone_or_outside_the_calendar_there_is_no_utc(string text) =>
        Assert.Null(Timestamp.Parse(text).ToUtc(null));

    [Theory]
    [InlineData("2024-03-14T10:15:59.9+01:00", "20240314101559+0100")]
    [InlineData("2024-03-14T10:15:59-03:30", "20240314101559-0330")]
    public void An_instant_becomes_a_timestamp_with_its_offset(string instant, string expected) =>
        Assert.Equal(expected, Timestamp.From(DateTimeOffset.Parse(instant)).ToString());
}
