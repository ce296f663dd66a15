using System.Diagnostics;
using System.Globalization;
using Drimbox.Gateway.Demo;
using Drimbox.Load.Results;

namespace Drimbox.Tests.Campaigns;

/// <summary>What a report and an image cost a process with files, one with PostgreSQL to itself, and one to three that share it,
/// all on this machine, under <c>drimbox load</c>: printed, not asserted. <c>DRIMBOX_CAMPAIGN=N</c>: N rounds, each with all of
/// them.</summary>
[Collection(nameof(OneCampaignAtATime))]
public sealed class ClusterRateTests(ITestOutputHelper output)
{
    private const int Associations = 6;
    private const int WarmUpSeconds = 25;
    private const int MeasuredSeconds = 12;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reports_and_images_are_taken()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "")
            Assert.Skip("it measures; DRIMBOX_CAMPAIGN=2 runs it");
        for (var round = 0; round < Campaign.Size(small: 0, large: 5); round++)
        {
            await MeasureAsync(GatewayCluster.Store.Files, 1);
            await MeasureAsync(GatewayCluster.Store.Alone, 1);
            for (var nodes = 1; nodes <= 3; nodes++) await MeasureAsync(GatewayCluster.Store.Shared, nodes);
        }
    }

    private async Task MeasureAsync(GatewayCluster.Store store, int nodes)
    {
        await using var cluster = await GatewayCluster.StartAsync(nodes, seed: 1, store, isOnDisk: true);
        await MeasureAsync($"{store}, {nodes}: reports", cluster, node => ["--mllp", $"127.0.0.1:{node.MllpPort}", "--mix", "mllp"]);
        await MeasureAsync($"{store}, {nodes}: images", cluster, node => [$"ARCHIVE@127.0.0.1:{node.Archive.Port}"]);
    }

    private async Task MeasureAsync(string what, GatewayCluster cluster, Func<GatewayCluster.Node, string[]> target)
    {
        // A process compiles for some seconds of the processor, and each of them does.
        await LoadAsync(what, cluster, target, WarmUpSeconds);
        var before = Processors(cluster);
        var results = await LoadAsync(what, cluster, target, MeasuredSeconds);
        var used = Processors(cluster);
        var rate = results.Sum(r => r.Operations[0].PerSecond);
        var count = results.Sum(r => r.Series.Sum(s => s.Operations.Sum(o => o.Count)));
        output.WriteLine(
            $"{what}: {rate:F0}/s, p50 {results.Max(r => r.Operations[0].Latency.P50):F1} ms, p99 "
            + $"{results.Max(r => r.Operations[0].Latency.P99):F1} ms, processor "
            + $"{1000 * (used.Nodes - before.Nodes) / count:F2} ms each in the processes, "
            + $"{1000 * (used.Server - before.Server) / count:F2} in PostgreSQL, "
            + $"{1000 * results.Sum(r => r.Sender.CpuSeconds) / rate / MeasuredSeconds:F2} in the load");
    }

    private static async Task<LoadResult[]> LoadAsync(
        string what, GatewayCluster cluster, Func<GatewayCluster.Node, string[]> target, int seconds)
    {
        using var folder = new StoreFolder();
        return await Task.WhenAll(cluster.Nodes.Select(async node =>
        {
            var file = Path.Combine(folder.Path, $"{node.Number}.json");
            var command = DemoChild.CommandLine();
            using var load = Process.Start(new ProcessStartInfo(command[0],
            [
                .. command.Skip(1), "load", .. target(node), "--associations", $"{Associations / cluster.Nodes.Count}",
                "--warm-up", "1s", "--duration", $"{seconds}s", "--quiet", "--output", file,
            ]))!;
            await load.WaitForExitAsync(Token);
            var result = ResultFile.TryRead(file, out _)!;
            Assert.True(result.Errors == 0, $"{what}: {string.Join(", ", result.Operations.SelectMany(o => o.Statuses))} {node.Child.Output.Split((char)10).LastOrDefault(l => l.Length > 0)}");
            return result;
        }));
    }

    // Sessions of the server that have ended are not among them.
    private static (double Nodes, double Server) Processors(GatewayCluster cluster)
    {
        var server = cluster.IsServed ? cluster.Postgres.ServerId : -1;
        return (
            cluster.Nodes.Sum(node => SecondsOf(node.Child.ProcessId)),
            // They have changed their names, so that none can be asked for by it.
            Process.GetProcesses().Where(p => ParentOf(p.Id) == server).Sum(p => SecondsOf(p.Id)));
    }

    // proc(5): what follows the name in parentheses begins with the state, the parent and, at 14 and 15, the times.
    private static string[] StatOf(int process)
    {
        var text = File.ReadAllText($"/proc/{process}/stat");
        return text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static int ParentOf(int process)
    {
        try
        {
            return int.Parse(StatOf(process)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return 0;
        }
    }

    private static double SecondsOf(int process)
    {
        var stat = StatOf(process);
        return (long.Parse(stat[11], CultureInfo.InvariantCulture) + long.Parse(stat[12], CultureInfo.InvariantCulture)) / 100.0;
    }
}
