using System.Diagnostics;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Reports;
using Drimbox.Storage;
using Drimbox.Tests.Dmp;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Ris;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign P1: a RIS publishes to a DMP that misbehaves three times in ten, in every way that it knows, on a
/// clock that is sixty times faster. Of the submissions six in ten are first versions, three replace one, one changes
/// or withdraws one.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P1")]
public sealed class PublicationCampaignTests(ITestOutputHelper output)
{
    private const double FaultShare = 0.3;
    private const double ClockFactor = 60;

    /// <summary>Submissions that wait at once: what is behind more of them waits for its turn and not for its
    /// backoff.</summary>
    private const int OutstandingMax = 48;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_version_is_in_the_DMP_once_whatever_the_DMP_does()
    {
        Campaign.RequireHarm();
        var seed = Seed.Get();
        var count = Campaign.Size(small: 400, large: 20_000);
        var clock = new FastClock(ClockFactor);
        RecordingDmp? recorder = null;
        await using var ris = await PublishingRis.StartAsync(
            options => options with { Source = null, Creator = null }, dmp => dmp with { Seed = seed }, clock,
            async behind => (recorder = await RecordingDmp.StartAsync(behind, Token)).Target);
        await using var recording = recorder!;
        AddFaults(ris.Dmp.Faults);
        var watch = Stopwatch.StartNew();
        var (first, second) = (count * 6 / 10, count * 3 / 10);
        var sent = 0;

        await SendAllAsync(ris, Enumerable.Range(0, first).Select(i => PublishingRis.Mdm($"A{i}")), () => sent++);
        await FinishedAsync(ris, clock);
        await SendAllAsync(
            ris, Enumerable.Range(0, second).Select(i => PublishingRis.Mdm($"B{i}", $"A{i}")), () => sent++);
        await FinishedAsync(ris, clock);
        for (var i = sent; i < count; i++)
        {
            var name = i % 2 == 0 ? $"B{i % second}" : $"A{second + (i % (first - second))}";
            await OutstandingAsync(ris, sent++);
            if (i % 4 < 2) await ris.TakesAsync(Deletion(name));
            else await HideAsync(ris, name);
        }

        await FinishedAsync(ris, clock);
        watch.Stop();

        await AssertRegistryAsync(ris, first, second);
        AssertRecording(recording, ris);
        var attempts = recording.Sent.Values.Sum(s => s.Count);
        output.WriteLine(
            $"{recording.Sent.Count} submissions, {attempts} times sent, {recording.Queries} queries, in "
            + $"{watch.Elapsed.TotalSeconds:F0} s: each effective once, 0 stuck, 0 changed bytes");
    }

    private static byte[] Deletion(string name) =>
        SourceReports.Mdm(
            $"D-{name}", ReportAction.Delete,
            SourceReports.Report(name, name[0] == 'B' ? $"A{name[1..]}" : null));

    /// <summary>One of thirteen misfortunes each, so that together they are the share that is asked for.</summary>
    private static void AddFaults(Faults faults)
    {
        FaultRule[] rules =
        [
            new(FaultKind.Delay, DelayMilliseconds: 2_000),
            // Slower than the patience of the caller: it takes effect after it was given up.
            new(FaultKind.Delay, DelayMilliseconds: 63_000),
            new(FaultKind.NoAnswer),
            new(FaultKind.NoAnswer, Moment: FaultMoment.AfterCommit),
            new(FaultKind.Reset),
            new(FaultKind.Reset, Moment: FaultMoment.AfterCommit),
            new(FaultKind.ResetMidResponse, Moment: FaultMoment.AfterCommit),
            new(FaultKind.HttpStatus, Status: 503),
            new(FaultKind.HttpStatus, Moment: FaultMoment.AfterCommit, Status: 502),
            new(FaultKind.RegistryError, ErrorCode: "XDSRegistryBusy"),
            new(FaultKind.RegistryError, ErrorCode: "XDSDuplicateUniqueIdInRegistry"),
            new(FaultKind.SoapFault, Moment: FaultMoment.AfterCommit),
            new(FaultKind.MalformedMtom, Moment: FaultMoment.AfterCommit),
        ];
        var each = 1 - Math.Pow(1 - FaultShare, 1.0 / rules.Length);
        foreach (var rule in rules) faults.Add(rule with { Probability = each });
    }

    private static async Task SendAllAsync(PublishingRis ris, IEnumerable<byte[]> messages, Func<int> sent)
    {
        foreach (var message in messages)
        {
            await OutstandingAsync(ris, sent());
            // The sender's side of the same rule: until it is acknowledged, the same bytes again.
            var port = ris.Node.Hl7EndPoint.Port;
            var ack = await MllpWire.SendAsync(port, message, Token) ?? await MllpWire.SendAsync(port, message, Token);
            Assert.Equal("AA", ack!["MSA", 1]);
        }
    }

    private static async Task HideAsync(PublishingRis ris, string name)
    {
        var report = await ris.Node.FindReportAsync(SourceReports.Document(name), Token);
        var reply = await ris.Node.ChangeVisibilityAsync(report!.Value, Visibility.InvisibleToPatient, "alice", Token);
        Assert.Null(reply.Refusal);
    }

    private static async Task OutstandingAsync(PublishingRis ris, int sent)
    {
        while (sent - ris.Dmp.Submissions.Count > OutstandingMax) await Task.Delay(10, Token);
    }

    /// <summary>Everything ends; a row that did not get through waits no longer than the cap.</summary>
    private static async Task FinishedAsync(PublishingRis ris, TimeProvider clock)
    {
        var begin = clock.GetTimestamp();
        while (true)
        {
            var waiting = await ris.Node.ListOutboxAsync(
                new OutboxFilter([OutboxState.Pending], Kind: ReportGrain.SubmissionKind, Max: 200), Token);
            if (waiting.Count == 0) break;
            var latest = clock.GetUtcNow() + Limits.RetryDelayMax + TimeSpan.FromSeconds(1);
            Assert.All(waiting, row => Assert.True(row.DueAt <= latest, $"row {row.Id} waits beyond the cap"));
            Assert.True(
                clock.GetElapsedTime(begin) < Limits.RetryDelayMax * 8,
                $"{waiting.Count} stuck: {string.Join(", ", waiting.Select(r => $"{r.LastOutcome} {r.LastDetail}"))}");
            await Task.Delay(250, Token);
        }

        Assert.Empty(await ris.Node.ListOutboxAsync(
            new OutboxFilter([OutboxState.Quarantined, OutboxState.Stale]), Token));
    }

    private static async Task AssertRegistryAsync(PublishingRis ris, int first, int second)
    {
        var entries = (await ris.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToLookup(d => d.UniqueId.Extension!);
        var names = Enumerable.Range(0, first).Select(i => $"A{i}")
            .Concat(Enumerable.Range(0, second).Select(i => $"B{i}")).ToList();
        Assert.Equal(names.Order(StringComparer.Ordinal), entries.Select(e => e.Key).Order(StringComparer.Ordinal));
        foreach (var name in names)
        {
            Assert.Single(entries[name], entry => entry.Version == 1);
            var state = await ris.StateAsync(name);
            Assert.Empty(state.Publication.InFlight);
            var wanted = state.Wanted?.UniqueId.Extension == name;
            var approved = entries[name].Where(entry => entry.Status == AvailabilityStatus.Approved).ToList();
            Assert.Equal(wanted ? 1 : 0, approved.Count);
            if (wanted)
            {
                Assert.Equal(
                    state.Visibility.HasFlag(Visibility.InvisibleToPatient),
                    approved[0].ConfidentialityCodes.Contains("INVISIBLE_PATIENT"));
            }
        }
    }

    private static void AssertRecording(RecordingDmp recording, PublishingRis ris)
    {
        foreach (var (set, attempts) in recording.Sent)
            Assert.True(attempts.Distinct().Count() == 1, $"{set}: {attempts.Distinct().Count()} different requests");
        var effective = ris.Dmp.Submissions.Select(s => s.SubmissionSetUniqueId).ToList();
        Assert.Equal(effective.Count, effective.Distinct().Count());
        Assert.Equal(recording.Sent.Keys.Order(StringComparer.Ordinal), effective.Order(StringComparer.Ordinal));
        // Without repetitions nothing was shown.
        Assert.True(recording.Sent.Values.Sum(s => s.Count) > recording.Sent.Count);
    }
}
