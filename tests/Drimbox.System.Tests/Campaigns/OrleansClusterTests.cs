using Drimbox.Emulators;
using Drimbox.Gateway.Configuration;
using Drimbox.Storage;
using Drimbox.Tests.Cluster;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Campaigns;

/// <summary>Two processes of a RIS whose turns are taken in a cluster of Orleans, with its membership and the flow in
/// PostgreSQL (docs/operations/orleans.md): one is killed under a stream of reports and started again. Only in a build
/// with Orleans. <c>DRIMBOX_CAMPAIGN=N</c>: N kills.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P2")]
public sealed class OrleansClusterTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_report_is_published_once_whichever_process_of_the_cluster_is_killed()
    {
        Campaign.RequireHarm();
        var seed = Seed.Get();
        var random = new Random(seed);
        var kills = Campaign.Size(small: 2, large: 50);
        await using var cluster = await GatewayCluster.StartAsync(nodes: 2, seed, change: async postgres =>
        {
            var membership = await OrleansTables.CreateAsync(postgres);
            return all => all with
            {
                Archive = null,
                Grains = new GrainsSection
                {
                    Host = GrainsSection.Orleans,
                    SiloPort = LoopbackPorts.Take(),
                    Database = new DatabaseOptions { ConnectionString = membership },
                },
            };
        });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var sending = Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => cluster.SendReportsAsync(TimeSpan.FromMilliseconds(300), stop.Token)));
        for (var kill = 0; kill < kills; kill++)
        {
            await WaitForAsync(cluster, 20);
            await Task.Delay(TimeSpan.FromSeconds(random.NextDouble()), Token);
            var node = cluster.Nodes[(kill + seed) & 1];
            await node.Child.KillAsync(Token);
            var taken = cluster.Reports.Count;
            // The one that is left finds out that the other is gone, and takes all turns.
            await WaitForAsync(cluster, 20);
            await node.StartAsync();
            output.WriteLine($"{cluster.Reports.Count} taken, {taken} at the kill, {cluster.Dmp.Submissions.Count} published");
        }

        await stop.CancelAsync();
        await sending;
        await cluster.WaitForRestAsync(TimeSpan.FromMinutes(2));

        await cluster.AssertPublishedOnceAsync();
        output.WriteLine(
            $"{kills} kills: {cluster.Reports.Count} reports answered AA ({cluster.Resent} times sent again), each Approved once; "
            + $"longest wait for AA {cluster.ReportWait}");
    }

    /// <summary>Until so many more reports are taken.</summary>
    private static async Task WaitForAsync(GatewayCluster cluster, int more)
    {
        var taken = cluster.Reports.Count;
        await Eventually.HoldsAsync(
            () => Task.FromResult(cluster.Reports.Count - taken), count => count >= more,
            count => $"{count} more reports were taken", TimeSpan.FromMinutes(2));
    }
}
