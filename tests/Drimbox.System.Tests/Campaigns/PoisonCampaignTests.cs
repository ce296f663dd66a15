using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Reports;
using Drimbox.Storage;
using Drimbox.Tests.Dmp;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Ris;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign P8: documents that can never be published among many that can: half of them are answered with an
/// error without a reason each time, half have lost their bytes, so that the handler throws.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P8")]
public sealed class PoisonCampaignTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Poison_is_put_aside_after_ten_attempts_and_all_others_go_on()
    {
        Campaign.RequireHarm();
        var good = Campaign.Size(small: 60, large: 10_000);
        var poison = Math.Max(10, good / 100);
        var clock = new FastClock(30);
        RecordingDmp? recorder = null;
        await using var ris = await PublishingRis.StartAsync(
            options => options with { Source = null, Creator = null }, null, clock,
            async behind => (recorder = await RecordingDmp.StartAsync(behind, Token)).Target);
        await using var recording = recorder!;
        var alone = await PublishAsync(ris, Enumerable.Range(0, good / 2).Select(i => $"A{i}"), clock);

        // Their bytes are lost while nothing is sent.
        recording.Refuses = _ => "XDSRegistryBusy";
        var lost = Enumerable.Range(0, poison / 2).Select(i => $"L{i}").ToList();
        var odd = Enumerable.Range(0, poison - lost.Count).Select(i => $"P{i}").ToList();
        foreach (var name in lost)
        {
            await ris.ReportAsync(name);
            var version = (await ris.StateAsync(name)).HeadVersion!;
            File.Delete(Path.Combine(ris.NodeFolder, "objects", version.File.Sha256[..2], version.File.Sha256));
        }

        recording.Refuses = metadata =>
            metadata.Contains("1.2.250.1.999.7^P", StringComparison.Ordinal) ? "XDSRegistryError" : null;
        foreach (var name in odd) await ris.ReportAsync(name);
        var beside = await PublishAsync(ris, Enumerable.Range(good / 2, good - (good / 2)).Select(i => $"A{i}"), clock);
        var aside = await Eventually.HoldsAsync(
            () => ris.Node.Publications.ListAsync([OutboxState.Quarantined], 1_000, Token),
            rows => rows.Count == poison, rows => $"{rows.Count} of {poison} lie aside");

        foreach (var dead in aside)
        {
            Assert.Equal(Limits.DispatchFaultsMax, dead.Row.Faults);
            // The lost ones may have met a busy registry first.
            Assert.InRange(dead.Row.Attempts, Limits.DispatchFaultsMax, Limits.DispatchFaultsMax + 3);
        }

        foreach (var name in (string[])[.. lost, .. odd])
        {
            var publication = (await ris.StateAsync(name)).Publication;
            Assert.NotNull(publication.Refused);
            Assert.Empty(publication.InFlight);
        }

        Assert.All(
            recording.Sent.Values.Where(attempts => attempts.Count > 1),
            attempts => Assert.InRange(attempts.Count, 2, Limits.DispatchFaultsMax));

        // What the registry takes after all goes out when a person says so.
        recording.Refuses = _ => null;
        var again = aside.Where(d => d.Summary!.Entry!.UniqueId.Extension![0] == 'P').ToList();
        foreach (var dead in again) Assert.Null(await ris.Node.Publications.RetryAsync(dead.Row.Id, "alice", Token));
        foreach (var name in odd) await ris.PublishedAsync(name);
        var approved = await ris.SeenByAsync(Emulators.Dmp.Audience.Patient);
        Assert.Equal(good + odd.Count, approved.Count);
        output.WriteLine(
            $"{good} good, {poison} poison: {poison} put aside after {Limits.DispatchFaultsMax} faults each; "
            + $"p99 of the good ones {alone.TotalSeconds:F2} s alone, {beside.TotalSeconds:F2} s beside them "
            + $"(on a clock that is 30 times faster)");
    }

    /// <summary>Publishes, 16 at a time.</summary>
    /// <returns>The 99th percentile from the acknowledgement to the commit in the DMP.</returns>
    private static async Task<TimeSpan> PublishAsync(
        PublishingRis ris, IEnumerable<string> names, TimeProvider clock)
    {
        var taken = new ConcurrentBag<TimeSpan>();
        await Parallel.ForEachAsync(
            names, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (name, token) =>
            {
                var ack = await MllpWire.SendAsync(ris.Node.Hl7EndPoint.Port, PublishingRis.Mdm(name), token);
                Assert.Equal("AA", ack!["MSA", 1]);
                var acknowledged = clock.GetUtcNow();
                var committed = await ris.Dmp.WhenCommittedAsync(
                    s => s.Documents.Contains(SourceReports.Document(name)), token)
                    .WaitAsync(TimeSpan.FromMinutes(2), token);
                taken.Add(committed.CommittedAt - acknowledged);
            });
        return taken.Order().ElementAt((int)((taken.Count - 1) * 0.99));
    }
}
