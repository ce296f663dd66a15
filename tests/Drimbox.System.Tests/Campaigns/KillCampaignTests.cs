using Drimbox.Storage;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign D1: the process dies at any moment.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability D1")]
public sealed class KillCampaignTests(PostgresCluster postgres, ITestOutputHelper output)
{
    /// <summary>After so many kills the store is left behind: a campaign of thousands must not fill the disk.</summary>
    private const int KillsPerStore = 20;

    private const long BytesPerRun = 192_000_000;

    [Fact]
    public Task Killed_at_any_moment_an_archive_keeps_what_it_acknowledged_and_shows_nothing_by_halves() =>
        KillAsync(Campaign.Size(small: 6, large: 3_000), () => Task.FromResult<DatabaseOptions?>(null));

    [Fact]
    public Task So_does_an_archive_whose_index_is_in_PostgreSQL() => KillAsync(
        Campaign.Size(small: 2, large: 300),
        async () => new DatabaseOptions { ConnectionString = await postgres.CreateDatabaseAsync() });

    private async Task KillAsync(int kills, Func<Task<DatabaseOptions?>> makeDatabase)
    {
        Campaign.RequireHarm();
        var seed = Seed.Get();
        var random = new Random(seed);
        var (acknowledged, stored, slowest) = (0, 0, TimeSpan.Zero);
        for (var first = 0; first < kills; first += KillsPerStore)
        {
            using var folder = new StoreFolder();
            await using var archive = new KillableArchive(
                Path.Combine(folder.Path, "data"), await makeDatabase());
            var log = Path.Combine(folder.Path, "log");
            var runs = new List<SentInstances>();
            var kept = 0;
            await archive.StartAsync();
            for (var kill = first; kill < Math.Min(first + KillsPerStore, kills); kill++)
            {
                using var sender = await SenderProcess.StartAsync(archive.EndPoint, log, seed, kill, BytesPerRun);
                await Task.Delay(Campaign.Moment(random), TestContext.Current.CancellationToken);
                // Without any there is nothing to lose, however slow the machine.
                await sender.AcknowledgedAsync(1);
                await archive.KillAsync();
                var run = await sender.EndAsync();
                runs.Add(run);
                // Now and then it dies again while it makes up for the death before.
                if (random.Next(4) == 0)
                    await archive.DieWhileStartingAsync(TimeSpan.FromSeconds(random.NextDouble()));
                await archive.StartAsync();
                if (archive.StartTime > slowest) slowest = archive.StartTime;
                var audit = await StoreAudit.RunAsync(archive.EndPoint, run);
                audit.AssertWhole($"DRIMBOX_SEED={seed}, kill {kill + 1}");
                acknowledged += audit.Acknowledged;
                kept += audit.Kept;
                // No file without a row is left over.
                Assert.Equal(kept, Files(archive));
            }

            stored += kept;
            // What earlier runs stored went through all the later deaths.
            foreach (var run in runs.SkipLast(1))
            {
                (await StoreAudit.RunAsync(archive.EndPoint, run))
                    .AssertWhole($"DRIMBOX_SEED={seed}, kills to the end");
            }
        }

        Assert.True(acknowledged > 0, "nothing was acknowledged, so nothing was shown");
        output.WriteLine(
            $"{kills} kills: {acknowledged} acknowledged, 0 lost, 0 altered; {stored - acknowledged} more were "
            + $"stored and their answer was lost; ready again after {slowest.TotalSeconds:F1} s at most");
    }

    private static int Files(KillableArchive archive) => Directory.GetFiles(
        Path.Combine(archive.DataFolder, "archive", "instances"), "*", SearchOption.AllDirectories).Length;
}
