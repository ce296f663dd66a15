using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>Who comes in, and with which A-ASSOCIATE-RJ the others stay out (attacks A11 and A12).</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task An_unknown_called_title_is_1_1_7()
    {
        await using var server = TestAcceptor.Start();
        Rejected(server, Pdus.EchoRequest("OTHER", "MODALITY"), 1, 1, 7);
        Rejected(server, Pdus.EchoRequest("archive", "MODALITY"), 1, 1, 7);
    }

    [Fact]
    public async Task An_unknown_calling_title_is_1_1_3_where_a_list_is_configured()
    {
        await using var server = TestAcceptor.Start(o => o with { Callers = [new CallerRule(AeTitle.Parse("CT1"))] });
        Rejected(server, Pdus.EchoRequest("ARCHIVE", "MODALITY"), 1, 1, 3);
        Accepted(server, Pdus.EchoRequest("ARCHIVE", "CT1"));
    }

    [Fact]
    public async Task A_known_title_from_another_network_is_1_1_3()
    {
        await using var server = TestAcceptor.Start(o => o with
        {
            Callers =
            [
                new CallerRule(AeTitle.Parse("CT1")) { Networks = [IPNetwork.Parse("10.0.0.0/8")] },
                new CallerRule(AeTitle.Parse("CT2")) { Networks =
                    [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("127.0.0.0/8")] },
            ],
        });
        Rejected(server, Pdus.EchoRequest("ARCHIVE", "CT1"), 1, 1, 3);
        Accepted(server, Pdus.EchoRequest("ARCHIVE", "CT2"));
    }

    [Fact]
    public async Task Titles_that_are_none_are_unknown_titles()
    {
        await using var server = TestAcceptor.Start();
        var pdu = AssociateEncoder.Encode(Pdus.EchoRequest("ARCHIVE", "MODALITY"));
        pdu.AsSpan(26, 16).Clear();
        using var peer = RawPeer.Connect(server.EndPoint);
        peer.Send(pdu);
        Assert.Equal(Pdus.Reject(1, 1, 3), peer.ReadPdu());
    }

    [Fact]
    public async Task Another_protocol_version_is_1_2_2()
    {
        await using var server = TestAcceptor.Start();
        Rejected(server, Pdus.EchoRequest("ARCHIVE", "MODALITY") with { ProtocolVersion = 2 }, 1, 2, 2);
    }

    [Fact]
    public async Task Another_application_context_is_1_1_2()
    {
        await using var server = TestAcceptor.Start();
        Rejected(
            server, Pdus.EchoRequest("ARCHIVE", "MODALITY") with { ApplicationContext = Uid.Parse("1.2.3") }, 1, 1, 2);
    }

    [Fact]
    public async Task One_association_too_many_is_2_3_2_until_another_ends()
    {
        await using var server = TestAcceptor.Start(o => o with { AssociationsMax = 2 });
        var request = Pdus.EchoRequest("ARCHIVE", "MODALITY");
        using var first = RawPeer.Associate(server.EndPoint, request);
        using var second = RawPeer.Associate(server.EndPoint, request);
        Rejected(server, request, 2, 3, 2);
        first.Send(FixedPdu.ReleaseRq());
        Assert.Equal(FixedPdu.ReleaseRp(), first.ReadPdu());
        // The place is free before the response leaves, so no peer that was told of the end is refused.
        Accepted(server, request);
    }

    [Fact]
    public async Task One_association_too_many_from_one_address_is_2_3_2()
    {
        await using var server = TestAcceptor.Start(o => o with { AssociationsPerPeerMax = 1 });
        var request = Pdus.EchoRequest("ARCHIVE", "MODALITY");
        using var first = RawPeer.Associate(server.EndPoint, request);
        Rejected(server, request, 2, 3, 2);
    }

    [Fact]
    public async Task Silent_connections_keep_nobody_out()
    {
        await using var server = TestAcceptor.Start(o => o with { AssociationsMax = 1 });
        var silent = new List<RawPeer>();
        for (var i = 0; i < Limits.ConnectionsPendingMax + 50; i++)
        {
            var peer = RawPeer.Connect(server.EndPoint);
            peer.Send(0x01, 0x00, 0x00);
            silent.Add(peer);
        }

        Accepted(server, Pdus.EchoRequest("ARCHIVE", "MODALITY"));
        // The oldest gave way.
        silent[0].ExpectClosed();
        silent.ForEach(p => p.Dispose());
    }

    [Fact]
    public async Task While_stopping_new_associations_are_2_3_1_and_a_transfer_may_end()
    {
        var store = new MemoryStore();
        await using var server = TestAcceptor.Start(o => o with { Store = store });
        var request = Pdus.Request(
            "ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid));
        using var busy = RawPeer.Associate(server.EndPoint, request);
        using var idle = RawPeer.Associate(server.EndPoint, request);
        busy.Send(Pdus.Command(1, Pdus.StoreRq(1, "1.2")));
        SpinWait.SpinUntil(() => !store.Requests.IsEmpty, TimeSpan.FromSeconds(10));
        var endPoint = server.EndPoint;
        var stopped = server.Acceptor.StopAsync();
        Assert.Equal(Pdus.Abort(2, 0), idle.ReadPdu());
        Rejected(server, request, 2, 3, 1);
        Assert.False(stopped.IsCompleted);
        busy.Send(Pdus.PData(1, false, true, [1, 2]));
        Assert.Equal(DimseStatus.Success, busy.ReadCommand().Status);
        await stopped.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Throws<System.Net.Sockets.SocketException>(() => RawPeer.Connect(endPoint));
    }

    [Fact]
    public async Task While_stopping_one_that_was_just_answered_may_release()
    {
        var clock = new ManualClock(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var server = TestAcceptor.Start(time: clock);
        var request = Pdus.EchoRequest("ARCHIVE", "MODALITY");
        using var answered = RawPeer.Associate(server.EndPoint, request);
        using var silent = RawPeer.Associate(server.EndPoint, request);
        answered.Send(Pdus.Command(1, Pdus.EchoRq(1)));
        Assert.Equal(DimseStatus.Success, answered.ReadCommand().Status);
        var stopped = server.Acceptor.StopAsync();
        clock.Advance(Limits.DrainIdleTime - Limits.DrainSweepInterval);
        answered.Send(FixedPdu.ReleaseRq());
        Assert.Equal(FixedPdu.ReleaseRp(), answered.ReadPdu());
        Assert.False(stopped.IsCompleted);
        Assert.Equal(1, server.Acceptor.AssociationCount);
        SpinWait.SpinUntil(
            () =>
            {
                clock.Advance(Limits.DrainSweepInterval);
                return server.Acceptor.AssociationCount == 0;
            },
            TimeSpan.FromSeconds(10));
        Assert.Equal(Pdus.Abort(2, 0), silent.ReadPdu());
        silent.Dispose();
        await stopped.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_caller_gets_only_the_services_of_its_rule()
    {
        await using var server = TestAcceptor.Start(o => o with
        {
            Store = new MemoryStore(),
            Callers = [new CallerRule(AeTitle.Parse("CT1")) { Services = AllowedServices.Echo }],
        });
        using var peer = RawPeer.Connect(server.EndPoint);
        peer.Send(AssociateEncoder.Encode(Pdus.Request(
            "ARCHIVE", "CT1",
            (SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid),
            (SopClass.CTImageStorage, TransferSyntax.ImplicitVRLittleEndian.Uid))));
        var pdu = peer.ReadPdu();
        Assert.True(AssociateDecoder.TryDecodeAccept(pdu.AsSpan(6), out var accept, out _));
        Assert.Equal(
            [PresentationContextResult.Acceptance, PresentationContextResult.UserRejection],
            accept!.Contexts.Select(c => c.Result));
    }

    private static void Rejected(TestAcceptor server, AssociateRequest request, byte result, byte source, byte reason)
    {
        using var peer = RawPeer.Connect(server.EndPoint);
        peer.Send(AssociateEncoder.Encode(request));
        Assert.Equal(Pdus.Reject(result, source, reason), peer.ReadPdu());
        peer.ExpectClosed();
    }

    private static void Accepted(TestAcceptor server, AssociateRequest request)
    {
        using var peer = RawPeer.Associate(server.EndPoint, request);
        peer.Send(Pdus.Command(1, Pdus.EchoRq(1)));
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
    }
}
