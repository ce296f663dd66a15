using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.LifeCycle;

/// <summary>What was stored is read again and compared (campaign D7).</summary>
public sealed class ScrubberTests
{
    private static readonly ScrubOptions _fast = new() { MegabytesPerSecond = 10_000 };

    [Fact]
    public async Task A_bit_flipped_in_any_of_the_files_is_found()
    {
        var seed = Seed.Get();
        var random = new Random(seed);
        var log = new LoggedEvents();
        await using var archive = await StartScrubbedAsync(log);
        const int count = 40;
        for (var i = 1; i <= count; i++) await archive.StoreAsync(Ct(1, 1, i));
        var flipped = new HashSet<string>();
        foreach (var file in archive.Files().Where(_ => random.Next(4) > 0))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(file, bytes);
            flipped.Add(Path.GetFileName(file));
        }

        await ScrubAsync(archive);
        var damaged = (await archive.Node.Index.ListInstancesAsync(Uid.Parse("1.2.1"), default))
            .Where(i => i.DamagedAt is not null).Select(i => Path.GetFileName(i.FileName)).ToHashSet();
        Assert.Equal(flipped, damaged);
        var status = await archive.Node.LifeCycle.ScrubStatusAsync(default);
        Assert.Equal(flipped.Count, status.DamagedInstances);
        Assert.Equal((count, flipped.Count), (status.Round.Files, status.Round.Mismatches));
        Assert.Equal(flipped.Count, log.Text.Split('\n').Count(l => l.StartsWith("1162 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_prior_version_is_looked_at_too()
    {
        await using var archive = await StartScrubbedAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        var prior = archive.Files().Single();
        await archive.StoreAsync(Ct(1, 1, 1, fill: 9));
        var bytes = await File.ReadAllBytesAsync(prior);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(prior, bytes);
        await ScrubAsync(archive);
        var status = await archive.Node.LifeCycle.ScrubStatusAsync(default);
        Assert.Equal((2, 1, 1), (status.Round.Files, status.Round.Mismatches, status.DamagedInstances));
        // What stands is whole.
        Assert.False((await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default))!.Damaged);
    }

    [Fact]
    public async Task A_file_that_is_cut_short_or_gone_is_damaged()
    {
        await using var archive = await StartScrubbedAsync();
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        var files = archive.Files();
        await using (var cut = File.OpenWrite(files[0])) cut.SetLength(300);
        File.Delete(files[1]);
        await ScrubAsync(archive);
        Assert.Equal(2, (await archive.Node.LifeCycle.ScrubStatusAsync(default)).DamagedInstances);
    }

    [Fact]
    public async Task A_damaged_instance_fails_its_sub_operation_and_the_others_are_sent()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartScrubbedAsync(change: o => o with { Destinations = [workstation.Peer] });
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        await FlipAsync(archive, "1.2.1.1.2");
        await ScrubAsync(archive);
        var moved = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(0xB000, moved.Status.Code);
        Assert.Equal((2, 1), (moved.Counts.Completed, moved.Counts.Failed));
        Assert.Equal([Uid.Parse("1.2.1.1.2")], moved.FailedInstances);
        Assert.Equal(["1.2.1.1.1", "1.2.1.1.3"], workstation.Stored.Keys.Order());
    }

    [Fact]
    public async Task The_same_instance_again_takes_the_place_of_a_damaged_one()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartScrubbedAsync(change: o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        await FlipAsync(archive, "1.2.1.1.1");
        await ScrubAsync(archive);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1)));
        var moved = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(1, moved.Counts.Completed);
        // The damaged file goes with the removals that are left to finish.
        Assert.Equal(2, archive.Files().Length);
        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        Assert.Single(archive.Files());
    }

    [Fact]
    public async Task A_file_that_was_put_right_is_whole_again_in_the_next_round()
    {
        await using var archive = await StartScrubbedAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        var file = archive.Files().Single();
        var whole = await File.ReadAllBytesAsync(file);
        await FlipAsync(archive, "1.2.1.1.1");
        await ScrubAsync(archive);
        await File.WriteAllBytesAsync(file, whole);
        await ScrubAsync(archive);
        Assert.Equal(0, (await archive.Node.LifeCycle.ScrubStatusAsync(default)).DamagedInstances);
    }

    [Fact]
    public async Task A_paused_round_stays_paused_through_a_restart_and_goes_on_where_it_was()
    {
        await using var archive = await StartScrubbedAsync();
        for (var i = 1; i <= 5; i++) await archive.StoreAsync(Ct(1, 1, i));
        // As a stop in the middle of a round left it.
        await archive.Node.Index.WriteScrubAsync(
            new ScrubProgress(true, 3, DateTimeOffset.UnixEpoch.AddDays(1), null, 3, 3_000, 0), default);
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Equal("paused", (await after.Node.LifeCycle.ScrubStatusAsync(default)).State);
        await ScrubAsync(after);
        var status = await after.Node.LifeCycle.ScrubStatusAsync(default);
        Assert.Equal("waiting", status.State);
        Assert.Equal(5, status.Round.Files);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(1), status.Round.RoundStartedAt);
    }

    [Fact]
    public void Bytes_are_spread_over_time_and_lost_time_is_not_caught_up()
    {
        var pace = new Pace(1_000_000);
        Assert.Equal(TimeSpan.FromSeconds(0.5), pace.Spend(500_000, TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Spend(500_000, TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(0.75), pace.Spend(250_000, TimeSpan.FromSeconds(10.5)));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Spend(1_000_000, TimeSpan.FromSeconds(100)));
    }

    private static Task<ArchiveFixture> StartScrubbedAsync(
        LoggedEvents? log = null, Func<ArchiveOptions, ArchiveOptions>? change = null) => StartAsync(
        o => (change ?? (static same => same))(o) with { Scrub = _fast },
        around: s => log is null ? s : s with { Log = log });

    private static async Task ScrubAsync(ArchiveFixture archive) =>
        await (await archive.Node.LifeCycle.StartScrubAsync()).WaitAsync(TimeSpan.FromMinutes(1));

    private static async Task FlipAsync(ArchiveFixture archive, string instance)
    {
        var row = await archive.Node.Index.FindInstanceAsync(Uid.Parse(instance), default);
        var path = Path.Combine(archive.NodeFolder, row!.File.FileName);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
    }
}
