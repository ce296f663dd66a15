using System.Net;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign D3, the part that a file system would hide: the system calls of the program are recorded, the
/// states that POSIX allows after a crash at any of them are made, and an archive is started on each. ext4 commits the
/// name of a file with its fsync, so there a missing fsync of the folder could never be seen.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability D3")]
public sealed class CrashStateTests(ITestOutputHelper output)
{
    private const int Instances = 12;

    private readonly Dictionary<string, string> _sent = new(StringComparer.Ordinal);

    [Fact]
    public async Task From_every_state_that_a_crash_may_leave_an_archive_starts_with_all_that_it_acknowledged()
    {
        Campaign.RequireHarm();
        var seed = Seed.Get();
        var random = new Random(seed);
        var states = Campaign.Size(small: 40, large: 5_000);
        using var folder = new StoreFolder();
        var (history, answers) = await RecordAsync(folder);
        var lost = new List<string>();
        foreach (var at in answers.Values)
            lost.AddRange(await LostAsync(history, answers, at, Survival.Least, random));
        for (var state = 0; state < states; state++)
        {
            lost.AddRange(await LostAsync(
                history, answers, random.Next(history.Last + 1), (Survival)random.Next(3), random));
        }

        output.WriteLine($"{answers.Count + states} states of {history.Last} calls, {lost.Count} losses");
        Assert.True(lost.Count == 0, $"DRIMBOX_SEED={seed}: {string.Join(' ', lost)}");

        // The checker is not blind: without any one sort of fsync something is lost.
        foreach (var (name, isLeftOut) in ((string, Func<string, bool>)[])
            [
                ("files", path => path.EndsWith(".dcm", StringComparison.Ordinal)),
                ("folders of files", path => path.Contains("/instances/", StringComparison.Ordinal)
                    && !path.EndsWith(".dcm", StringComparison.Ordinal)),
                ("the folder of folders", path => path.EndsWith("/instances", StringComparison.Ordinal)),
                ("the write-ahead log", path => path.EndsWith("-wal", StringComparison.Ordinal)),
                ("the folder of the database", path => path.EndsWith("/archive", StringComparison.Ordinal)),
            ])
        {
            Assert.True(history.Synced.Any(isLeftOut), $"{name}: never synced");
            var seen = await LostAsync(
                history, answers, history.Last, Survival.Least, random, path => !isLeftOut(path));
            output.WriteLine($"without fsync of {name}: {seen.Count} of {answers.Count} lost");
            Assert.NotEmpty(seen);
        }
    }

    /// <summary>Stores under strace, and returns the calls with, for each instance, the line at which its answer
    /// began to leave.</summary>
    private async Task<(DiskHistory History, Dictionary<string, int> Answers)> RecordAsync(StoreFolder folder)
    {
        var log = Path.Combine(folder.Path, "calls");
        var request = Pdus.Request(
            "ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid));
        var root = Path.Combine(folder.Path, "data", "archive");
        await using (var archive = new KillableArchive(Path.Combine(folder.Path, "data")))
        {
            await archive.StartAsync(
                Peer.Require("strace"), "-D", "-f", "-y", "-qq", "--seccomp-bpf", "-s", "1000000", "-o", log, "-e",
                "trace=openat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,pwrite64,ftruncate,fsync,"
                + "fdatasync,sendto,sendmsg");
            // Two at a time, so that they share transactions and the fsync of their folder.
            using var first = RawPeer.Associate(archive.EndPoint, request);
            using var second = RawPeer.Associate(archive.EndPoint, request);
            for (var i = 0; i < Instances; i += 2)
            {
                Send(first, i);
                Send(second, i + 1);
                Assert.Equal(DimseStatus.Success, first.ReadCommand().Status);
                Assert.Equal(DimseStatus.Success, second.ReadCommand().Status);
            }

            await archive.KillAsync();
        }

        var calls = SystemCallTrace.Read(log);
        var answers = _sent.Keys.ToDictionary(
            uid => uid,
            uid => calls.First(call => call.Name is "sendto" or "sendmsg"
                && call.Arguments[1].Contains(uid + "\\0", StringComparison.Ordinal)).Start,
            StringComparer.Ordinal);
        return (new DiskHistory(calls, root), answers);
    }

    private void Send(RawPeer peer, int number)
    {
        // An even length, so that the UID is padded and ends with a zero.
        var uid = $"1.2.826.6.{number + 100}";
        var instance = CampaignInstance.Create(uid, 10_000 + (number * 2_000));
        _sent[uid] = Convert.ToHexStringLower(SHA256.HashData(instance));
        peer.Send([.. Pdus.Command(1, Pdus.StoreRq(1, uid)), .. Pdus.PData(1, false, true, instance)]);
    }

    /// <summary>Starts an archive on a state.</summary>
    /// <returns>What had been acknowledged and is not there, or is there and is not what was sent.</returns>
    private async Task<List<string>> LostAsync(
        DiskHistory history, Dictionary<string, int> answers, int at, Survival survival, Random random,
        Func<string, bool>? isHonoured = null)
    {
        using var folder = new StoreFolder();
        history.Rebuild(Path.Combine(folder.Path, "archive"), at, survival, random, isHonoured);
        await using var node = new ArchiveNode(
            new ArchiveOptions
            {
                NodeId = "archive", DataFolder = folder.Path, AeTitle = AeTitle.Parse("ARCHIVE"),
                Address = IPAddress.Loopback, Port = 0,
            },
            new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1) });
        await node.StartAsync(TestContext.Current.CancellationToken);
        var wrong = new List<string>();
        foreach (var (uid, sha256) in _sent)
        {
            var row = await node.Index.FindInstanceAsync(Uid.Parse(uid), TestContext.Current.CancellationToken);
            if (row is null)
            {
                if (answers[uid] <= at) wrong.Add($"{uid}@{at}/{survival}");
                continue;
            }

            var bytes = await File.ReadAllBytesAsync(
                Path.Combine(folder.Path, "archive", row.File.FileName), TestContext.Current.CancellationToken);
            if (row.File.DataSetSha256 != sha256 || row.File.Digest != FileDigest.Of(new MemoryStream(bytes)))
                wrong.Add($"{uid}@{at}/{survival} altered");
        }

        return wrong;
    }
}
