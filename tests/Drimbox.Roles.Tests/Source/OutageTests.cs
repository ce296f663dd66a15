using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Outages;
using Drimbox.Core.Statistics;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;

namespace Drimbox.Tests.Source;

/// <summary>The PACS or the DMP is away for a day on which reports go on arriving: nothing is lost, everything is
/// caught up, and each cause is told once when it begins and once when it ends. Forty reports in every run;
/// <c>DRIMBOX_CAMPAIGN=N</c> for N, at random moments and with the clock in small steps.</summary>
public sealed class OutageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private static int? Campaign => int.TryParse(
        Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN"), CultureInfo.InvariantCulture, out var size)
        ? size
        : null;

    /// <summary>All in a campaign, and three that are the quickest in every run.</summary>
    public static TheoryData<PeerState, PeerState> Outages { get; } = Campaign is null
        ? new()
        {
            { PeerState.Refuses, PeerState.There },
            { PeerState.There, PeerState.Refuses },
            { PeerState.Hangs, PeerState.Hangs },
        }
        : new()
        {
            { PeerState.Refuses, PeerState.There },
            { PeerState.Hangs, PeerState.There },
            { PeerState.There, PeerState.Refuses },
            { PeerState.There, PeerState.Hangs },
            { PeerState.Refuses, PeerState.Refuses },
            { PeerState.Hangs, PeerState.Hangs },
        };

    [Theory]
    [MemberData(nameof(Outages))]
    [Requirement("DB.SO.21")]
    public async Task After_a_day_without_a_peer_each_study_has_its_manifest_and_each_cause_was_told_once(
        PeerState pacs, PeerState dmp)
    {
        var random = new Random(Seed.Get());
        var (reports, step) = (Campaign ?? 40, Campaign is null ? 30 : 1);
        await using var day = await OutageDay.StartAsync();
        await day.ReportAsync(0);
        await day.CatchUpAsync(TimeSpan.FromMinutes(1));
        (PeerState State, string Name)[] peers = [(pacs, "pacs"), (dmp, "dmp")];
        var away = peers.Where(peer => peer.State != PeerState.There).Select(peer => peer.Name).ToList();

        await day.BreakAsync(pacs, dmp);
        // The DMP is needed for this one, and the PACS is not.
        await day.HideAsync(0);
        var moments = Enumerable.Range(0, reports)
            .Select(i => Day * (Campaign is null ? (i + 0.5) / reports : random.NextDouble())).Order().ToList();
        var begin = day.Clock.GetUtcNow();
        for (var number = 1; number <= reports; number++)
        {
            if (begin + moments[number - 1] - day.Clock.GetUtcNow() is var wait && wait > TimeSpan.Zero)
                await day.PassAsync(wait, TimeSpan.FromMinutes(step));
            await day.ReportAsync(number);
            if (number % 5 == 0) await day.HideAsync(random.Next(1, number + 1));
            if (number % 7 == 0) await day.AddImageAsync(random.Next(1, number + 1));
            if (number == reports / 2) await day.RestartAsync();
        }

        if (begin + Day - day.Clock.GetUtcNow() is var rest && rest > TimeSpan.Zero)
            await day.PassAsync(rest, TimeSpan.FromMinutes(step));
        // While it lasts: what is away, and no study.
        var alerts = await day.Source.Node.ListAlertsAsync(cancellationToken: Token);
        Assert.Equal(away.Select(peer => new Outage(peer, begin).Text).Order(), alerts.Select(a => a.Reason).Order());
        Assert.All(alerts, a => Assert.Null(a.StudyInstanceUid));
        Assert.Equal((away.Count, 0), (day.CountOf(SourceEvents.OutageBegan), day.CountOf(SourceEvents.OutageEnded)));
        var waiting = await day.WaitingAsync();
        await day.MendAsync();
        var caughtUp = await day.CatchUpAsync(TimeSpan.FromMinutes(10));
        await day.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(10));

        await day.AssertManifestsAsync();
        Assert.Equal(
            (away.Count, away.Count), (day.CountOf(SourceEvents.OutageBegan), day.CountOf(SourceEvents.OutageEnded)));
        Assert.All(
            away,
            peer => Assert.Single(day.Log, text => text.Contains($"'{peer}' cannot be", StringComparison.Ordinal)));
        Assert.Equal(0, day.CountOf(SourceEvents.Withheld));
        Assert.Empty(await day.Source.Node.ListAlertsAsync(cancellationToken: Token));
        Assert.Equal(away.Order(), (await OutagesInAuditAsync(day)).Order());

        // A probe a minute at most, and what is in flight when it begins and at the restart.
        var attempts = await AttemptsAsync(day, pacs != PeerState.There, dmp != PeerState.There);
        Assert.InRange(attempts, away.Count * Limits.CircuitFailuresMax, away.Count * ((int)Day.TotalMinutes + 40));
        Assert.InRange(day.InFlightMax, 0, Limits.DispatchesInFlightMax);
        // No outage is a fault of a row; a stop or a clock that leaps may be one.
        Assert.All(waiting, row => Assert.Equal(OutboxState.Pending, row.State));
        Assert.InRange(waiting.Max(row => row.Faults), 0, 3);
        output.WriteLine(
            $"PACS {pacs}, DMP {dmp}: {reports} reports in a day, {waiting.Count} rows waited at its end, "
            + $"{attempts} attempts at what was away, {day.SilentCalls} of them hung, {day.InFlightMax} at once; "
            + $"caught up {caughtUp.TotalSeconds:0} s after the return");
    }

    private static async Task<int> AttemptsAsync(OutageDay day, bool pacs, bool dmp)
    {
        var from = DateOnly.FromDateTime(OutageDay.Begin.UtcDateTime).AddDays(-1);
        var counted = await day.Source.Node.ListStatisticsAsync(from, from.AddDays(4), Token);
        return (int)counted
            .Where(c => (pacs && c.Subject == StatisticSubject.PacsQueries)
                || (dmp && c.Subject.StartsWith(StatisticSubject.Dmp, StringComparison.Ordinal)))
            .Sum(c => c.Calls - c.Successes);
    }

    private static async Task<IReadOnlyList<string>> OutagesInAuditAsync(OutageDay day)
    {
        var found = new List<string>();
        await foreach (var row in day.Source.Node.Audit.ReadAllAsync(Token))
        {
            found.AddRange(((string[])["pacs", "dmp"]).Where(peer =>
                row.OutcomeDescription() == new Outage(peer, default).Text));
        }

        return found;
    }
}
