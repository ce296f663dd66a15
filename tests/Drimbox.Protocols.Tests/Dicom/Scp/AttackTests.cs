using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>Attacks A1 and A3 over a real socket, with the exact bytes of the answer.</summary>
public sealed class AttackTests : IAsyncLifetime
{
    private static readonly AssociateRequest CtRequest = Pdus.Request(
        "ARCHIVE", "MODALITY",
        (SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid),
        (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid));

    private readonly MemoryStore _store = new();
    private TestAcceptor _server = null!;

    public ValueTask InitializeAsync()
    {
        _server = TestAcceptor.Start(o => o with { Store = _store });
        return default;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    // Lengths over the limit, before and in place of a request: 2/6.
    [InlineData("01007FFFFFFF", 6)]
    [InlineData("010000040001", 6)]
    [InlineData("0400FFFFFFFF", 6)]
    [InlineData("040000000000", 6)]
    [InlineData("070000000005", 6)]
    [InlineData("0500FFFFFFFF", 6)]
    // Types that PS3.8 does not define, HTTP and TLS among them: 2/1.
    [InlineData("474554202F20485454502F312E310D0A", 1)]
    [InlineData("1603010200010001FC0303", 1)]
    [InlineData("00000000000000", 1)]
    [InlineData("080000000004", 1)]
    // PDUs out of place: 2/2.
    [InlineData("040000000010", 2)]
    [InlineData("020000000044", 2)]
    [InlineData("03000000000400010101", 2)]
    [InlineData("05000000000400000000", 2)]
    [InlineData("06000000000400000000", 2)]
    public void Before_an_association_the_answer_is_an_abort_of_the_provider(string hex, byte reason)
    {
        using var peer = RawPeer.Connect(_server.EndPoint);
        peer.Send(Convert.FromHexString(hex));
        Assert.Equal(Pdus.Abort(2, reason), peer.ReadPdu());
        peer.ExpectClosed();
        AssertServes();
    }

    [Fact]
    public void An_abort_before_an_association_just_closes()
    {
        using var peer = RawPeer.Connect(_server.EndPoint);
        peer.Send(Pdus.Abort(0, 0));
        peer.ExpectClosed();
        AssertServes();
    }

    [Theory]
    // PDV item length 0, 1, 3 (odd), larger than its PDU; a rest too short for a header.
    [InlineData("04000000000A 00000000 01 03 00000000")]
    [InlineData("04000000000A 00000001 01 03 00000000")]
    [InlineData("04000000000A 00000003 01 03 00000000")]
    [InlineData("04000000000A 00000008 01 03 00000000")]
    [InlineData("04000000000A FFFFFFFF 01 03 00000000")]
    [InlineData("040000000005 00000002 01")]
    [InlineData("04000000000C 00000002 01 01 000000020103")]
    // Larger than the maximum length that we offered.
    [InlineData("040000020001")]
    // A context that was not negotiated, or cannot be.
    [InlineData("04000000000A 00000006 05 03 00000000")]
    [InlineData("04000000000A 00000006 02 03 00000000")]
    // A command set that is none: wrong group, length past the end, no command field.
    [InlineData("04000000000E 0000000A 01 03 0800000000000000")]
    [InlineData("04000000000E 0000000A 01 03 000000010000FFFF")]
    [InlineData("04000000000E 0000000A 01 03 0000000000000000")]
    public void A_broken_fragment_ends_the_association_with_2_6(string hex) => Aborted(
        6, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));

    [Fact]
    public void An_unknown_type_within_an_association_is_2_1() => Aborted(1, [0x09, 0, 0, 0, 0, 4, 0, 0, 0, 0]);

    [Fact]
    public void A_second_request_is_2_2() => Aborted(2, AssociateEncoder.Encode(CtRequest));

    [Fact]
    public void A_data_set_before_its_command_is_2_2(
        ) => Aborted(2, Pdus.PData(3, isCommand: false, isLast: true, [1, 2]));

    [Fact]
    public void A_release_response_that_nobody_asked_for_is_2_2() => Aborted(2, FixedPdu.ReleaseRp());

    [Fact]
    public void A_response_that_nobody_asked_for_is_2_2() =>
        Aborted(2, Pdus.Command(1, Pdus.EchoRq(1).Respond(DimseStatus.Success)));

    [Fact]
    public void A_command_in_place_of_the_data_set_is_2_2() =>
        Aborted(2, [.. Pdus.Command(3, Pdus.StoreRq(1, "1.2")), .. Pdus.Command(3, Pdus.StoreRq(2, "1.3"))]);

    [Fact]
    public void A_data_set_in_another_context_is_2_6() =>
        Aborted(6, [.. Pdus.Command(3, Pdus.StoreRq(1, "1.2")), .. Pdus.PData(1, false, true, [1, 2])]);

    [Fact]
    public void A_release_within_a_message_is_2_2(
        ) => Aborted(2, [.. Pdus.Command(3, Pdus.StoreRq(1, "1.2")), .. FixedPdu.ReleaseRq()]);

    [Fact]
    public void A_command_that_never_ends_is_2_6_at_its_limit()
    {
        var fragments = new List<byte>();
        for (var i = 0; i <= Limits.CommandSetBytesMax / 1024; i++)
            fragments.AddRange(Pdus.PData(1, isCommand: true, isLast: false, new byte[1024]));
        Aborted(6, [.. fragments]);
    }

    [Fact]
    public void What_was_being_stored_is_abandoned()
    {
        Aborted(6, [.. Pdus.Command(
            3, Pdus.StoreRq(1, "1.2")), .. Pdus.PData(3, false, false, [1, 2]), 0x04, 0, 0, 2, 0, 1]);
        Assert.Equal(1, _store.Abandoned);
        Assert.Empty(_store.Stored);
    }

    [Fact]
    public void A_connection_lost_within_a_message_abandons_it()
    {
        using (var peer = RawPeer.Associate(_server.EndPoint, CtRequest))
        {
            peer.Send([.. Pdus.Command(3, Pdus.StoreRq(1, "1.2")), .. Pdus.PData(3, false, false, new byte[4096])]);
            peer.Send([0x04, 0, 0, 1, 0, 0]);
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref _store.Abandoned) == 1, TimeSpan.FromSeconds(10));
        Assert.Equal(1, _store.Abandoned);
        AssertServes();
    }

    [Fact]
    public void Fragments_may_be_cut_anywhere()
    {
        var dataSet = Instances.Bytes(1, 3000);
        byte[] all =
        [
            .. Pdus.Command(3, Pdus.StoreRq(7, "1.2")),
            .. Pdus.PData(3, false, false, dataSet.AsSpan(0, 1000)),
            .. Pdus.PData(3, false, false, []),
            .. Pdus.PData(3, false, false, dataSet.AsSpan(1000, 1998)),
            .. Pdus.PData(3, false, true, dataSet.AsSpan(2998)),
        ];
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        foreach (var b in all) peer.Send(b);
        var response = peer.ReadCommand();
        Assert.Equal(DimseStatus.Success, response.Status);
        Assert.Equal(7, response.MessageIdBeingRespondedTo);
        Assert.Equal(dataSet, _store.Stored["1.2"]);
    }

    [Fact]
    public void A_last_fragment_may_be_empty()
    {
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        peer.Send([.. Pdus.Command(
            3, Pdus.StoreRq(1, "1.2")), .. Pdus.PData(3, false, false, [1, 2]), .. Pdus.PData(3, false, true, [])]);
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
        Assert.Equal([1, 2], _store.Stored["1.2"]);
    }

    [Fact]
    public void Two_pdvs_may_share_a_pdu()
    {
        var command = Pdus.PData(3, true, true, Pdus.Encode(Pdus.StoreRq(1, "1.2"))).AsSpan(PduHeader.Size);
        var data = Pdus.PData(3, false, true, [1, 2, 3, 4]).AsSpan(PduHeader.Size);
        var header = new byte[PduHeader.Size];
        PduHeader.Write(header, PduType.PDataTf, command.Length + data.Length);
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        peer.Send([.. header, .. command, .. data]);
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
        Assert.Equal([1, 2, 3, 4], _store.Stored["1.2"]);
    }

    [Fact]
    public void Random_sessions_neither_stop_nor_hang_the_server()
    {
        var random = new Random(38);
        for (var i = 0; i < 300; i++)
        {
            using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
            var bytes = new List<byte>();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                bytes.AddRange(random.Next(4) switch
                {
                    0 => Pdus.Command(3, Pdus.StoreRq((ushort)n, "1.2")),
                    1 => Pdus.PData(
                        (byte)random.Next(6), random.Next(2) == 0, random.Next(2) == 0, new byte[random.Next(20) * 2]),
                    2 => Pdus.Command(1, Pdus.EchoRq((ushort)n)),
                    _ => FixedPdu.ReleaseRq(),
                });
            }

            var sent = bytes.ToArray();
            if (random.Next(2) == 0) sent[random.Next(sent.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                peer.Send(sent);
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Closed by the server in the midst of it.
            }
        }

        AssertServes();
    }

    private void Aborted(byte reason, params byte[] bytes)
    {
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        peer.Send(bytes);
        Assert.Equal(Pdus.Abort(2, reason), peer.ReadPdu());
        peer.ExpectClosed();
        AssertServes();
    }

    // Whatever one peer did, another is served.
    private void AssertServes()
    {
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        peer.Send(Pdus.Command(1, Pdus.EchoRq(1)));
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
        peer.Send(FixedPdu.ReleaseRq());
        Assert.Equal(FixedPdu.ReleaseRp(), peer.ReadPdu());
        peer.ExpectClosed();
    }
}
