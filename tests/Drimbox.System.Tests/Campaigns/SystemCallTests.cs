using System.Net;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign D4, the sample from outside: the kernel sees the calls that the seam counts and no others, and
/// real errors of system calls, those of SQLite among them, end as played ones do.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability D4")]
public sealed class SystemCallTests(ITestOutputHelper output)
{
    private const int StoresUnderFaults = 10;

    [Fact]
    public async Task The_calls_of_a_store_that_the_kernel_sees_are_those_that_pass_the_seam()
    {
        Campaign.RequireHarm();
        using var folder = new StoreFolder();
        var disk = new FaultyDisk(Disk.Real);
        await using var node = new ArchiveNode(
            new ArchiveOptions
            {
                NodeId = "archive", DataFolder = folder.Path, AeTitle = AeTitle.Parse("ARCHIVE"),
                Address = IPAddress.Loopback, Port = 0,
            },
            new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1), Disk = disk });
        await node.StartAsync(TestContext.Current.CancellationToken);
        using var peer = new CampaignPeer(new IPEndPoint(IPAddress.Loopback, node.Port));
        Assert.Equal(DimseStatus.Success, peer.Store("1.2.826.7.1", 400_000));

        var log = Path.Combine(folder.Path, "calls");
        await using (await Tracer.AttachAsync(
            Environment.ProcessId, "-y", "-s", "8", "-o", log, "-e",
            "trace=open,openat,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,write,pwrite64,writev,"
            + "pwritev,ftruncate,fallocate,fsync,fdatasync,sync_file_range,sync,syncfs"))
        {
            disk.Arm(0, DiskFaultKind.DeviceError);
            Assert.Equal(DimseStatus.Success, peer.Store("1.2.826.7.2", 400_000));
            // The same again: it is written, synced, and removed.
            Assert.Equal(DimseStatus.Success, peer.Store("1.2.826.7.2", 400_000));
        }

        var seen = SystemCallTrace.Read(log)
            .Where(call => call.Arguments.Any(argument => argument.Contains("/instances", StringComparison.Ordinal)))
            .Select(NameOf).ToList();
        output.WriteLine(string.Join(", ", seen.CountBy(name => name).Select(one => $"{one.Value} {one.Key}")));
        Assert.Equal(
            disk.Trace.Select(NameOf).CountBy(name => name).OrderBy(one => one.Key),
            seen.CountBy(name => name).OrderBy(one => one.Key));
        Assert.Equal(4, seen.Count(name => name == "fsync"));
    }

    [Fact]
    public async Task While_a_system_call_fails_nothing_is_a_success_and_afterwards_all_is_without_a_restart()
    {
        Campaign.RequireHarm();
        using var folder = new StoreFolder();
        await using var archive = new KillableArchive(Path.Combine(folder.Path, "data"));
        await archive.StartAsync();
        using var peer = new CampaignPeer(archive.EndPoint);
        var number = 0;
        var kept = new SortedSet<string>(StringComparer.Ordinal);
        Assert.Equal(DimseStatus.Success, Store());
        // All calls of a sort, or those of SQLite alone, which no seam of ours is under.
        string[] ofSqlite = ["-P", Path.Combine(archive.DataFolder, "archive", "archive.db-wal")];
        foreach (var (call, error, only) in ((string, string, string[])[])
            [
                ("fsync", "EIO", []), ("pwrite64", "ENOSPC", []), ("pwrite64", "EDQUOT", []),
                ("fsync", "EIO", ofSqlite), ("pwrite64", "ENOSPC", ofSqlite), ("pwrite64", "EIO", ofSqlite),
            ])
        {
            // 1+: whatever the thread, its every call; 3+5: only some, so that the fault comes later on the way.
            foreach (var when in (string[])["1+", "3+5"])
            {
                var log = Path.Combine(folder.Path, $"calls-{number}");
                var answers = new List<DimseStatus>();
                var first = number + 1;
                await using (await Tracer.AttachAsync(
                    archive.ProcessId,
                    [.. only, "-o", log, "-e", $"trace={call}", "-e", $"inject={call}:error={error}:when={when}"]))
                {
                    for (var i = 0; i < StoresUnderFaults; i++) answers.Add(Store());
                }

                var injected = (await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken))
                    .Count(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal));
                var refused = answers.Count(answer => answer == DimseStatus.OutOfResources);
                output.WriteLine(
                    $"{call} {error} {when}{(only.Length > 0 ? " in the log of SQLite" : "")}: {injected} injected, "
                    + $"{refused} of {StoresUnderFaults} refused");
                Assert.True(injected > 0 && refused > 0);
                Assert.Equal(StoresUnderFaults - refused, answers.Count(answer => answer == DimseStatus.Success));
                if (when == "1+") Assert.Equal(StoresUnderFaults, refused);
                Assert.Equal(DimseStatus.Success, Store());
                Assert.Equal(kept, peer.Find());
                // What was refused is sent again, and rests on nothing that it left.
                for (var again = first; again < first + StoresUnderFaults; again++)
                    Assert.Equal(DimseStatus.Success, Send(again));
                Assert.Equal(kept, peer.Find());
            }
        }

        // What was a success is there after the worst end, too.
        await archive.KillAsync();
        await archive.StartAsync();
        Assert.DoesNotContain("[1101]", archive.Output, StringComparison.Ordinal);
        using var after = new CampaignPeer(archive.EndPoint);
        Assert.Equal(kept, after.Find());

        DimseStatus Store() => Send(++number);

        DimseStatus Send(int instance)
        {
            var uid = $"1.2.826.7.{instance}";
            var status = peer.Store(uid, bytes: 20_000);
            if (status == DimseStatus.Success) kept.Add(uid);
            return status;
        }
    }

    private static string NameOf(SystemCall call) => call.Name switch
    {
        "openat" or "open" => "open",
        "unlink" or "unlinkat" => "unlink",
        _ => call.Name,
    };

    private static string NameOf(DiskCall call) => call switch
    {
        DiskCall.Create or DiskCall.OpenRead or DiskCall.OpenDirectory => "open",
        DiskCall.Write => "pwrite64",
        DiskCall.Sync or DiskCall.SyncDirectory => "fsync",
        DiskCall.Unlink => "unlink",
        DiskCall.Rename => "rename",
        _ => "mkdir",
    };
}
