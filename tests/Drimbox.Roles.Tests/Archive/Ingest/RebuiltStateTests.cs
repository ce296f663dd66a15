using Drimbox.Archive;
using Drimbox.Archive.Completeness;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Drimbox.Tests.Archive.Completeness;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Ingest;

/// <summary>What an index has beyond the files is not forgotten when it is made again, or the report says so.</summary>
public sealed class RebuiltStateTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    private readonly NoticeReceiver _source = new("DRIMSOURCE");
    private readonly ShiftedClock _clock = new();
    private TimeSpan _quiet = Soon;

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public async Task A_study_stays_protected_used_and_announced()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartNodeAsync(workstation);
        await archive.StoreAsync(Ct(1, 1, 1));
        await NoticeOfAsync("1.2.1");
        await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        await archive.Node.Index.ProtectAsync(Uid.Parse("1.2.1"), "root", default);
        var before = await StudiesAsync(archive);
        var complete = await archive.Node.Index.Completeness.ListAsync(null, 10, default);
        Assert.Equal("root", before[0].ProtectedBy);
        Assert.NotNull(before[0].AccessedOn);

        var report = await RebuildAsync(archive);
        Assert.Equal((true, 0, 0, 0), (report.HistoryKept, report.Damaged, report.StudiesOpen, report.StudiesOld));
        await archive.StartNodeAsync();
        Assert.Equal(
            (before[0].ProtectedBy, before[0].AccessedOn),
            ((await StudiesAsync(archive))[0].ProtectedBy, (await StudiesAsync(archive))[0].AccessedOn));
        Assert.Equal(complete, await archive.Node.Index.Completeness.ListAsync(null, 10, default));
        // Nobody is told of it again: the next that is told of is the next that comes.
        await archive.StoreAsync(Ct(2, 1, 1));
        await NoticeOfAsync("1.2.2");
    }

    [Fact]
    public async Task A_study_that_was_on_its_way_still_is_and_so_is_one_that_came_after_the_former_index()
    {
        _quiet = Never;
        await using var archive = await StartNodeAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.Node.StopAsync();
        // An index that was saved before the second study came.
        File.Copy(
            Path.Combine(archive.NodeFolder, "archive.db"), Path.Combine(archive.DataFolder, "saved.db"));
        await archive.StartNodeAsync();
        await archive.StoreAsync(Ct(2, 1, 1));
        await archive.Node.StopAsync();
        DeleteIndex(archive);
        File.Move(Path.Combine(archive.DataFolder, "saved.db"), Path.Combine(archive.NodeFolder, "archive.db"));
        var report = await RebuildAsync(archive);
        Assert.Equal((true, 2, 0), (report.HistoryKept, report.StudiesOpen, report.StudiesOld));
        _quiet = Soon;
        await archive.StartNodeAsync();
        var told = new[] { await _source.NextAsync(), await _source.NextAsync() };
        Assert.Equal(["1.2.1", "1.2.2"], told.Select(notice => notice.StudyInstanceUid.ToString()).Order());
    }

    [Fact]
    public async Task An_image_that_the_former_index_did_not_know_opens_its_study()
    {
        await using var archive = await StartNodeAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await NoticeOfAsync("1.2.1");
        await archive.Node.StopAsync();
        File.Copy(
            Path.Combine(archive.NodeFolder, "archive.db"), Path.Combine(archive.DataFolder, "saved.db"));
        await archive.StartNodeAsync();
        await archive.StoreAsync(Ct(1, 1, 2));
        await NoticeOfAsync("1.2.1");
        await archive.Node.StopAsync();
        DeleteIndex(archive);
        File.Move(Path.Combine(archive.DataFolder, "saved.db"), Path.Combine(archive.NodeFolder, "archive.db"));
        Assert.Equal(1, (await RebuildAsync(archive)).StudiesOpen);
        await archive.StartNodeAsync();
        Assert.Equal(2, (await _source.NextAsync()).Series.Sum(s => s.Instances.Count));
    }

    [Fact]
    public async Task Without_a_former_index_nobody_is_told_of_what_is_more_than_a_day_old()
    {
        await using var archive = await StartNodeAsync();
        _clock.Shift = -TimeSpan.FromHours(25);
        await archive.StoreAsync(Ct(1, 1, 1));
        await NoticeOfAsync("1.2.1");
        _clock.Shift = -TimeSpan.FromHours(23);
        await archive.StoreAsync(Ct(2, 1, 1));
        await NoticeOfAsync("1.2.2");
        await archive.Node.Index.ProtectAsync(Uid.Parse("1.2.1"), "root", default);
        await archive.Node.StopAsync();
        DeleteIndex(archive);
        _clock.Shift = TimeSpan.Zero;
        var report = await RebuildAsync(archive);
        Assert.Equal((false, 1, 1), (report.HistoryKept, report.StudiesOpen, report.StudiesOld));
        await archive.StartNodeAsync();
        await NoticeOfAsync("1.2.2");
        await archive.StoreAsync(Ct(3, 1, 1));
        await NoticeOfAsync("1.2.3");
        // What it was protected by is lost; that it is not used is not made up.
        var old = (await StudiesAsync(archive)).Single(study => study.StudyInstanceUid == Uid.Parse("1.2.1"));
        Assert.Null(old.ProtectedBy);
        Assert.Equal(DateOnly.FromDateTime(_clock.GetUtcNow().UtcDateTime), old.AccessedOn);
    }

    [Fact]
    public async Task Bytes_that_rotted_are_not_taken_for_what_was_received()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartNodeAsync(workstation);
        for (var instance = 1; instance <= 2; instance++) await archive.StoreAsync(Ct(1, 1, instance));
        var prior = (await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default))!;
        await archive.StoreAsync(Ct(1, 1, 1, fill: 9));
        var rotten = (await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.2"), default))!;
        foreach (var file in (InstanceFile[])[prior.File, rotten.File])
        {
            var path = Path.Combine(archive.NodeFolder, file.FileName);
            var bytes = await File.ReadAllBytesAsync(path);
            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
        }

        Assert.Equal(2, (await RebuildAsync(archive)).Damaged);
        await archive.StartNodeAsync();
        var after = (await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.2"), default))!;
        Assert.True(after.Damaged);
        Assert.Equal(rotten.File, after.File);
        Assert.Equal(1, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Failed);
        // Again, it says the same; and the instance that comes again is whole.
        Assert.Equal(2, (await RebuildAsync(archive)).Damaged);
        await archive.StartNodeAsync();
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 2)));
        Assert.Equal(2, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Completed);
    }

    private Task<ArchiveFixture> StartNodeAsync(Receiver? workstation = null) => StartAsync(
        o => o with
        {
            Destinations = workstation is null ? [] : [workstation.Peer],
            Completeness = new CompletenessOptions
            {
                Policy = new CompletenessPolicy(_quiet, _quiet), Peers = [_source.Peer],
            },
        },
        around: s => s with { Time = _clock });

    private async Task NoticeOfAsync(string study) =>
        Assert.Equal(study, (await _source.NextAsync()).StudyInstanceUid.ToString());

    private static async Task<List<StudyEntry>> StudiesAsync(ArchiveFixture archive) =>
        [.. await archive.Node.Index.ListStudiesAsync(new StudyFilter(), default)];

    private static void DeleteIndex(ArchiveFixture archive)
    {
        foreach (var file in Directory.GetFiles(archive.NodeFolder, "archive.db*")) File.Delete(file);
    }

    private static async Task<RebuildReport> RebuildAsync(ArchiveFixture archive)
    {
        await archive.Node.StopAsync();
        return await new IndexRebuild(
            archive.DataFolder, "pacs",
            new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1) }).RunAsync();
    }

    /// <summary>The time of this machine, put back or forward.</summary>
    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
