using System.Diagnostics;
using System.Runtime.InteropServices;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Campaigns;

/// <summary>Three processes, each with a RIS and an archive, over one PostgreSQL (docs/adr/0035, 0040), under a stream of
/// reports and images, with a DMP that misbehaves twice in ten: they are killed (SIGKILL), stopped (SIGSTOP) and go on (SIGCONT),
/// cut off from the server, the server crashes, and at last they are restarted one after the other. Small: each once, and short.
/// <c>DRIMBOX_CAMPAIGN=N</c>: N kills, N stops past the lease, N/2 cuts, N/4 crashes, N/4 rounds of restarts.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P2")]
[Requirement("reliability P5")]
[Requirement("reliability P6")]
public sealed class ClusterTests(ITestOutputHelper output)
{
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;
    private const int SIGTERM = 15;

    // Longer than the lease of 90 s, as often as a campaign asks for it.
    private static readonly TimeSpan PastLease = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan StallMax = TimeSpan.FromSeconds(60);

    // Of a drain, and the end of the process after it.
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(30);

    private readonly int _rounds = Campaign.Size(small: 1, large: 50);
    private readonly bool _isSmall = Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "";
    private TimeSpan _healing;
    private TimeSpan _ending;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private enum Harm
    {
        Kill,
        Stop,
        Cut,
        Crash,
    }

    [Fact]
    public async Task Whatever_happens_to_some_of_them_each_report_is_published_once_and_no_image_is_lost()
    {
        Campaign.RequireHarm();
        var seed = Seed.Get();
        var random = new Random(seed);
        await using var cluster = await GatewayCluster.StartAsync(nodes: 3, seed);
        AddFaults(cluster.Dmp.Faults);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var watching = WatchAsync(cluster, stop.Token);
        var pause = TimeSpan.FromMilliseconds(300);
        var sending = Task.WhenAll(
        [
            .. Enumerable.Range(0, 4).Select(_ => cluster.SendReportsAsync(pause, stop.Token)),
            .. Enumerable.Range(0, 2).Select(_ => cluster.SendImagesAsync(pause, stop.Token)),
        ]);
        await HarmAsync(cluster, random);
        for (var round = 0; round < Share(4); round++) await RestartEachAsync(cluster);
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        cluster.Dmp.Faults.Clear();
        await stop.CancelAsync();
        await sending;
        // The backoff of what the DMP refused: a result that met the crash of the server is recorded once it is back.
        await cluster.WaitForRestAsync(TimeSpan.FromMinutes(_isSmall ? 2 : 4));
        var stall = await watching;

        output.WriteLine(
            $"seed {seed}: {_rounds} kills, {_rounds} stops, {Share(2)} cuts, {Share(4)} crashes of the server, {Share(4)} rounds of "
            + $"restarts (each ended in {_ending.TotalSeconds:F1} s at most): {cluster.Reports.Count} reports and {cluster.Images.Count} "
            + $"images taken ({cluster.Resent} times sent again); longest wait of a report {cluster.ReportWait}, of an image "
            + $"{cluster.ImageWait}; longest until a healed process served {_healing.TotalSeconds:F1} s, without a publication "
            + $"{stall.TotalSeconds:F1} s");
        await cluster.AssertPublishedOnceAsync();
        await cluster.AssertStoredAsync();
        Assert.Empty(cluster.Refusals);
        Assert.True(stall < StallMax, $"nothing was published for {stall}");
        Assert.True(_healing < StallMax, $"a process served {_healing} after it was healed");
        Assert.True(cluster.ReportWait.Time < StallMax, $"a report waited {cluster.ReportWait}");
        Assert.True(cluster.ImageWait.Time < StallMax, $"an image waited {cluster.ImageWait}");
        foreach (var node in cluster.Nodes)
            Assert.DoesNotContain("unhandled", node.Child.Output, StringComparison.OrdinalIgnoreCase);
    }

    // How many of what a campaign does less often; a small one does it once.
    private int Share(int part) => Math.Max(1, _rounds / part);

    private async Task HarmAsync(GatewayCluster cluster, Random random)
    {
        Harm[] harms =
        [
            .. Enumerable.Repeat(Harm.Kill, _rounds), .. Enumerable.Repeat(Harm.Stop, _rounds),
            .. Enumerable.Repeat(Harm.Cut, Share(2)), .. Enumerable.Repeat(Harm.Crash, Share(4)),
        ];
        random.Shuffle(harms);
        var under = new List<Task>();
        foreach (var harm in harms)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + random.NextDouble()), Token);
            // Two stand still or are cut off at once, while what else happens to the third.
            if (under.Where(s => !s.IsCompleted).ToList() is { Count: 2 } both) await Task.WhenAny(both);
            var free = cluster.Nodes.Where(n => !n.IsHarmed).ToList();
            var node = free[random.Next(free.Count)];
            switch (harm)
            {
                case Harm.Kill:
                    await node.Child.KillAsync(Token);
                    await Task.Delay(TimeSpan.FromSeconds(random.Next(_isSmall ? 2 : 15)), Token);
                    await node.StartAsync();
                    break;
                case Harm.Stop:
                    under.Add(UnderAsync(cluster, node, () => StopAsync(node, _isSmall ? TimeSpan.FromSeconds(3) : PastLease)));
                    break;
                case Harm.Cut:
                    var time = TimeSpan.FromSeconds(_isSmall ? 3 : random.Next(2, 120));
                    var oneWay = random.Next(2) == 0;
                    under.Add(UnderAsync(cluster, node, () => cluster.CutAsync(node, time, oneWay)));
                    break;
                default:
                    await cluster.Postgres.KillAsync();
                    await cluster.Postgres.RequireAsync();
                    break;
            }

            output.WriteLine($"{harm}: {cluster.Reports.Count} and {cluster.Images.Count} taken, {cluster.Dmp.Submissions.Count} published");
        }

        await Task.WhenAll(under);
    }

    private async Task UnderAsync(GatewayCluster cluster, GatewayCluster.Node node, Func<Task> harmAsync)
    {
        node.IsHarmed = true;
        await harmAsync();
        var healing = await cluster.ServesAsync(node);
        lock (cluster) if (healing > _healing) _healing = healing;
        node.IsHarmed = false;
    }

    private static async Task StopAsync(GatewayCluster.Node node, TimeSpan time)
    {
        Assert.Equal(0, kill(node.Child.ProcessId, SIGSTOP));
        await Task.Delay(time, Token);
        Assert.Equal(0, kill(node.Child.ProcessId, SIGCONT));
    }

    private async Task RestartEachAsync(GatewayCluster cluster)
    {
        foreach (var node in cluster.Nodes)
        {
            var clock = Stopwatch.StartNew();
            Assert.Equal(0, kill(node.Child.ProcessId, SIGTERM));
            Assert.Equal(0, await node.Child.WaitForExitAsync(Token).WaitAsync(EndMax, Token));
            if (clock.Elapsed > _ending) _ending = clock.Elapsed;
            await node.StartAsync();
        }
    }

    private static void AddFaults(Faults faults)
    {
        FaultRule[] rules =
        [
            new(FaultKind.Delay, DelayMilliseconds: 2_000),
            new(FaultKind.Reset),
            new(FaultKind.Reset, Moment: FaultMoment.AfterCommit),
            new(FaultKind.ResetMidResponse, Moment: FaultMoment.AfterCommit),
            new(FaultKind.HttpStatus, Status: 503),
            new(FaultKind.RegistryError, ErrorCode: "XDSRegistryBusy"),
        ];
        foreach (var rule in rules) faults.Add(rule with { Probability = 0.035 });
    }

    /// <summary>The longest time in which nothing was published; there is always something to publish.</summary>
    private static async Task<TimeSpan> WatchAsync(GatewayCluster cluster, CancellationToken stop)
    {
        var (longest, last, at) = (TimeSpan.Zero, 0, Stopwatch.StartNew());
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(100, CancellationToken.None);
            var count = cluster.Dmp.Submissions.Count;
            if (at.Elapsed > longest) longest = at.Elapsed;
            if (count == last) continue;
            last = count;
            at.Restart();
        }

        return longest;
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
