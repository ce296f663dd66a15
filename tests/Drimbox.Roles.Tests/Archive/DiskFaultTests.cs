using System.Security.Cryptography;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>Campaign D4: every call of every sort that passes the seam to the disk fails in every way, once and for a
/// while.</summary>
[Requirement("reliability D4")]
public sealed class DiskFaultTests
{
    /// <summary>More calls of one sort than any store makes.</summary>
    private const int CallsMax = 30;

    private int _number;

    [Fact]
    public async Task Whatever_disk_call_fails_nothing_that_failed_is_a_success_and_the_next_store_is_one()
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartAsync(disk: disk);
        var struck = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var call in Enum.GetValues<DiskCall>())
        {
            foreach (var kind in Enum.GetValues<DiskFaultKind>())
            {
                foreach (var isLasting in (bool[])[false, true])
                {
                    // A call that is interrupted for ever is asked for ever, by us as by any other program.
                    if (isLasting && kind == DiskFaultKind.Interrupted) continue;
                    var nth = 1;
                    while (await StrikeAsync(archive, disk, call, kind, nth, isLasting))
                    {
                        struck.Add($"{call}");
                        Assert.True(++nth < CallsMax, "there is no end to the calls of a store");
                    }
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{_number} stores, struck in {string.Join(", ", struck)}");
        // The calls of the way of an instance. Folders are made, names changed and files read on other ways.
        Assert.Superset(
            new HashSet<string> { "Create", "OpenDirectory", "Sync", "SyncDirectory", "Unlink", "Write" }, struck);
        // docs/adr/0012: what arrives is not read again.
        Assert.DoesNotContain("OpenRead", struck);
        Assert.True(archive.Files().Length > _number);
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Equal(_number, (await after.Node.Index.ListAsync(0, 100_000, default)).Count);
        Assert.Equal(_number, after.Files().Length);
    }

    [Fact]
    public async Task A_rejection_note_whose_disk_fails_is_not_a_success_and_is_obeyed_when_it_comes_again()
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartAsync(disk: disk);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1)));
        for (var nth = 1; ; nth++)
        {
            disk.Arm(nth, DiskFaultKind.DeviceError);
            var status = await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
            if (!disk.HasStruck)
            {
                Assert.Equal(DimseStatus.Success, status);
                Assert.InRange(nth, 5, CallsMax);
                break;
            }

            Assert.Equal(DimseStatus.OutOfResources, status);
            disk.Arm(0, DiskFaultKind.DeviceError);
            Assert.Single(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
        }

        Assert.Empty(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
    }

    /// <summary>The name of a folder that could not be made was taken all the same, and until its 4,096 files were
    /// through every store failed.</summary>
    [Theory]
    [InlineData(DiskCall.MakeDirectory)]
    [InlineData(DiskCall.OpenDirectory)]
    [InlineData(DiskCall.SyncDirectory)]
    public void A_folder_that_cannot_be_made_fails_one_name_and_not_those_after_it(DiskCall call)
    {
        using var root = new StoreFolder();
        var disk = new FaultyDisk(Disk.Real);
        var folders = InstanceFolders.Open(
            root.Path, new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1), Disk = disk });
        var first = Path.GetDirectoryName(folders.NewName(out _));
        for (var i = 1; i < Limits.FilesPerFolderMax; i++)
            Assert.Equal(first, Path.GetDirectoryName(folders.NewName(out _)));

        disk.Arm(1, DiskFaultKind.NoSpace, call);
        Assert.Equal(StorageFault.Full, Assert.Throws<StorageFaultException>(() => folders.NewName(out _)).Fault);
        disk.Arm(0, DiskFaultKind.NoSpace);
        var next = Path.GetDirectoryName(folders.PathOf(folders.NewName(out _)));
        Assert.NotEqual(first, Path.GetRelativePath(root.Path, next!));
        Assert.True(Directory.Exists(next));
        // Its name is durable before any file in it can be.
        Assert.Equal(
            [DiskCall.MakeDirectory, DiskCall.OpenDirectory, DiskCall.SyncDirectory], disk.Trace);
    }

    /// <returns>False if the store made fewer calls of this sort.</returns>
    private async Task<bool> StrikeAsync(
        ArchiveFixture archive, FaultyDisk disk, DiskCall call, DiskFaultKind kind, int nth, bool isLasting)
    {
        var context = $"{call} {nth} {kind}{(isLasting ? " lasting" : "")}";
        var number = ++_number;
        var sent = DataSetWriter.ToBytes(Ct(1, 1, number), TransferSyntax.ExplicitVRLittleEndian);
        var files = archive.Files().Length;

        disk.Arm(nth, kind, call, isLasting);
        var status = await archive.StoreAsync(Ct(1, 1, number));
        var isStruck = disk.HasStruck;
        // What the caller is told is what is: all of it, or nothing.
        if (status == DimseStatus.Success) await AssertStoredAsync(archive, number, sent, context);
        else await AssertAbsentAsync(archive, number, files, context);
        var isHarmless = kind is DiskFaultKind.Interrupted or DiskFaultKind.ShortWrite;
        Assert.True(
            status == (isStruck && !isHarmless ? DimseStatus.OutOfResources : DimseStatus.Success),
            $"{context}: {status}");

        disk.Arm(0, kind);
        Assert.True(DimseStatus.Success == await archive.StoreAsync(Ct(1, 1, number)), $"{context}: not after it");
        await AssertStoredAsync(archive, number, sent, context);
        var whole = archive.Files().Length;
        Assert.Equal(files + 1, whole);

        // The same again: another way through the disk, at the end of which a file goes.
        disk.Arm(nth, kind, call, isLasting);
        status = await archive.StoreAsync(Ct(1, 1, number));
        Assert.True(
            status == DimseStatus.Success || (disk.HasStruck && !isHarmless && status == DimseStatus.OutOfResources),
            $"{context}, again: {status}");
        isStruck |= disk.HasStruck;
        disk.Arm(0, kind);
        await AssertStoredAsync(archive, number, sent, context);
        // A name that could not be removed goes with the sweep of the next start.
        var isLeft = call == DiskCall.Unlink && isStruck && !isHarmless;
        Assert.Equal(whole + (isLeft ? 1 : 0), archive.Files().Length);
        return isStruck;
    }

    private static async Task AssertStoredAsync(ArchiveFixture archive, int number, byte[] sent, string context)
    {
        var row = await archive.Node.Index.FindInstanceAsync(Uid.Parse($"1.2.1.1.{number}"), default);
        Assert.True(row is { Visible: true }, $"{context}: a success without a row");
        var bytes = await File.ReadAllBytesAsync(Path.Combine(archive.NodeFolder, row.File.FileName));
        Assert.Equal(row.File.Digest, FileDigest.Of(new MemoryStream(bytes)));
        Assert.True(bytes.AsSpan().EndsWith(sent), $"{context}: other bytes");
    }

    private static async Task AssertAbsentAsync(ArchiveFixture archive, int number, int files, string context)
    {
        Assert.True(
            await archive.Node.Index.FindInstanceAsync(Uid.Parse($"1.2.1.1.{number}"), default) is null,
            $"{context}: a row without a success");
        Assert.Equal(files, archive.Files().Length);
    }
}
