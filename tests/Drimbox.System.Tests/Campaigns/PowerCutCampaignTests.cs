namespace Drimbox.Tests.Campaigns;

/// <summary>Campaigns D2 and D3: the power is cut at any moment. What had not reached the disk is gone; what was
/// acknowledged is not. With a disk or a database that lies, the same eyes see a loss.</summary>
[Collection(nameof(OneCampaignAtATime))]
public sealed class PowerCutCampaignTests(ITestOutputHelper output)
{
    private const long BytesPerRun = 192_000_000;

    /// <summary>After so many cuts a new disk: copies stay small.</summary>
    private const int CutsPerDisk = 5;

    [Fact]
    [Requirement("reliability D2")]
    public async Task After_a_power_cut_everything_acknowledged_is_there()
    {
        Campaign.RequireRoot();
        var cuts = Campaign.Size(small: 2, large: 300);
        var seed = Seed.Get();
        var random = new Random(seed);
        var (acknowledged, kept, slowest) = (0, 0, TimeSpan.Zero);
        for (var first = 0; first < cuts; first += CutsPerDisk)
        {
            await using var cutting = await PowerCut.PrepareAsync();
            var runs = new List<SentInstances>();
            for (var cut = first; cut < Math.Min(first + CutsPerDisk, cuts); cut++)
            {
                runs.Add(await cutting.RunAsync(seed, cut, BytesPerRun, async sender =>
                {
                    await Task.Delay(Campaign.Moment(random), TestContext.Current.CancellationToken);
                    // Without any there is nothing to lose, however slow the machine.
                    await sender.AcknowledgedAsync(1);
                }));
                await cutting.PowerOnAsync();
                if (cutting.Archive.StartTime > slowest) slowest = cutting.Archive.StartTime;
                var audit = await StoreAudit.RunAsync(cutting.Archive.EndPoint, runs[^1]);
                audit.AssertWhole($"DRIMBOX_SEED={seed}, cut {cut + 1}");
                Assert.DoesNotContain("[1101]", cutting.Archive.Output, StringComparison.Ordinal);
                acknowledged += audit.Acknowledged;
                kept += audit.Kept;
            }

            foreach (var run in runs.SkipLast(1))
            {
                (await StoreAudit.RunAsync(cutting.Archive.EndPoint, run))
                    .AssertWhole($"DRIMBOX_SEED={seed}, cuts to the end");
            }
        }

        Assert.True(acknowledged > 0, "nothing was acknowledged, so nothing was shown");
        output.WriteLine(
            $"{cuts} power cuts: {acknowledged} acknowledged, 0 lost, 0 altered; {kept - acknowledged} more were "
            + $"stored and their answer was lost; ready again after {slowest.TotalSeconds:F1} s at most");
    }

    // Each of them must lose something, or the campaign above could not see a loss.
    [Theory]
    [Requirement("reliability D3")]
    [InlineData("every fsync of the process is swallowed")]
    [InlineData("libeatmydata")]
    [InlineData("synchronous = NORMAL")]
    public async Task Where_fsync_is_left_out_a_power_cut_is_seen_to_lose_what_was_acknowledged(string control)
    {
        Campaign.RequireRoot();
        IReadOnlyList<string> under = control switch
        {
            // The calls return 0 and do nothing, those of SQLite too.
            "every fsync of the process is swallowed" =>
            [
                Peer.Require("strace"), "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null",
                "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:retval=0",
            ],
            // Reaches the calls of SQLite; ours go to the C library by its handle, past what is preloaded.
            "libeatmydata" => [Peer.Require("eatmydata")],
            // Only the runtime's own hook can do this to the program: see StartupHook.
            _ => [Peer.Require("env"), $"DOTNET_STARTUP_HOOKS={typeof(StartupHook).Assembly.Location}"],
        };
        var seed = Seed.Get();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await using var cutting = await PowerCut.PrepareAsync(under);
            var run = await cutting.RunAsync(seed, attempt, BytesPerRun, sender => sender.AcknowledgedAsync(20));
            await cutting.PowerOnAsync();
            var audit = await StoreAudit.RunAsync(cutting.Archive.EndPoint, run);
            output.WriteLine($"{control}: {audit.Lost.Length} of {audit.Acknowledged} acknowledged are lost");
            // Whatever is left is whole all the same.
            Assert.Empty(audit.Altered);
            Assert.Empty(audit.Halves);
            if (audit.Lost.Length > 0) return;
        }

        Assert.Fail($"{control}: no loss was seen, so the campaign is blind to it");
    }
}

/// <summary>An archive on a disk whose power can be cut.</summary>
internal sealed class PowerCut : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly IReadOnlyList<string> _under;
    private LoopImage _disk = null!;
    private int _disks;

    private PowerCut(IReadOnlyList<string> under)
    {
        _under = under;
        Archive = new KillableArchive(Path.Combine(_folder.Path, "data"));
    }

    public KillableArchive Archive { get; }

    /// <param name="under">What the archive runs under before its first cut.</param>
    public static async Task<PowerCut> PrepareAsync(params IReadOnlyList<string> under)
    {
        var cutting = new PowerCut(under);
        cutting._disk = await LoopImage.CreateAsync(cutting.NextPath());
        await cutting.Archive.StartAsync([.. cutting._disk.MountedAt(cutting.Archive.DataFolder), .. under]);
        return cutting;
    }

    /// <summary>Loads the archive until <paramref name="moment"/> has come, and cuts its power.</summary>
    /// <returns>What was sent, and what of it had been acknowledged when the power went.</returns>
    public async Task<SentInstances> RunAsync(int seed, int run, long bytes, Func<SenderProcess, Task> moment)
    {
        using var sender = await SenderProcess.StartAsync(
            Archive.EndPoint, Path.Combine(_folder.Path, "log"), seed, run, bytes);
        await moment(sender);
        // Whatever the frozen process had answered it had answered before this moment, also what the sender has not
        // read yet.
        await Archive.FreezeAsync();
        var disk = await _disk.CutAsync(NextPath());
        await Archive.KillAsync();
        File.Delete(_disk.FilePath);
        _disk = disk;
        return await sender.EndAsync();
    }

    /// <summary>Starts the archive, and nothing else with it, on what the cut left: the mount replays the
    /// journal.</summary>
    public Task PowerOnAsync() => Archive.StartAsync(_disk.MountedAt(Archive.DataFolder));

    public async ValueTask DisposeAsync()
    {
        await Archive.DisposeAsync();
        _folder.Dispose();
    }

    private string NextPath() => Path.Combine(_folder.Path, $"disk-{_disks++}.img");
}
