using System.Diagnostics;
using System.Net;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Campaigns;

/// <summary>Campaign L1: as many associations as a node takes, and one after the other without end.</summary>
[Collection(nameof(OneCampaignAtATime))]
[Requirement("reliability L1")]
public sealed class AssociationCampaignTests(ITestOutputHelper output)
{
    private const int InstanceBytes = 512 * 1024;
    private const int FragmentBytes = 100_000;
    private const int ResidentMaxKiB = 256 * 1024;

    private static readonly AssociateRequest CtRequest = Pdus.Request(
        "ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid));

    [Fact]
    public async Task Two_hundred_associations_in_mid_transfer_stay_below_256_MiB_and_the_next_is_2_3_2()
    {
        var rounds = Campaign.Size(small: 2, large: 20);
        await using var archive = await ArchiveProcess.StartAsync();
        archive.WarmUp();
        output.WriteLine($"idle: {archive}");
        var descriptors = archive.Descriptors;
        // The limit for one address is 50; all of 127.0.0.0/8 is ours.
        var peers = Enumerable.Range(0, Limits.AssociationsMax)
            .Select(i => RawPeer.Associate(
                archive.EndPoint, CtRequest, $"127.0.0.{1 + (i / Limits.AssociationsPerPeerMax)}"))
            .ToList();
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < rounds; round++)
        {
            var instances = peers
                .Select((_, i) => CampaignInstance.Create($"1.2.826.0.{round + 1}.{i + 1}", InstanceBytes)).ToList();
            // All of them in the middle of an instance at once.
            await EachAsync(peers, (peer, i) =>
            {
                peer.Send(Pdus.Command(1, StoreRq($"1.2.826.0.{round + 1}.{i + 1}")));
                peer.Send(Pdus.PData(1, false, false, instances[i].AsSpan(0, FragmentBytes)));
                peer.Send(Pdus.PData(1, false, false, instances[i].AsSpan(FragmentBytes, FragmentBytes)));
            });
            if (round == 0)
            {
                // The kernel says when all of it has arrived: two hundred sockets and two hundred files.
                await Flow.Eventually.HoldsAsync(
                    () => Task.FromResult(archive.Descriptors), count => count >= descriptors + (2 * peers.Count) - 16,
                    count => $"only {count} descriptors are open");
                output.WriteLine($"in mid-transfer: {archive}");
                foreach (var from in (string[])["127.0.0.1", "127.0.0.5"])
                {
                    using var refused = RawPeer.Connect(archive.EndPoint, from);
                    refused.Send(AssociateEncoder.Encode(CtRequest));
                    Assert.Equal(Pdus.Reject(2, 3, 2), refused.ReadPdu());
                    refused.ExpectClosed();
                }
            }

            await EachAsync(peers, (peer, i) =>
            {
                var rest = instances[i].AsSpan(2 * FragmentBytes);
                for (; rest.Length > FragmentBytes; rest = rest[FragmentBytes..])
                    peer.Send(Pdus.PData(1, false, false, rest[..FragmentBytes]));
                peer.Send(Pdus.PData(1, false, true, rest));
            });
            await EachAsync(peers, (peer, _) => Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status));
        }

        output.WriteLine($"{rounds * peers.Count} instances in {clock.Elapsed}");
        await EachAsync(peers, (peer, _) =>
        {
            peer.Send(FixedPdu.ReleaseRq());
            Assert.Equal(FixedPdu.ReleaseRp(), peer.ReadPdu());
            peer.Dispose();
        });
        archive.Echo();
        await archive.DescriptorsReturnToAsync(descriptors);
        output.WriteLine($"at the end: {archive} (workstation GC, concurrent)");
        Assert.InRange(archive.ResidentMax, 0, ResidentMaxKiB);
    }

    [Fact]
    public async Task Ten_thousand_associations_one_after_the_other_leave_nothing_behind()
    {
        var count = Campaign.Size(small: 500, large: 10_000);
        await using var archive = await ArchiveProcess.StartAsync();
        // Both sorts, so that what is made once is there.
        for (var i = 0; i < Math.Max(100, count / 10); i++) OneAssociation(archive, i);
        var (resident, descriptors, threads) = (archive.Resident, archive.Descriptors, archive.Threads);
        output.WriteLine($"after the warm-up: {archive}");
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < count; i++) OneAssociation(archive, 1_000_000 + i);
        output.WriteLine($"{count} associations in {clock.Elapsed}");
        await archive.DescriptorsReturnToAsync(descriptors);
        output.WriteLine($"at the end: {archive}");
        // The collector gives memory back when it likes; a leak of 4 KiB an association would be 40 MiB.
        Assert.InRange(archive.Resident, 0, resident + (24 * 1024));
        Assert.InRange(archive.Threads, 0, threads + 16);
    }

    // Ends in turn by release, by abort and by going away; every tenth stores.
    private static void OneAssociation(ArchiveProcess archive, int number)
    {
        using var peer = RawPeer.Associate(archive.EndPoint, CtRequest);
        if (number % 10 == 0)
        {
            var uid = $"1.2.826.1.{number + 1}";
            var instance = CampaignInstance.Create(uid, 10_000);
            peer.Send([.. Pdus.Command(1, StoreRq(uid)), .. Pdus.PData(1, false, true, instance)]);
            Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
        }

        switch (number % 4)
        {
            case 0:
                return;
            case 1:
                peer.Send(Pdus.Abort(0, 0));
                return;
            case 2:
                // In mid-transfer.
                peer.Send([.. Pdus.Command(1, StoreRq("1.2.3")), .. Pdus.PData(1, false, false, new byte[1_000])]);
                return;
            default:
                peer.Send(FixedPdu.ReleaseRq());
                Assert.Equal(FixedPdu.ReleaseRp(), peer.ReadPdu());
                return;
        }
    }

    private static CommandSet StoreRq(string uid) => Pdus.StoreRq(1, uid);

    // Sockets that block, on a few threads: the sender must not be what is measured.
    private static Task EachAsync(List<RawPeer> peers, Action<RawPeer, int> action) => Task.WhenAll(
        Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(
            () =>
            {
                for (var i = thread; i < peers.Count; i += 8) action(peers[i], i);
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
}
