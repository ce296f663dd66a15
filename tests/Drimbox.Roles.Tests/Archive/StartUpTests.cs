using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>What a start finds after a crash.</summary>
public sealed class StartUpTests
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_crash()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 5; i++) await archive.StoreAsync(Ct(1, 1, i));
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Equal(5, (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
        Assert.Equal(DimseStatus.Success, await after.StoreAsync(Ct(1, 1, 6)));
    }

    [Fact]
    public async Task Rows_whose_files_are_not_whole_are_dropped_and_orphans_are_swept()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 4; i++) await archive.StoreAsync(Ct(1, 1, i));
        var names = new List<string>();
        for (var i = 1; i <= 3; i++)
            names.Add((await archive.Node.Index.FindInstanceAsync(Uid.Parse($"1.2.1.1.{i}"), default))!.File.FileName);
        await using var after = await archive.StartAfterCrashAsync(folder =>
        {
            File.Delete(Path.Combine(folder, names[0]));
            using (var cut = File.OpenWrite(Path.Combine(folder, names[1]))) cut.SetLength(300);
            var bytes = File.ReadAllBytes(Path.Combine(folder, names[2]));
            bytes[^1] ^= 1;
            File.WriteAllBytes(Path.Combine(folder, names[2]), bytes);
            File.WriteAllText(Path.Combine(folder, "instances/000001/orphan.dcm"), "half an object");
        });
        Assert.Equal(
            ["1.2.1.1.4"],
            (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Select(
                m => m.GetString(Tag.SOPInstanceUID)));
        Assert.Single(after.Files());
        // What there is of the two that are not whole is not destroyed: the sweep takes what has no row alone.
        Assert.Equal(
            names.Skip(1).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            after.Files("damaged").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        // What was dropped may come again.
        Assert.Equal(DimseStatus.Success, await after.StoreAsync(Ct(1, 1, 1)));
    }

    [Fact]
    public async Task After_a_clean_stop_nothing_is_read_again()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        Assert.True(archive.Node.Index.StoppedCleanly);
        Assert.Single(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "1.2.1")));
    }

    /// <summary>A start that was stopped in the middle of its check left the mark of a clean stop, and the next one
    /// trusted what nobody had looked at.</summary>
    [Fact]
    public async Task A_check_that_was_cut_short_is_made_by_the_next_start()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 2; i++) await archive.StoreAsync(Ct(1, 1, i));
        var name = (await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default))!.File.FileName;
        await using var after = await archive.StartAfterCrashAsync(async folder =>
        {
            File.Delete(Path.Combine(folder, name));
            await File.WriteAllTextAsync(Path.Combine(folder, "instances/000001/orphan.dcm"), "half an object");
            // The first start fails at the orphan, once its index is open.
            var disk = new FaultyDisk(Disk.Real);
            disk.Arm(1, DiskFaultKind.DeviceError, DiskCall.Unlink);
            var cutShort = new Drimbox.Archive.ArchiveNode(
                archive.Node.Options with { DataFolder = Path.GetDirectoryName(folder)! },
                new Drimbox.Archive.ArchiveSurroundings
                {
                    Ids = new Drimbox.Grains.Hosting.RandomIdSource(), Random = new Random(1), Disk = disk,
                });
            await Assert.ThrowsAsync<StorageFaultException>(() => cutShort.StartAsync());
        });
        Assert.False(after.Node.Index.StoppedCleanly);
        Assert.Single(await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
        Assert.Single(after.Files());
        await after.Node.StopAsync();
        await after.StartNodeAsync();
        Assert.True(after.Node.Index.StoppedCleanly);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_keeps_nothing_else_from_being_served_and_its_row_stays()
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartAsync(disk: disk);
        for (var i = 1; i <= 2; i++) await archive.StoreAsync(Ct(1, 1, i));
        await using var after = await archive.StartAfterCrashAsync(
            _ => disk.Arm(1, DiskFaultKind.DeviceError, DiskCall.OpenRead));
        Assert.True(disk.HasStruck);
        Assert.Equal(2, (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
        Assert.Equal(2, after.Files().Length);
    }

    /// <summary>Campaign D7. Whatever reads the files again finds every bit: the start now, the scrubber too.</summary>
    [Fact]
    [Requirement("reliability D7")]
    public async Task One_bit_that_flipped_in_any_file_is_found_and_the_file_is_never_served()
    {
        // A start reads the rows since the last mark again, and there is a mark every 1,000 rows.
        const int perCrash = 500;
        var seed = Seed.Get();
        var random = new Random(seed);
        var flips = Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") switch
        {
            null or "" => 10,
            "R" => 1_000,
            var number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture),
        };
        for (var done = 0; done < flips; done += perCrash)
        {
            var count = Math.Min(perCrash, flips - done);
            await using var archive = await StartAsync();
            for (var i = 1; i <= count + 3; i++) await archive.StoreAsync(Ct(1, 1, i));
            var harmed = (await archive.Node.Index.ListAsync(0, count + 3, default)).OrderBy(_ => random.Next())
                .Take(count).ToList();
            await using var after = await archive.StartAfterCrashAsync(folder =>
            {
                // The preamble and the file meta information are as good a place as the pixels.
                foreach (var row in harmed) FlipOneBit(Path.Combine(folder, row.File.FileName), random);
            });
            Assert.Equal(
                Enumerable.Range(1, count + 3).Select(i => $"1.2.1.1.{i}")
                    .Except(harmed.Select(row => row.SopInstanceUid.ToString())).Order(),
                (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")))
                    .Select(match => match.GetString(Tag.SOPInstanceUID)).Order());
            Assert.Equal(count, after.Files("damaged").Length);
            foreach (var row in harmed)
                Assert.Null(await after.Node.Index.FindInstanceAsync(row.SopInstanceUid, default));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{flips} bits flipped, {flips} found");
    }

    private static void FlipOneBit(string path, Random random)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(path, bytes);
    }

    [Fact]
    public async Task A_second_process_cannot_open_the_store()
    {
        await using var archive = await StartAsync();
        var second = new Drimbox.Archive.ArchiveNode(
            archive.Node.Options, new Drimbox.Archive.ArchiveSurroundings { Ids = new NoIds(
                ), Random = new Random(1) });
        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => second.StartAsync());
        Assert.Equal(StorageFault.InUse, fault.Fault);
    }

    private sealed class NoIds : Drimbox.Core.IIdSource
    {
        public Uid NewUid() => throw new InvalidOperationException();

        public string NewUuid() => throw new InvalidOperationException();
    }
}
