using Drimbox.Archive;
using Drimbox.Archive.Commitment;
using Drimbox.Archive.Completeness;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>An instance whose row is committed and whose file is not durable yet: nobody is promised anything that rests
/// on it.</summary>
public sealed class ArrivalTests
{
    private static readonly Uid Instance = Uid.Parse("1.2.1.1.1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_instance_again_does_not_rest_on_a_file_that_is_lost()
    {
        using var held = new HeldSync();
        await using var archive = await StartAsync(disk: held.Disk);
        var first = Task.Run(() => archive.StoreAsync(Ct(1, 1, 1)), Token);
        await RowAsync(archive);
        var again = Task.Run(() => archive.StoreAsync(Ct(1, 1, 1)), Token);
        held.SecondPassed.Wait(Token);
        Assert.False(first.IsCompleted);
        held.Release();
        Assert.Equal(DimseStatus.OutOfResources, await first);
        Assert.Equal(DimseStatus.Success, await again);
        var row = await archive.Node.Index.FindInstanceAsync(Instance, Token);
        Assert.Equal(Assert.Single(archive.Files()), Path.Combine(archive.NodeFolder, row!.File.FileName));
    }

    [Fact]
    public async Task A_commitment_waits_for_what_becomes_of_an_arrival()
    {
        await using var archive = await StartAsync();
        foreach (var number in (int[])[1, 2]) await archive.StoreAsync(Ct(1, 1, number));
        var surroundings = new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1) };
        var arrivals = new Arrivals();
        var check = new CommitmentCheck(
            archive.Node.Options, archive.Node.Index,
            InstanceFolders.Open(archive.NodeFolder, surroundings), arrivals,
            new StudyTransfers(TimeProvider.System, new WorkSignal(TimeProvider.System)), NullLogger.Instance);
        var turn = await arrivals.BeginAsync(Instance);
        var asked = check.CheckAsync([Sop("1.2.1.1.1")], Token).AsTask();
        // Another goes all the way meanwhile.
        Assert.Empty(await check.CheckAsync([Sop("1.2.1.1.2")], Token));
        var row = await archive.Node.Index.FindInstanceAsync(Instance, Token);
        await archive.Node.Index.RemoveAsync([row!.RowId], Token);
        turn.Dispose();
        Assert.Equal(CommitmentFailureReason.NoSuchObjectInstance, Assert.Single(await asked).Reason);
    }

    [Fact]
    public async Task Rows_are_marked_as_whole_up_to_the_oldest_that_is_under_way()
    {
        var arrivals = new Arrivals();
        arrivals.Saw(7);
        var slow = await arrivals.BeginAsync(Uid.Parse("1.1"));
        arrivals.Saw(8);
        var quick = await arrivals.BeginAsync(Uid.Parse("1.2"));
        arrivals.Saw(9);
        quick.Dispose();
        Assert.Equal(7, arrivals.WholeTo(9));
        var second = arrivals.BeginAsync(Uid.Parse("1.1")).AsTask();
        Assert.False(second.IsCompleted);
        slow.Dispose();
        using (await second) Assert.Equal(9, arrivals.WholeTo(12));
        Assert.Equal(12, arrivals.WholeTo(12));
    }

    private static ReferencedSop Sop(string instance) => new(SopClass.CTImageStorage, Uid.Parse(instance));

    private static async Task RowAsync(ArchiveFixture archive)
    {
        while (await archive.Node.Index.FindInstanceAsync(Instance, Token) is null) await Task.Yield();
    }

    /// <summary>A disk that holds the first fsync of a file until it is told to fail it.</summary>
    private sealed class HeldSync : IDisposable
    {
        private readonly ManualResetEventSlim _release = new();
        private int _syncs;

        public HeldSync()
        {
            Disk.Passing = call =>
            {
                if (call != DiskCall.Sync) return;
                if (Interlocked.Increment(ref _syncs) == 1) _release.Wait(Token);
                else SecondPassed.Set();
            };
            Disk.Arm(1, DiskFaultKind.DeviceError, DiskCall.Sync);
        }

        public FaultyDisk Disk { get; } = new(Drimbox.Storage.Disk.Real);

        public ManualResetEventSlim SecondPassed { get; } = new();

        public void Release() => _release.Set();

        public void Dispose()
        {
            _release.Set();
            _release.Dispose();
            SecondPassed.Dispose();
        }
    }
}
