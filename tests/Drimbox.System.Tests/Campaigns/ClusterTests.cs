using System.Diagnostics;
using System.Runtime.InteropServices;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>Three processes of a RIS over one PostgreSQL (docs/adr/0035), under a stream of reports, with a DMP that
/// misbehaves twice in ten: they are killed (SIGKILL), stopped (SIGSTOP) and go on (SIGCONT), and the server crashes.
/// Small: one kill, a short stop and a crash of the server. <c>DRIMBOX_CAMPAIGN=N</c>: N kills, N stops past the lease, N/2
/// crashes.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability P2")]
[Requirement("reliability P6")]
public sealed class ClusterTests(ITestOutputHelper output)
{
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;

    // Longer than the lease of 90 s, as often as a campaign asks for it.
    private static readonly TimeSpan PastLease = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan StallMax = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private enum Harm
    {
        Kill,
        Stop,
        Crash,
    }

    [Fact]
    public async Task Whatever_happens_to_some_of_them_each_report_is_published_once()
    {
        Campaign.RequireHarm();
        var seed = Seed.Get();
        var random = new Random(seed);
        var rounds = Campaign.Size(small: 1, large: 50);
        var isSmall = Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "";
        await using var postgres = new PostgresCluster();
        await using var cluster = new RisCluster(postgres);
        await cluster.StartAsync(nodes: 3, seed);
        AddFaults(cluster.Dmp.Faults);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var watching = WatchAsync(cluster, stop.Token);
        var sending = Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => cluster.SendAsync(TimeSpan.FromMilliseconds(300), stop.Token)));
        Harm[] harms =
        [
            .. Enumerable.Repeat(Harm.Kill, rounds), .. Enumerable.Repeat(Harm.Stop, rounds),
            .. Enumerable.Repeat(Harm.Crash, isSmall ? 1 : rounds / 2),
        ];
        random.Shuffle(harms);
        var stops = new List<Task>();
        foreach (var harm in harms)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + random.NextDouble()), Token);
            // Two stand still at once, while what else happens to the third.
            if (harm == Harm.Stop && stops.Where(s => !s.IsCompleted).ToList() is { Count: 2 } both) await Task.WhenAny(both);
            var running = cluster.Nodes.Where(n => !n.IsStopped).ToList();
            var node = running[random.Next(running.Count)];
            switch (harm)
            {
                case Harm.Kill:
                    await node.Child.KillAsync(Token);
                    await Task.Delay(TimeSpan.FromSeconds(random.Next(isSmall ? 2 : 15)), Token);
                    await RisCluster.StartAsync(node);
                    break;
                case Harm.Stop:
                    stops.Add(StopAsync(node, isSmall ? TimeSpan.FromSeconds(3) : PastLease));
                    break;
                default:
                    await postgres.KillAsync();
                    await postgres.RequireAsync();
                    break;
            }

            output.WriteLine($"{harm}: {cluster.Taken.Count} taken, {cluster.Dmp.Submissions.Count} published");
        }

        await Task.WhenAll(stops);
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        cluster.Dmp.Faults.Clear();
        await stop.CancelAsync();
        await sending;
        // A result that met the crash of the server is not recorded: its row waits for the end of its lease, 90 s.
        await Eventually.HoldsAsync(
            () => cluster.AskAsync("SELECT count(*) FROM outbox WHERE state = 'Pending'"), open => open == 0,
            open => $"{open} rows wait\n{Logs(cluster)}", TimeSpan.FromMinutes(isSmall ? 3 : 6));
        var stall = await watching;

        Assert.Equal(0, await cluster.AskAsync("SELECT count(*) FROM outbox WHERE state <> 'Done'"));
        Assert.Equal(cluster.Taken.Count, await cluster.AskAsync("SELECT count(*) FROM inbox"));
        await AssertPublishedAsync(cluster);
        Assert.True(stall < StallMax, $"nothing was published for {stall}");
        Assert.True(cluster.LongestWait.Time < StallMax, $"a sender waited {cluster.LongestWait} for AA");
        foreach (var node in cluster.Nodes) Assert.DoesNotContain("unhandled", node.Child.Output, StringComparison.OrdinalIgnoreCase);
        output.WriteLine(
            $"{harms.Count(h => h == Harm.Kill)} kills, {harms.Count(h => h == Harm.Stop)} stops, "
            + $"{harms.Count(h => h == Harm.Crash)} crashes of the server: {cluster.Taken.Count} reports answered AA "
            + $"({cluster.Resent} times sent again), each Approved once; longest wait for AA "
            + $"{cluster.LongestWait.Time.TotalSeconds:F1} s ({cluster.LongestWait.Answers}), longest without a publication {stall.TotalSeconds:F1} s");
    }

    private static async Task StopAsync(RisCluster.Node node, TimeSpan time)
    {
        node.IsStopped = true;
        Assert.Equal(0, kill(node.Child.ProcessId, SIGSTOP));
        await Task.Delay(time, Token);
        Assert.Equal(0, kill(node.Child.ProcessId, SIGCONT));
        node.IsStopped = false;
    }

    private static string Logs(RisCluster cluster) =>
        string.Join("\n----\n", cluster.Nodes.Select(node => node.Child.Output));

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
    private static async Task<TimeSpan> WatchAsync(RisCluster cluster, CancellationToken stop)
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

    private static async Task AssertPublishedAsync(RisCluster cluster)
    {
        var entries = (await cluster.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToLookup(d => d.UniqueId);
        foreach (var name in cluster.Taken)
        {
            var versions = entries[SourceReports.Document(name)].ToList();
            Assert.True(
                versions is [{ Status: AvailabilityStatus.Approved, Version: 1 }],
                $"{name}: {string.Join(", ", versions.Select(e => $"{e.Status} {e.Version}"))}");
        }

        Assert.Equal(cluster.Taken.Count, entries.Count);
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
