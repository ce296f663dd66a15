using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.LifeCycle;

/// <summary>A study that is deleted, and brought back.</summary>
public sealed class RemovalTests
{
    private static readonly Uid _study = Uid.Parse("1.2.1");

    [Fact]
    public async Task A_deleted_study_is_gone_for_everyone_and_comes_back_as_it_was()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(o => o with { Destinations = [workstation.Peer] });
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 3)));
        await archive.StoreAsync(Ct(2, 1, 1));
        var bytes = await File.ReadAllBytesAsync(await PathOfAsync(archive, "1.2.1.1.1"));
        var before = await archive.Node.Index.ListInstancesAsync(_study, default);

        var removal = Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive)).Removal;
        Assert.Equal(("root", 4), (removal.Actor, removal.Instances));
        Assert.Empty(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
        Assert.Single(archive.Files());
        Assert.Equal(4, archive.Files("trash").Length);

        Assert.IsType<RemovalResult.Done>(await archive.Node.LifeCycle.RestoreAsync(removal.Id, "root", default));
        Assert.Empty(archive.Files("trash"));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(await PathOfAsync(archive, "1.2.1.1.1")));
        Assert.Equal(before, await archive.Node.Index.ListInstancesAsync(_study, default));
        // What a note hid stays hidden.
        var moved = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(2, moved.Counts.Completed);
        Assert.Equal(
            "2", Assert.Single(await archive.FindAsync(
                "STUDY", (Tag.StudyInstanceUID, "1.2.1"), (Tag.NumberOfStudyRelatedInstances, "")))
                .GetString(Tag.NumberOfStudyRelatedInstances));
    }

    [Fact]
    public async Task A_deleted_study_may_come_again_and_then_its_trash_does_not_replace_other_bytes()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(1, 1, 2));
        var removal = Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive)).Removal;
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1, fill: 9)));
        var held = await archive.Node.LifeCycle.RestoreAsync(removal.Id, "root", default);
        Assert.Equal(new RemovalResult.Held(RemovalHold.CameAgain), held);
        await DeleteAsync(archive);
        // The same bytes are no conflict: they are there already, and the rest comes back.
        await archive.StoreAsync(Ct(1, 1, 1));
        Assert.IsType<RemovalResult.Done>(await archive.Node.LifeCycle.RestoreAsync(removal.Id, "root", default));
        Assert.Equal(2, (await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
        Assert.Equal(2, archive.Files().Length);
    }

    [Fact]
    public async Task Prior_versions_leave_and_come_back_with_their_study()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(1, 1, 1, fill: 9));
        var before = await FurtherAsync(archive);
        Assert.Single(before);
        var removal = Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive)).Removal;
        Assert.Empty(archive.Files());
        Assert.Equal(2, archive.Files("trash").Length);
        Assert.IsType<RemovalResult.Done>(await archive.Node.LifeCycle.RestoreAsync(removal.Id, "root", default));
        Assert.Equal(2, archive.Files().Length);
        Assert.Equal(before.Select(f => f.File), (await FurtherAsync(archive)).Select(f => f.File));
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Equal(2, after.Files().Length);
    }

    [Fact]
    public async Task A_protected_study_and_one_that_waits_to_be_delivered_stay()
    {
        await using var listener = new Receiver("DRIMBOX");
        await using var archive = await StartAsync(o => o with { IocmListeners = [listener.Peer with { Port = 9 }] });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(2, 1, 1));
        await archive.Node.Index.ProtectAsync(_study, "root", default);
        Assert.Equal(new RemovalResult.Held(RemovalHold.Protected), await DeleteAsync(archive));
        await archive.Node.Index.ProtectAsync(_study, null, default);
        // The note of study 1 cannot be passed on: nobody listens.
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        Assert.Equal(new RemovalResult.Held(RemovalHold.NotDelivered), await DeleteAsync(archive));
        Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive, "1.2.2"));
        Assert.Equal(new RemovalResult.Held(RemovalHold.Absent), await DeleteAsync(archive, "1.2.3"));
        Assert.Equal(2, archive.Files().Length);
    }

    [Fact]
    public async Task The_trash_is_emptied_after_its_time()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        await using var archive = await StartAsync(
            o => o with { TrashKept = TimeSpan.FromHours(3) }, around: s => s with { Time = clock });
        await archive.StoreAsync(Ct(1, 1, 1));
        var removal = Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive)).Removal;
        await archive.Node.StopAsync();
        clock.Advance(TimeSpan.FromHours(2));
        await archive.StartNodeAsync();
        Assert.Single(archive.Files("trash"));
        await archive.Node.StopAsync();
        clock.Advance(TimeSpan.FromHours(1));
        await archive.StartNodeAsync();
        Assert.Empty(archive.Files("trash"));
        Assert.Equal(
            new RemovalResult.Held(RemovalHold.NotKept),
            await archive.Node.LifeCycle.RestoreAsync(removal.Id, "root", default));
    }

    [Theory]
    [InlineData(DiskCall.Rename)]
    [InlineData(DiskCall.SyncDirectory)]
    public async Task A_crash_among_the_moves_loses_nothing(DiskCall call)
    {
        for (var nth = 1; ; nth++)
        {
            var disk = new FaultyDisk(Disk.Real);
            await using var archive = await StartAsync(disk: disk);
            for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
            disk.Arm(nth, DiskFaultKind.DeviceError, call);
            var removal = Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive)).Removal;
            var struck = disk.HasStruck;
            disk.Arm(0, DiskFaultKind.DeviceError);
            // The process dies where the fault was; the next start finishes the moves before it sweeps.
            await using var after = await archive.StartAfterCrashAsync();
            Assert.Empty(after.Files());
            Assert.Equal(3, after.Files("trash").Length);
            Assert.IsType<RemovalResult.Done>(await after.Node.LifeCycle.RestoreAsync(removal.Id, "root", default));
            Assert.Equal(3, (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
            Assert.Equal(3, after.Files().Length);
            if (struck) continue;
            Assert.InRange(nth, 4, 10);
            return;
        }
    }

    [Fact]
    public async Task A_crash_on_the_way_back_loses_nothing()
    {
        for (var nth = 1; nth <= 3; nth++)
        {
            var disk = new FaultyDisk(Disk.Real);
            await using var archive = await StartAsync(disk: disk);
            for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
            var removal = Assert.IsType<RemovalResult.Done>(await DeleteAsync(archive)).Removal;
            disk.Arm(nth, DiskFaultKind.DeviceError, DiskCall.Rename);
            await Assert.ThrowsAsync<StorageFaultException>(
                () => archive.Node.LifeCycle.RestoreAsync(removal.Id, "root", default));
            disk.Arm(0, DiskFaultKind.DeviceError);
            await using var after = await archive.StartAfterCrashAsync();
            Assert.Equal(3, (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
            Assert.Equal(3, after.Files().Length);
            Assert.Empty(after.Files("trash"));
        }
    }

    private static Task<RemovalResult> DeleteAsync(ArchiveFixture archive, string study = "1.2.1") =>
        archive.Node.LifeCycle.DeleteAsync(Uid.Parse(study), "root", "by mistake", default);

    private static async Task<IReadOnlyList<FurtherFile>> FurtherAsync(ArchiveFixture archive)
    {
        var instance = await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default);
        return await archive.Node.Index.FilesOfAsync(instance!.RowId, default);
    }

    private static async Task<string> PathOfAsync(ArchiveFixture archive, string instance) => Path.Combine(
        archive.NodeFolder, (await archive.Node.Index.FindInstanceAsync(Uid.Parse(instance), default))!.File.FileName);
}
