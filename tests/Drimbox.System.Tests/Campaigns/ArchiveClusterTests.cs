using Drimbox.Storage;

namespace Drimbox.Tests.Campaigns;

/// <summary>Three processes of one archive over one PostgreSQL and one folder (docs/adr/0040), each under a load of its own:
/// in every round one is killed (SIGKILL) and one stands still (SIGSTOP) and goes on (SIGCONT). What one of them has
/// acknowledged is found and retrieved, byte for byte, from another. Only with
/// <c>DRIMBOX_CAMPAIGN=N</c>: N rounds with pauses of up to 15 s, more than a process may stand still in a transaction.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability D1")]
public sealed class ArchiveClusterTests(PostgresCluster postgres, ITestOutputHelper output)
{
    private const int Processes = 3;
    private const long BytesPerRun = 30_000_000;

    [Fact]
    public async Task What_one_process_of_an_archive_acknowledged_is_whole_at_the_others_whatever_happens_to_it()
    {
        Campaign.RequireAsked();
        var seed = Seed.Get();
        var random = new Random(seed);
        var rounds = Campaign.Size(small: 0, large: 50);
        using var folder = new StoreFolder();
        var shared = Directory.CreateDirectory(Path.Combine(folder.Path, "alone", "archive")).FullName;
        var database = new DatabaseOptions
        {
            ConnectionString = await postgres.CreateDatabaseAsync(), SharedFolder = shared,
        };
        var nodes = Enumerable.Range(0, Processes)
            .Select(i => new KillableArchive(Path.Combine(folder.Path, $"node{i}"), database)).ToList();
        var runs = new List<SentInstances>();
        var kept = 0;
        try
        {
            // Together: the schema is new.
            await Task.WhenAll(nodes.Select(node => node.StartAsync()));
            for (var round = 0; round < rounds; round++)
            {
                var number = runs.Count;
                var senders = await Task.WhenAll(nodes.Select((node, i) => SenderProcess.StartAsync(
                    node.EndPoint, Path.Combine(folder.Path, $"log{number + i}"), seed, number + i, BytesPerRun)));
                // Without any there is nothing to lose, however slow the machine.
                await Task.WhenAll(senders.Select(sender => sender.AcknowledgedAsync(1)));
                await Task.Delay(Campaign.Moment(random), TestContext.Current.CancellationToken);
                var (killed, still) = (random.Next(Processes), 1 + random.Next(Processes - 1));
                var pause = StandStillAsync(
                    nodes[(killed + still) % Processes], TimeSpan.FromSeconds(rounds == 1 ? 2 : random.Next(1, 15)));
                await nodes[killed].KillAsync();
                await pause;
                await nodes[killed].StartAsync();
                for (var i = 0; i < Processes; i++)
                {
                    // The server ended what the one that stood still for long had begun; the others only waited for that.
                    runs.Add(await senders[i].EndAsync(mayBeRefused: i == (killed + still) % Processes));
                    senders[i].Dispose();
                }

                for (var i = 0; i < Processes; i++)
                {
                    var audit = await StoreAudit.RunAsync(nodes[(i + 1) % Processes].EndPoint, runs[number + i]);
                    audit.AssertWhole($"DRIMBOX_SEED={seed}, round {round + 1}, sent to process {i}");
                    kept += audit.Kept;
                }
            }
        }
        finally
        {
            foreach (var node in nodes) await node.DisposeAsync();
        }

        // One process after them finds the files that the killed ones left without a row, and nothing else.
        await using var alone = new KillableArchive(
            Path.Combine(folder.Path, "alone"), database with { SharedFolder = null });
        await alone.StartAsync();
        Assert.Equal(kept, Directory.GetFiles(Path.Combine(shared, "instances"), "*", SearchOption.AllDirectories).Length);
        (await StoreAudit.RunAsync(alone.EndPoint, runs[0])).AssertWhole($"DRIMBOX_SEED={seed}, one process at the end");
        output.WriteLine(
            $"{rounds} rounds: {runs.Sum(run => run.Acknowledged.Count)} acknowledged by three processes, 0 lost, 0 altered");
    }

    private static async Task StandStillAsync(KillableArchive node, TimeSpan time)
    {
        await node.FreezeAsync();
        await Task.Delay(time, TestContext.Current.CancellationToken);
        node.GoOn();
    }
}
