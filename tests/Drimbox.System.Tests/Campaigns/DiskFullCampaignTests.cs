using System.Diagnostics;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign D5: the disk of the files or that of the database is full at any point of an object. The sender
/// is told A700 after its last byte, everything else goes on, and once there is space so does storing.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability D5")]
public sealed class DiskFullCampaignTests(ITestOutputHelper output)
{
    private const int ObjectBytes = 1_000_000;

    private int _number;

    [Fact]
    public async Task Without_space_for_the_file_an_instance_is_A700_and_storing_goes_on_when_there_is_space()
    {
        await using var mounts = await SmallDisks.StartAsync();
        using var peer = new CampaignPeer(mounts.Archive.EndPoint);
        var kept = new List<string> { Stored(peer) };
        for (var percent = 0; percent <= 100; percent += 10)
        {
            mounts.Files.Fill(leaving: ObjectBytes / 100L * percent);
            // At 100 % of the object its header is what does not fit.
            Assert.Equal(DimseStatus.OutOfResources, Store(peer, out _));
            AssertServed(mounts.Archive, peer, kept);
            mounts.Files.Empty();
            kept.Add(Stored(peer));
        }

        mounts.Files.TakeInodes();
        Assert.Equal(DimseStatus.OutOfResources, Store(peer, out _));
        AssertServed(mounts.Archive, peer, kept);
        mounts.Files.Empty();
        kept.Add(Stored(peer));
        AssertServed(mounts.Archive, peer, kept);
        await mounts.AssertDatabaseIsSoundAsync(kept.Count);
        output.WriteLine($"11 levels and no inode: {kept.Count} stored, {_number - kept.Count} refused with A700");
    }

    [Fact]
    public async Task Without_space_for_the_database_an_instance_is_A700_and_storing_goes_on_when_there_is_space()
    {
        await using var mounts = await SmallDisks.StartAsync();
        using var peer = new CampaignPeer(mounts.Archive.EndPoint);
        var kept = new List<string> { Stored(peer) };
        foreach (var pages in (int[])[0, 1, 2, 4, 8, 16, 32])
        {
            mounts.Database.Fill(leaving: pages * 4096L);
            // The write-ahead log has room of its own from before: some more fit.
            DimseStatus status;
            string uid;
            while ((status = Store(peer, out uid, bytes: 1_000)) == DimseStatus.Success) kept.Add(uid);
            Assert.Equal(DimseStatus.OutOfResources, status);
            AssertServed(mounts.Archive, peer, kept);
            mounts.Database.Empty();
            kept.Add(Stored(peer));
        }

        AssertServed(mounts.Archive, peer, kept);
        await mounts.AssertDatabaseIsSoundAsync(kept.Count);
        output.WriteLine($"7 levels: {kept.Count} stored, {_number - kept.Count} refused with A700");
    }

    private string Stored(CampaignPeer peer)
    {
        Assert.Equal(DimseStatus.Success, Store(peer, out var uid));
        return uid;
    }

    private DimseStatus Store(CampaignPeer peer, out string uid, int bytes = ObjectBytes)
    {
        uid = $"1.2.826.5.{++_number}";
        return peer.Store(uid, bytes);
    }

    // C-ECHO and C-FIND over the association that was refused a moment ago, and over a new one.
    private static void AssertServed(KillableArchive archive, CampaignPeer peer, List<string> kept)
    {
        using var other = new CampaignPeer(archive.EndPoint);
        foreach (var one in (CampaignPeer[])[peer, other])
        {
            Assert.Equal(DimseStatus.Success, one.Echo());
            Assert.Equal(kept.Order(StringComparer.Ordinal), one.Find());
        }
    }
}

/// <summary>An archive with one small disk for its database and another for its files, in a name space of its
/// own.</summary>
internal sealed class SmallDisks : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();

    private SmallDisks() => Archive = new KillableArchive(Path.Combine(_folder.Path, "data"));

    public KillableArchive Archive { get; }

    /// <summary>Of <c>instances/</c>.</summary>
    public SmallDisk Files { get; private set; } = null!;

    /// <summary>Of everything else.</summary>
    public SmallDisk Database { get; private set; } = null!;

    public static async Task<SmallDisks> StartAsync()
    {
        Campaign.RequireRoot();
        var disks = new SmallDisks();
        var node = Path.Combine(disks.Archive.DataFolder, "archive");
        await disks.Archive.StartAsync(
            Peer.Require("unshare"), "--mount", "sh", "-ec",
            "mount -t tmpfs -o size=48m,nr_inodes=4096 database \"$0\"; mkdir -p \"$1/instances\"; "
            + "mount -t tmpfs -o size=48m,nr_inodes=4096 files \"$1/instances\"; shift; exec \"$@\"",
            disks.Archive.DataFolder, node);
        // The name space is not ours; the kernel shows it.
        var root = $"/proc/{disks.Archive.ProcessId}/root";
        disks.Database = new SmallDisk(root + disks.Archive.DataFolder);
        disks.Files = new SmallDisk($"{root}{node}/instances");
        return disks;
    }

    public async Task AssertDatabaseIsSoundAsync(int instances)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Peer.Require("nsenter"),
            [
                "--mount", $"--target={Archive.ProcessId}", Peer.Require("sqlite3"),
                Path.Combine(Archive.DataFolder, "archive", "archive.db"),
                "PRAGMA integrity_check; PRAGMA foreign_key_check; SELECT count(*) FROM instance;",
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var answer = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal($"ok\n{instances}\n", answer);
    }

    public async ValueTask DisposeAsync()
    {
        await Archive.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>A disk that can be filled up and emptied again.</summary>
internal sealed class SmallDisk(string folder)
{
    private string Filler => Path.Combine(folder, "filler");

    /// <summary>Leaves the whole pages of this many bytes free.</summary>
    public void Fill(long leaving)
    {
        const int page = 4096;
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var pages = new byte[256 * page];
        while (Free() - (leaving / page * page) is var excess and > 0)
            file.Write(pages, 0, (int)Math.Min(pages.Length, excess));
    }

    /// <summary>Leaves bytes, and no name for them.</summary>
    public void TakeInodes()
    {
        Directory.CreateDirectory(Filler + "s");
        try
        {
            for (var i = 0; ; i++) File.Create(Path.Combine(Filler + "s", $"{i}")).Dispose();
        }
        catch (IOException)
        {
            // That was the last.
        }
    }

    public void Empty()
    {
        File.Delete(Filler);
        if (Directory.Exists(Filler + "s")) Directory.Delete(Filler + "s", recursive: true);
    }

    private long Free() => new DriveInfo(folder).AvailableFreeSpace;
}
