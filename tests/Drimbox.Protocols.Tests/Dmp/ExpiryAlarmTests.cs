using Drimbox.Dmp.Trust;

namespace Drimbox.Tests.Dmp;

/// <summary>The alarms before a certificate of a structure ends.</summary>
public sealed class ExpiryAlarmTests
{
    private static readonly DateTimeOffset End = new(2027, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(91, null)]
    [InlineData(90, 90)]
    [InlineData(61, 90)]
    [InlineData(60, 60)]
    [InlineData(30, 30)]
    [InlineData(15, 30)]
    [InlineData(14, 14)]
    [InlineData(7, 7)]
    [InlineData(2, 7)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(-100, 0)]
    public void The_alarm_is_the_nearest_that_was_passed(int daysLeft, int? alarm) =>
        Assert.Equal(alarm, Expiry("t").AlarmAt(End.AddDays(-daysLeft)));

    [Fact]
    public void Over_a_year_each_alarm_is_said_once()
    {
        var alarms = new ExpiryAlarms();
        var said = new List<int>();
        for (var now = End.AddDays(-365); now < End.AddDays(5); now = now.AddHours(1))
            said.AddRange(alarms.Due([Expiry("t")], now).Select(due => due.DaysLeft));

        Assert.Equal([90, 60, 30, 14, 7, 1, 0], said);
    }

    [Fact]
    public void A_start_says_what_stands_and_each_certificate_speaks_for_itself()
    {
        var alarms = new ExpiryAlarms();
        var (auth, sign) = (Expiry("a", "auth"), Expiry("s", "sign") with { NotAfter = End.AddDays(50) });

        Assert.Equal([(auth, 14), (sign, 60)], alarms.Due([auth, sign], End.AddDays(-10)));
        Assert.Empty(alarms.Due([auth, sign], End.AddDays(-9)));

        // A renewed one is silent, and its own alarms come in their time.
        var renewed = auth with { Thumbprint = "b", NotAfter = End.AddYears(3) };
        Assert.Empty(alarms.Due([renewed, sign], End.AddDays(-8)));
        Assert.Equal([(renewed, 90)], alarms.Due([renewed], End.AddYears(3).AddDays(-80)));
    }

    private static CertificateExpiry Expiry(string thumbprint, string use = "auth") => new("300017985", use, thumbprint, End);
}
