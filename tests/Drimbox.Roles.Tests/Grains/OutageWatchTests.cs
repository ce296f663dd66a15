using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Outages;
using Drimbox.Grains.Outages;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Grains;

/// <summary>What is away is told at once and once, whatever the store does meanwhile; and the disk is one of the things
/// that a node needs.</summary>
[Requirement("DB.SO.21")]
public sealed class OutageWatchTests : IAsyncLifetime
{
    private const int Began = 5110;
    private const int Ended = 5111;
    private const int NotWritten = 5112;

    private readonly StoreFolder _folder = new();
    private readonly ManualClock _clock = new(DateTimeOffset.UnixEpoch);
    private readonly LoggedEvents _log = new();
    private readonly FaultyDisk _disk = new(Disk.Real) { Space = (long.MaxValue, long.MaxValue) };
    private FlowStore _store = null!;
    private OutageWatch _watch = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path, Clock = _clock }, Token);
        _watch = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _store.DisposeAsync();
        _folder.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task A_restart_tells_nothing_anew()
    {
        _watch.Notice("dmp", isAway: true);
        _watch.Notice("pacs", isAway: true);
        _watch.Notice("pacs", isAway: false);
        await _watch.DisposeAsync();

        _watch = await StartAsync();
        _watch.Notice("dmp", isAway: true);
        Assert.Equal("dmp", Assert.Single(_watch.Open).Peer);
        _clock.Advance(TimeSpan.FromHours(24));
        _watch.Notice("dmp", isAway: false);
        _watch.Notice("dmp", isAway: false);

        Assert.Empty(_watch.Open);
        Assert.Equal((2, 2), (CountOf(Began), CountOf(Ended)));
        Assert.Contains("'dmp' is back after 1.00:00:00", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_processes_of_a_node_tell_one_outage_once_and_know_of_each_others()
    {
        var other = await StartAsync();
        var stream = new StreamId("node/outages");
        _watch.Notice("dmp", isAway: true);
        while ((await _store.LoadAsync(stream, 0, Token)).Count < 1) await Task.Yield();
        other.Notice("dmp", isAway: true);
        other.Notice("pacs", isAway: true);
        while ((await _store.LoadAsync(stream, 0, Token)).Count < 2) await Task.Yield();
        _watch.Notice("dmp", isAway: false);
        await _watch.DisposeAsync();
        await other.DisposeAsync();

        var events = await _store.LoadAsync(stream, 0, Token);
        Assert.Equal(["OutageBegan", "OutageBegan", "OutageEnded"], events.Select(e => e.Type));
        Assert.Equal(["dmp", "pacs"], other.Open.Select(open => open.Peer));
        Assert.Equal(["pacs"], _watch.Open.Select(open => open.Peer));
        _watch = await StartAsync();
        Assert.Equal(["pacs"], _watch.Open.Select(open => open.Peer));
    }

    [Fact]
    public async Task What_the_store_does_not_take_is_told_all_the_same_and_recorded_when_it_does()
    {
        FlowStorePlace.Execute(
            _folder.Path, "CREATE TRIGGER no_room BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'no room'); END",
            "ALTER TABLE event ADD CONSTRAINT no_room CHECK (false) NOT VALID");
        _watch.Notice(Outage.Disk, isAway: true);
        _clock.Advance(TimeSpan.FromMinutes(1));
        _watch.Notice(Outage.Disk, isAway: false);
        await _log.WhenAsync(NotWritten);
        Assert.Equal((1, 1), (CountOf(Began), CountOf(Ended)));

        FlowStorePlace.Execute(_folder.Path, "DROP TRIGGER no_room", "ALTER TABLE event DROP CONSTRAINT no_room");
        while ((await _store.LoadAsync(new StreamId("node/outages"), 0, Token)).Count < 2)
        {
            _clock.Advance(Limits.StoreRetryDelayMax);
            await Task.Yield();
        }

        var record = Assert.Single(await _store.ReadAuditAsync(0, 10, Token));
        Assert.Contains("1970-01-01T00:00:00", record.Record.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("reliability D5")]
    public void Between_the_two_marks_of_free_space_nothing_changes_and_a_disk_must_take_a_file_again()
    {
        using var space = new StoreSpace(_disk, _folder.Path, _watch, _clock);
        space.Start();
        foreach (var (free, hasRoom) in ((long, bool)[])
            [
                (Limits.FlowFreeBytesMin, true), (Limits.FlowFreeBytesMin - 1, false),
                (Limits.FlowFreeBytesResume - 1, false), (Limits.FlowFreeBytesResume, true),
                (Limits.FlowFreeBytesMin, true),
            ])
        {
            _disk.Space = (free, long.MaxValue);
            _clock.Advance(Limits.DiskLookInterval);
            Assert.Equal(hasRoom, space.HasRoom);
        }

        // A write that found no inode, and free bytes enough.
        space.Met(StorageFault.Full);
        _disk.Space = (long.MaxValue, long.MaxValue);
        _disk.Arm(1, DiskFaultKind.NoSpace, DiskCall.Create, isLasting: true);
        _clock.Advance(Limits.DiskLookInterval);
        Assert.False(space.HasRoom);
        _disk.Arm(0, DiskFaultKind.NoSpace);
        _clock.Advance(Limits.DiskLookInterval);
        Assert.True(space.HasRoom);
        space.Met(StorageFault.Io);
        Assert.True(space.HasRoom);
        Assert.Equal((2, 2), (CountOf(Began), CountOf(Ended)));
        Assert.False(File.Exists(Path.Combine(_folder.Path, "space-probe")));
    }

    [Fact]
    public void A_server_that_is_full_is_not_the_disk_that_is_full()
    {
        using var space = new StoreSpace(_disk, _folder.Path, _watch, _clock, holdsStore: false);
        space.Start();
        space.Met(StorageFault.Full);
        Assert.True(space.HasRoom);
        space.MetFull();
        Assert.False(space.HasRoom);
    }

    private int CountOf(int id) =>
        _log.Text.Split('\n').Count(line => line.StartsWith($"{id} ", StringComparison.Ordinal));

    private async Task<OutageWatch> StartAsync()
    {
        var node = new AuditNode("node", "1.2.3", "host", 1, Core.Identity.AeTitle.Parse("NODE"));
        var watch = new OutageWatch("node", _store, _clock, _log, e => e is OutageBegan began
            ? AuditRecord.Of(AuditEvents.FeedingInterrupted(node, "why", began.At), node.Source)
            : null);
        await watch.StartAsync(Token);
        return watch;
    }
}
