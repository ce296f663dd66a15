using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.LifeCycle;

/// <summary>A disk that fills up is an event: storing stops before the disk is full, and only storing.</summary>
public sealed class DiskWatermarkTests : IDisposable
{
    private const long Total = 1_000_000;

    private readonly FaultyDisk _disk = new(Disk.Real) { Space = (Total, Total) };
    private readonly ManualClock _clock = new(new DateTimeOffset(2026, 8, 30, 9, 0, 0, TimeSpan.Zero));
    private readonly LoggedEvents _log = new();

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData(0, 5, 1_000_000, 50_000)]
    [InlineData(70_000, 5, 1_000_000, 70_000)]
    [InlineData(0, 0, 1_000_000, 0)]
    [InlineData(long.MaxValue, 5, 1_000_000, long.MaxValue)]
    public void The_mark_is_the_larger_of_the_two_minima(long bytes, double percent, long total, long mark) =>
        Assert.Equal(mark, new DiskSpaceOptions { FreeBytesMin = bytes, FreePercentMin = percent }.Mark(total));

    [Fact]
    public void Between_the_two_marks_it_stays_as_it_was()
    {
        var space = new DiskSpaceOptions { FreeBytesMin = 0, FreePercentMin = 5, ResumePercent = 120 };
        foreach (var free in (long[])[0, 49_999, 50_000, 59_999, 60_000, Total])
        {
            Assert.Equal(free >= 50_000, space.Takes(true, free, Total));
            Assert.Equal(free >= 60_000, space.Takes(false, free, Total));
        }
    }

    [Fact]
    public async Task Below_the_mark_who_only_stores_is_rejected_transiently_and_all_else_goes_on()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartNodeAsync(o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        SetFree(49_999);
        var refused = await Assert.ThrowsAsync<AssociationRejectedException>(() => archive.StoreAsync(Ct(1, 1, 2)));
        Assert.Equal("2/3/1", refused.Rejection.ToString());
        Assert.Single(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "1.2.1")));
        Assert.Equal(1, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Completed);
        await using var echo = await archive.CallAsync(CEchoScu.Context);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(echo).SendAsync());
    }

    [Fact]
    public async Task Below_the_mark_a_mixed_association_is_accepted_without_what_stores()
    {
        await using var archive = await StartNodeAsync();
        SetFree(0);
        await using var association = await archive.CallAsync(
            [CFindScu.ContextFor(Find), .. CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))])]);
        Assert.NotNull(association.FindContext(Find));
        Assert.Null(association.FindContext(SopClass.CTImageStorage));
    }

    [Fact]
    public async Task Below_the_mark_C_GET_brings_images_back()
    {
        await using var archive = await StartNodeAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        SetFree(0);
        var get = SopClass.StudyRootQueryRetrieveInformationModelGet;
        await using var association = await archive.CallAsync(
            CFindScu.ContextFor(get),
            new ProposedContext(SopClass.CTImageStorage, [TransferSyntax.ExplicitVRLittleEndian.Uid]) { AsScp = true });
        await using var here = new Receiver("HERE");
        var got = await new CGetScu(association).GetAsync(
            get, Query("STUDY", (Tag.StudyInstanceUID, "1.2.1")), here);
        Assert.Equal(1, got.Counts.Completed);
        Assert.Equal(["1.2.1.1.1"], here.Stored.Keys);
    }

    [Fact]
    public async Task An_association_that_stands_gets_A700_after_the_whole_data_set_and_lives_on()
    {
        await using var archive = await StartNodeAsync();
        var source = ArchiveFixture.Source(Ct(1, 1, 1));
        await using var association = await archive.CallAsync(CStoreScu.ContextsFor([source]));
        var store = new CStoreScu(association);
        Assert.Equal(DimseStatus.Success, await store.SendAsync(source));
        SetFree(49_999);
        for (var i = 2; i <= 4; i++) Assert.Equal(0xA700, (await store.SendAsync(ArchiveFixture.Source(Ct(1, 1, i)))).Code);
        Assert.Single(archive.Files());
        SetFree(60_000);
        Assert.Equal(DimseStatus.Success, await store.SendAsync(ArchiveFixture.Source(Ct(1, 1, 2))));
        Assert.Equal(2, archive.Files().Length);
    }

    [Fact]
    public async Task It_recovers_by_itself_at_the_resume_mark_with_one_event_each_way()
    {
        await using var archive = await StartNodeAsync();
        for (var i = 0; i < 3; i++)
        {
            SetFree(49_999 - i);
            Assert.False(archive.Node.LifeCycle.Disk.TakesInstances);
        }

        SetFree(59_999);
        Assert.False(archive.Node.LifeCycle.Disk.TakesInstances);
        Assert.Equal(_clock.GetUtcNow() - TimeSpan.FromSeconds(3), archive.Node.LifeCycle.Disk.Since);
        SetFree(60_000);
        Assert.True(archive.Node.LifeCycle.Disk.TakesInstances);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1)));
        Assert.Equal(1, Count("1160 "));
        Assert.Equal(1, Count("1161 "));
    }

    [Fact]
    public async Task A_write_that_finds_no_space_looks_at_once()
    {
        await using var archive = await StartNodeAsync();
        // Since the last look the disk has filled up; no second passes.
        _disk.Space = (0, Total);
        _disk.Arm(1, DiskFaultKind.NoSpace, DiskCall.Write);
        Assert.Equal(DimseStatus.OutOfResources.Code, (await archive.StoreAsync(Ct(1, 1, 1))).Code);
        Assert.False(archive.Node.LifeCycle.Disk.TakesInstances);
        await Assert.ThrowsAsync<AssociationRejectedException>(() => archive.StoreAsync(Ct(1, 1, 1)));
    }

    private Task<ArchiveFixture> StartNodeAsync(Func<ArchiveOptions, ArchiveOptions>? change = null) => StartAsync(
        o => (change ?? (static same => same))(o) with
        {
            Disk = new DiskSpaceOptions { FreeBytesMin = 0, FreePercentMin = 5, ResumePercent = 120 },
        },
        _disk,
        around: s => s with { Time = _clock, Log = _log });

    private void SetFree(long bytes)
    {
        _disk.Space = (bytes, Total);
        _clock.Advance(TimeSpan.FromSeconds(1));
    }

    private int Count(string id) => _log.Text.Split('\n').Count(line => line.StartsWith(id, StringComparison.Ordinal));
}
