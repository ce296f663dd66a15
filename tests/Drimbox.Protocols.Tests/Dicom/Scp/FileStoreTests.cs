using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>What is received goes to a folder, a file an instance.</summary>
public sealed class FileStoreTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private readonly List<string> _stored = [];
    private TestAcceptor _server = null!;

    public ValueTask InitializeAsync()
    {
        _server = TestAcceptor.Start(o => o with { Store = new FileStoreScp(_folder.Path, _stored.Add) });
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (Directory.Exists(_folder.Path)) _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(131_066)]
    [InlineData(5_000_000)]
    public async Task An_instance_becomes_a_file_that_holds_its_data_set_byte_for_byte(int length)
    {
        await SendAsync(length);
        var path = Assert.Single(_stored);
        Assert.Equal(Path.Combine(_folder.Path, "1.2.3.1.dcm"), path);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var header = Part10Writer.Header(
            SopClass.CTImageStorage, Instances.Ct(1, length).SopInstanceUid,
            TransferSyntax.ExplicitVRLittleEndian.Uid, Drimbox.Core.Identity.AeTitle.Parse("MODALITY"));
        Assert.Equal([.. header, .. Instances.Bytes(1, length)], bytes);
    }

    [Fact]
    public async Task An_instance_that_comes_again_replaces_its_file_and_leaves_no_end_of_the_longer_one()
    {
        await SendAsync(300_000);
        var first = new FileInfo(_stored[0]).Length;
        await SendAsync(1_000);
        Assert.Equal(first - 299_000, new FileInfo(_stored[1]).Length);
        Assert.Single(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public async Task Fragments_of_any_sizes_and_claims_of_any_length_make_the_same_file()
    {
        var random = new Random(Seed.Get());
        var store = new FileStoreScp(_folder.Path);
        var peer = new AssociationPeer(AeTitle.Parse("MODALITY"), AeTitle.Parse("ARCHIVE"), IPAddress.Loopback);
        for (var round = 0; round < 200; round++)
        {
            // Claims less, as much, or more than comes.
            var dataSet = Claiming((uint)random.Next(1_000_000), random.Next(500_000));
            var sink = store.BeginStore(new CStoreRequest(
                peer, SopClass.CTImageStorage, Uid.Parse("1.2.3.1"), TransferSyntax.ExplicitVRLittleEndian,
                DimsePriority.Medium, default, null));
            var largest = random.Next(1, random.Next(2) == 0 ? 5_000 : 140_000);
            for (var at = 0; at < dataSet.Length;)
            {
                var count = Math.Min(dataSet.Length - at, random.Next(1, largest + 1));
                await sink.WriteAsync(dataSet.AsMemory(at, count), default);
                at += count;
            }

            await sink.CompleteAsync(default);
            var bytes = await File.ReadAllBytesAsync(
                Path.Combine(_folder.Path, "1.2.3.1.dcm"), TestContext.Current.CancellationToken);
            Assert.True(bytes.AsSpan(^dataSet.Length..).SequenceEqual(dataSet));
            Assert.Equal("DICM"u8, bytes.AsSpan(128, 4));
        }
    }

    [Fact]
    public async Task Disk_space_that_was_claimed_and_not_filled_is_given_back()
    {
        Peer.Require("stat");
        var instance = InstanceSource.FromMemory(
            Claiming(40_000_000, 299_988), SopClass.CTImageStorage, Uid.Parse("1.2.3.1"),
            TransferSyntax.ExplicitVRLittleEndian.Uid);
        await using var association = await AssociateAsync();
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(instance));
        Assert.InRange(new FileInfo(_stored[0]).Length, 300_000, 301_000);
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b %B", _stored[0]])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var blocks = (await stat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split(' ')
            .Select(long.Parse).ToList();
        Assert.InRange(blocks[0] * blocks[1], 1, 1_000_000);
    }

    [Fact]
    public async Task An_instance_that_is_cut_short_leaves_no_file()
    {
        using var peer = RawPeer.Associate(
            _server.EndPoint,
            Pdus.Request("ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)));
        peer.Send(Pdus.Command(1, Pdus.StoreRq(1, "1.2.3.1")));
        peer.Send(Pdus.PData(1, false, isLast: false, new byte[10_000]));
        peer.Dispose();
        // The stop waits for the session, which forgets the instance.
        await _server.Acceptor.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
        Assert.Empty(_stored);
    }

    [Fact]
    public async Task Without_its_folder_an_instance_is_answered_A700_and_the_association_goes_on()
    {
        _folder.Dispose();
        await using var association = await AssociateAsync();
        var scu = new CStoreScu(association);
        Assert.Equal(DimseStatus.OutOfResources.Code, (await scu.SendAsync(Instances.Ct(1, 300_000))).Code);
        Directory.CreateDirectory(_folder.Path);
        Assert.Equal(DimseStatus.Success, await scu.SendAsync(Instances.Ct(2, 300_000)));
        await association.ReleaseAsync(TestContext.Current.CancellationToken);
    }

    // Pixel Data of a claimed length, and bytes of another.
    private static byte[] Claiming(uint claimed, int length)
    {
        byte[] header = [0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'W', 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), claimed);
        return [.. header, .. Instances.Bytes(1, length)];
    }

    private async Task SendAsync(int length)
    {
        await using var association = await AssociateAsync();
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(Instances.Ct(1, length)));
        await association.ReleaseAsync(TestContext.Current.CancellationToken);
    }

    private Task<Association> AssociateAsync() => Association.RequestAsync(
        _server.Request(new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)));
}
