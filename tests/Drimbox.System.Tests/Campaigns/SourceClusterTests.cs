using System.Text;
using System.Text.Json;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>Two processes of a source over one PostgreSQL (docs/adr/0035), under a stream of reports, with a DMP that misbehaves:
/// one of them is killed (SIGKILL) and started again, again and again. Only with
/// <c>DRIMBOX_CAMPAIGN=N</c>: N kills.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P2")]
[Requirement("DB.CS.96")]
public sealed class SourceClusterTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whichever_is_killed_each_study_has_one_manifest_and_no_record_is_lost()
    {
        Campaign.RequireAsked();
        var seed = Seed.Get();
        var random = new Random(seed);
        var kills = Campaign.Size(small: 0, large: 100);
        await using var postgres = new PostgresCluster();
        await using var cluster = new SourceCluster(postgres, studies: 60 + (kills * 40));
        await cluster.StartAsync(seed);
        AddFaults(cluster.Dmp.Faults);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var sending = Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => cluster.SendAsync(TimeSpan.FromMilliseconds(200), stop.Token)));
        for (var kill = 0; kill < kills; kill++)
        {
            await Task.Delay(Campaign.Moment(random), Token);
            await cluster.KillAsync(random.Next(2), TimeSpan.FromSeconds(random.NextDouble() * 2));
        }

        await Task.Delay(TimeSpan.FromMilliseconds(500), Token);
        cluster.Dmp.Faults.Clear();
        await stop.CancelAsync();
        await sending;
        using var client = cluster.Administration(0);
        // A late answer of the DMP is asked after.
        await Eventually.HoldsAsync(
            async () => (await client.GetAsync("/api/source/outbox?state=Pending", Token)).Body.GetArrayLength(),
            waiting => waiting == 0, waiting => $"{waiting} wait\n{cluster.Output}", TimeSpan.FromMinutes(3));

        await AssertManifestsAsync(cluster);
        var records = await AssertTrailsAsync(cluster, client);
        output.WriteLine(
            $"{kills} kills: {cluster.Taken.Count} reports answered AA ({cluster.Resent} times sent again), one Approved manifest "
            + $"each; {records} records of audit, each at the collector");
    }

    private static void AddFaults(Faults faults)
    {
        FaultRule[] rules =
        [
            new(FaultKind.Delay, DelayMilliseconds: 1_000),
            new(FaultKind.Reset, Moment: FaultMoment.AfterCommit),
            new(FaultKind.ResetMidResponse, Moment: FaultMoment.AfterCommit),
            new(FaultKind.HttpStatus, Status: 503),
        ];
        foreach (var rule in rules) faults.Add(rule with { Probability = 0.04 });
    }

    private static async Task AssertManifestsAsync(SourceCluster cluster)
    {
        var entries = (await cluster.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();
        Assert.All(entries, e => Assert.Equal((AvailabilityStatus.Approved, 1), (e.Status, e.Version)));
        Assert.Equal(
            cluster.Taken.Select(number => ResyncFixture.StudyOf(number).ToString()).Order(),
            entries.Select(e => e.ReferenceIds.Single(
                id => id.EndsWith("studyInstanceUID", StringComparison.Ordinal)).Split('^')[0]).Order());
    }

    /// <summary>Every trail is as it was written, has what was answered once, and is at the collector in its order.</summary>
    /// <returns>How many records there are.</returns>
    private static async Task<int> AssertTrailsAsync(SourceCluster cluster, AdministrationClient client)
    {
        var verdict = (await client.GetAsync("/api/source/audit/verify", Token)).Body;
        Assert.True(verdict.GetProperty("holds").GetBoolean(), verdict.ToString());
        Assert.True(verdict.GetProperty("trails").GetArrayLength() >= 2, verdict.ToString());
        var export = Encoding.UTF8.GetString(await client.GetBytesAsync("/api/source/audit/export", Token));
        var records = export.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => (
                Id: line.GetProperty("id").GetInt64(), Type: line.GetProperty("type").GetString(),
                Message: line.GetProperty("message").GetString()!))
            .ToList();
        Assert.Equal(cluster.Taken.Count, records.Count(record => record.Type == "RAD-128"));
        await Eventually.HoldsAsync(
            () => Task.FromResult(records.Select(r => r.Message).Except(Arrived(cluster).Keys).Count()),
            missing => missing == 0, missing => $"{missing} records have not come\n{cluster.Output}");
        var places = Arrived(cluster);
        foreach (var trail in records.GroupBy(record => record.Id / 1_000_000_000_000))
        {
            var order = trail.Select(record => places[record.Message]).ToList();
            Assert.Equal(order.Order(), order);
        }

        return records.Count;
    }

    // By the first time: what is not known to have come is sent again.
    private static Dictionary<string, int> Arrived(SourceCluster cluster) =>
        cluster.Collector.Messages.Select((message, place) => (Text: message[message.IndexOf('<', 5)..], place))
            .DistinctBy(one => one.Text).ToDictionary(one => one.Text, one => one.place);
}
