using System.Globalization;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Ris;

/// <summary>Two processes of a RIS over one flow, whose clocks are wrong.</summary>
[Requirement("reliability P7")]
public sealed class ClockSkewTests
{
    private const int Patience = 60_000;
    private const int ClockApart = 5113;
    private const int Reports = 4;

    /// <summary>A few in the gate, all of them in a campaign (<c>DRIMBOX_CAMPAIGN</c>).</summary>
    public static TheoryData<int, int, int, string?> Skews
    {
        get
        {
            var skews = new TheoryData<int, int, int, string?>
            {
                { 1440, -1440, 0, null },
                { 60, 0, -65, null },
                // Both changes of Europe/Paris: the hour that is there twice, and the one that is not there.
                { 0, 0, 0, "2026-10-25T00:59:59Z" },
            };
            if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "") return skews;
            skews.Add(0, 0, 0, "2027-03-28T00:59:59Z");
            skews.Add(60, -60, 0, null);
            skews.Add(0, 0, -5, null);
            return skews;
        }
    }

    /// <param name="first">Minutes that the clock of the first process is ahead.</param>
    /// <param name="second">The same of the second.</param>
    /// <param name="step">Minutes by which the first is set while reports are on their way.</param>
    /// <param name="at">What both show at the beginning, their skews beside; null: the right time.</param>
    [Theory(Timeout = Patience)]
    [MemberData(nameof(Skews))]
    public async Task Each_report_is_published_once_and_none_waits_for_a_clock(
        int first, int second, int step, string? at)
    {
        var leap = at is null ? TimeSpan.Zero : DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow;
        var clocks = new[] { first, second }
            .Select(minutes => new SkewedClock(TimeProvider.System, leap + TimeSpan.FromMinutes(minutes))).ToList();
        // What a VIHF bears of difference is another test's.
        await using var ris = await SkewedRis.StartAsync(options => options with { RequireVihf = false }, clocks);
        AddFaults(ris.Dmp.Faults);
        List<string> names = [.. await ris.ReportAsync(Reports)];
        clocks[0].Skew += TimeSpan.FromMinutes(step);
        names.AddRange(await ris.ReportAsync(Reports));

        for (var i = 0; i < 2; i++)
        {
            if ((i == 0 ? first : second) != 0 || at is not null) await ris.Logs[i].WhenAsync(ClockApart);
        }

        var attempts = await ris.AssertPublishedOnceAsync(names);
        Assert.Contains(attempts, count => count > 1);
    }

    [Theory(Timeout = Patience)]
    [InlineData(-60)]
    [InlineData(60)]
    public async Task A_VIHF_that_was_refused_for_its_dates_is_made_anew_and_the_document_is_not(int minutes)
    {
        var clock = new SkewedClock(TimeProvider.System, TimeSpan.FromMinutes(minutes));
        await using var ris = await SkewedRis.StartAsync(options => options, clock);
        var names = await ris.ReportAsync(2);
        while (ris.Recorder.Sent.Values.Count(attempts => attempts.Count > 1) < names.Count)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Empty(ris.Dmp.Submissions);

        clock.Skew = TimeSpan.Zero;

        var attempts = await ris.AssertPublishedOnceAsync(names);
        Assert.All(attempts, count => Assert.True(count > 1));
        Assert.Equal(names.Count, ris.Dmp.Submissions.Count);
    }

    [Fact(Timeout = Patience)]
    public async Task A_process_whose_dates_the_DMP_refuses_leaves_what_it_cannot_send_to_the_other()
    {
        await using var ris = await SkewedRis.StartAsync(
            options => options, new SkewedClock(TimeProvider.System, TimeSpan.FromHours(-1)), TimeProvider.System);
        await ris.AssertPublishedOnceAsync(await ris.ReportAsync(Reports));
    }

    private static void AddFaults(Faults faults)
    {
        FaultRule[] rules =
        [
            new(FaultKind.RegistryError, ErrorCode: "XDSRegistryBusy"),
            new(FaultKind.Reset, Moment: FaultMoment.AfterCommit),
            new(FaultKind.HttpStatus, Status: 503),
        ];
        foreach (var rule in rules) faults.Add(rule with { Probability = 0.2 });
    }
}
