using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

public sealed class StoreTests : IAsyncLifetime
{
    private readonly MemoryStore _store = new();
    private TestAcceptor _server = null!;

    public ValueTask InitializeAsync()
    {
        _server = TestAcceptor.Start(o => o with { Store = _store });
        return default;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(131_064)]
    [InlineData(131_066)]
    [InlineData(131_068)]
    [InlineData(262_144)]
    [InlineData(5_000_000)]
    public async Task A_data_set_of_any_length_arrives_byte_for_byte(int length)
    {
        await using var association = await AssociateAsync();
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(Instances.Ct(1, length)));
        await association.ReleaseAsync();
        Assert.Equal(Instances.Bytes(1, length), _store.Stored["1.2.3.1"]);
        var request = Assert.Single(_store.Requests);
        Assert.Equal("MODALITY", request.Peer.CallingAe.ToString());
        Assert.Same(TransferSyntax.ExplicitVRLittleEndian, request.TransferSyntax);
    }

    [Fact]
    public async Task A_region_of_a_file_is_sent_without_what_stands_before_it()
    {
        var path = Path.Combine(Path.GetTempPath(), $"drimbox-{Environment.ProcessId}-region");
        try
        {
            await File.WriteAllBytesAsync(path, [.. new byte[132], .. Instances.Bytes(4, 300_000)]);
            await using var association = await AssociateAsync();
            var source = InstanceSource.FromFile(
                path, 132, SopClass.CTImageStorage, Uid.Parse("1.9"), TransferSyntax.ExplicitVRLittleEndian.Uid);
            Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(source));
            Assert.Equal(Instances.Bytes(4, 300_000), _store.Stored["1.9"]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task When_the_disk_is_full_the_rest_is_read_and_the_answer_is_A700()
    {
        _store.FailAfter = 200_000;
        await using var association = await AssociateAsync();
        var scu = new CStoreScu(association);
        Assert.Equal(DimseStatus.OutOfResources, await scu.SendAsync(Instances.Ct(1, 1_000_000)));
        Assert.Equal(1, _store.Abandoned);
        // The association stands, and stores again as soon as there is room.
        _store.FailAfter = null;
        Assert.Equal(DimseStatus.Success, await scu.SendAsync(Instances.Ct(2, 1_000_000)));
        Assert.Equal(["1.2.3.2"], _store.Stored.Keys);
    }

    [Fact]
    public async Task The_status_of_the_store_goes_out_with_its_comment()
    {
        _store.Answer = DimseStatus.CannotUnderstand.With("A length runs past the end.");
        await using var association = await AssociateAsync();
        var status = await new CStoreScu(association).SendAsync(Instances.Ct(1));
        Assert.Equal(DimseStatus.CannotUnderstand, status);
        Assert.Equal("A length runs past the end.", status.Comment);
    }

    [Theory]
    [InlineData("1.2.840.10008.5.1.4.1.1.4", "1.2.3", 0x0122)]
    [InlineData("1.2.840.10008.5.1.4.1.1.2", "", 0x0117)]
    public void A_command_that_contradicts_its_context_is_refused_after_its_data_set(
        string sopClass, string instance, ushort status)
    {
        using var peer = RawPeer.Associate(
            _server.EndPoint,
            Pdus.Request("ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)));
        var command = Pdus.StoreRq(1, "1.2.3");
        command.AffectedSopClassUid = Uid.Parse(sopClass);
        command.AffectedSopInstanceUid = Uid.TryParse(instance, out var uid) ? uid : default;
        peer.Send(Pdus.Command(1, command));
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(50)));
        peer.Send(Pdus.PData(1, false, true, [1, 2]));
        Assert.Equal(status, peer.ReadCommand().Status!.Value.Code);
        Assert.Empty(_store.Requests);
    }

    [Fact]
    public void An_operation_that_is_none_is_0211()
    {
        using var peer = RawPeer.Associate(_server.EndPoint, Pdus.EchoRequest("ARCHIVE", "MODALITY"));
        foreach (var field in (
            CommandField[])[CommandField.NCreateRq, CommandField.CFindRq, CommandField.CMoveRq, (CommandField)0x0777])
        {
            var command = Pdus.EchoRq(3);
            command.CommandField = field;
            peer.Send(Pdus.Command(1, command));
            var response = peer.ReadCommand();
            Assert.Equal(DimseStatus.UnrecognizedOperation, response.Status);
            Assert.Equal(3, response.MessageIdBeingRespondedTo);
        }
    }

    [Fact]
    public async Task With_a_window_the_next_instance_is_received_while_the_first_becomes_durable()
    {
        _store.Gate = new TaskCompletionSource();
        await using var association = await AssociateAsync(window: 4);
        Assert.Equal(4, association.InvokedMax);
        var answers = new List<string>();
        var sending = new CStoreScu(association).SendAllAsync(
            Enumerable.Range(1, 10).Select(i => Instances.Ct(i, 100_000)),
            (instance, status) => answers.Add($"{instance.SopInstanceUid} {status.Code}"));
        SpinWait.SpinUntil(() => Volatile.Read(ref _store.Completing) == 4, TimeSpan.FromSeconds(10));
        Assert.Equal(4, _store.Completing);
        Assert.Empty(answers);
        _store.Gate.SetResult();
        await sending.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(10, answers.Count);
        Assert.Equal(10, _store.Stored.Count);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task Without_a_window_many_are_sent_one_after_the_other()
    {
        await using var association = await AssociateAsync();
        var count = 0;
        await new CStoreScu(
            association).SendAllAsync(Enumerable.Range(1, 5).Select(i => Instances.Ct(i)), (_, _) => count++);
        Assert.Equal(5, count);
    }

    [Fact]
    public async Task A_failure_while_many_are_sent_reaches_the_caller()
    {
        await using var association = await AssociateAsync(window: 4);
        IEnumerable<InstanceSource> all =
        [
            Instances.Ct(1),
            InstanceSource.FromFile(
                "/absent", 0, SopClass.CTImageStorage, Uid.Parse("1.2"), TransferSyntax.ExplicitVRLittleEndian.Uid),
        ];
        await Assert.ThrowsAnyAsync<IOException>(() => new CStoreScu(association).SendAllAsync(all, (_, _) => { }));
    }

    [Fact]
    public async Task Cancelling_ends_the_association()
    {
        _store.Gate = new TaskCompletionSource();
        await using var association = await AssociateAsync();
        using var cancel = new CancellationTokenSource();
        var sending = new CStoreScu(association).SendAsync(Instances.Ct(1), cancel.Token);
        SpinWait.SpinUntil(() => Volatile.Read(ref _store.Completing) == 1, TimeSpan.FromSeconds(10));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        _store.Gate.SetResult();
    }

    [Fact]
    public async Task What_no_context_fits_is_not_sent()
    {
        await using var association = await AssociateAsync();
        var mr = InstanceSource.FromMemory(
            new byte[2], SopClass.MRImageStorage, Uid.Parse("1.2"), TransferSyntax.ExplicitVRLittleEndian.Uid);
        Assert.Equal(DimseStatus.SopClassNotSupported, await new CStoreScu(association).SendAsync(mr));
        Assert.Empty(_store.Requests);
    }

    private Task<Association> AssociateAsync(int window = 1) => Association.RequestAsync(
        _server.Request(new ProposedContext(
            SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)) with { Window = window });
}
