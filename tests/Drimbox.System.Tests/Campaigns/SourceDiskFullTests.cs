using System.Diagnostics;
using Drimbox.Gateway.Administration;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign D5 of the source: its disk is full in the middle of a flow of reports, while what it acknowledged
/// before still waits. Messages are AR until there is room, and nothing that was AA is lost. One level in the gate;
/// <c>DRIMBOX_CAMPAIGN=N</c> for N, in turn to the last byte, to a few pages, to just below the mark, and without
/// inodes.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability D5")]
public sealed class SourceDiskFullTests(ITestOutputHelper output)
{
    private const int ReportsPerLevel = 20;
    private const string Began = "The disk is full";
    private const string Ended = "'disk' is back";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task On_a_full_disk_messages_are_AR_and_what_was_AA_has_its_manifest_when_there_is_room()
    {
        Campaign.RequireRoot();
        var random = new Random(Seed.Get());
        var levels = Campaign.Size(small: 1, large: 40);
        // What is kept of the reports of a level is below 4 MiB: from the mark on there is room for all of them.
        var size = $"size={160 + (levels * 4)}m,nr_inodes={4096 + (levels * 200)}";
        await using var flow = new SourceFlow();
        await flow.StartAsync(levels * ((ReportsPerLevel * 2) + 10), folder =>
        [
            Peer.Require("unshare"), "--mount", "sh", "-ec",
            $"mkdir -p \"$0\"; mount -t tmpfs -o {size} source \"$0\"; exec \"$@\"", folder,
        ]);
        var process = flow.Gateway.Child.ProcessId;
        var configuration = flow.Gateway.Configuration;
        // The name space is not ours; the kernel shows it.
        var disk = new SmallDisk(
            $"/proc/{process}/root{Path.Combine(configuration.DataFolder, configuration.Source!.Node)}");
        var (refused, slowest) = (0, TimeSpan.Zero);
        using var client = new AdministrationClient(flow.Gateway.Socket);
        for (var level = 0; level < levels; level++)
        {
            // What is acknowledged now waits for the PACS, which answers when the disk is full.
            using var answers = new ManualResetEventSlim();
            flow.Pacs.Asked = _ => answers.Wait(Token);
            await flow.SendAsync(ReportsPerLevel, Token);
            var sending = flow.SendAsync(ReportsPerLevel, Token);
            switch (level % 4)
            {
                case 0:
                    disk.Fill(leaving: 0);
                    break;
                case 1:
                    disk.Fill(leaving: 4096 * random.Next(1, 100));
                    break;
                case 2:
                    disk.Fill(leaving: 60L * 1024 * 1024);
                    break;
                default:
                    disk.TakeInodes();
                    break;
            }

            answers.Set();
            flow.Pacs.Asked = static _ => { };
            await sending;
            await IsFullAsync(client, flow);
            refused += flow.Open.Count;

            disk.Empty();
            var watch = Stopwatch.StartNew();
            await Eventually.HoldsAsync(
                async () =>
                {
                    await flow.SendOpenAsync();
                    return flow.Open.Count;
                },
                open => open == 0, open => $"{open} are not taken\n{flow.Gateway.Child.Output}");
            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
            await flow.CaughtUpAsync();
            Assert.True((await client.GetAsync("/api/status", Token)).Body.GetProperty("ok").GetBoolean());
        }

        await flow.AssertManifestsAsync();
        // Each time once.
        await Eventually.HoldsAsync(
            () => Task.FromResult((flow.CountInLog(Began), flow.CountInLog(Ended))), told => told.Item2 >= levels,
            told => $"{told}");
        Assert.Equal((levels, levels), (flow.CountInLog(Began), flow.CountInLog(Ended)));
        Assert.Equal(process, flow.Gateway.Child.ProcessId);
        output.WriteLine(
            $"{levels} times full: {flow.Taken.Count} reports AA in the end, {refused} answered AR or not at first; "
            + $"the slowest recovery took {slowest.TotalSeconds:0.0} s");
    }

    /// <summary>It is told, and messages are AR.</summary>
    private static async Task IsFullAsync(AdministrationClient client, SourceFlow flow)
    {
        await Eventually.HoldsAsync(
            async () => (await client.GetAsync("/api/status", Token)).Body.GetProperty("ok").GetBoolean(),
            ok => !ok, _ => $"it is full, and says that all is well\n{flow.Gateway.Child.Output}");
        Assert.Equal("AR", await flow.SendNextAsync());
        var alerts = (await client.GetAsync("/api/source/alerts", Token)).Body;
        Assert.Contains(alerts.EnumerateArray(), a => $"{a}".Contains(Began, StringComparison.Ordinal));
    }
}
