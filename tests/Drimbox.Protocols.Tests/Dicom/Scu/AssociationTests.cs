using System.Net;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scu;

/// <summary>The requestor against a scripted acceptor: what a user of an association gets to see.</summary>
public sealed class AssociationTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public AssociationTests() => _listener.Start();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_rejection_says_which_rule_and_what_to_do()
    {
        var requesting = RequestAsync();
        using var peer = Accept();
        peer.ReadPdu();
        peer.Send(Pdus.Reject(1, 1, 7));
        var refusal = await Assert.ThrowsAsync<AssociationRejectedException>(() => requesting);
        Assert.Equal(AssociateRejection.CalledAeNotRecognized, refusal.Rejection);
        Assert.Contains("1/1/7", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("called AE title", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_abort_in_place_of_an_answer_is_reported()
    {
        var requesting = RequestAsync();
        using var peer = Accept();
        peer.ReadPdu();
        peer.Send(Pdus.Abort(2, 6));
        var abort = await Assert.ThrowsAsync<AssociationAbortedException>(() => requesting);
        Assert.Equal(AssociationAbort.ByProvider(AbortReason.InvalidParameterValue), abort.Abort);
    }

    [Fact]
    public async Task A_peer_that_closes_or_speaks_http_is_reported()
    {
        var requesting = RequestAsync();
        using (var peer = Accept()) peer.ReadPdu();
        Assert.Null((await Assert.ThrowsAsync<AssociationAbortedException>(() => requesting)).Abort);

        requesting = RequestAsync();
        using var web = Accept();
        web.ReadPdu();
        web.Send("HTTP/1.1 400 Bad Request\r\n\r\n"u8);
        var abort = await Assert.ThrowsAsync<AssociationAbortedException>(() => requesting);
        Assert.Contains("may not speak DICOM", abort.Message, StringComparison.Ordinal);
        Assert.Equal(Pdus.Abort(2, 1), web.ReadPdu());
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_is_given_up_in_time()
    {
        var time = new FakeTime();
        var requesting = RequestAsync(o => o with { Time = time, AssociateTimeout = TimeSpan.FromSeconds(5) });
        using var peer = Accept();
        peer.ReadPdu();
        for (var i = 0; i < 500 && !peer.HasData(TimeSpan.FromMilliseconds(20)); i++) time.Advance(
            TimeSpan.FromSeconds(2));
        var abort = await Assert.ThrowsAsync<AssociationAbortedException>(() => requesting);
        Assert.Contains("silent", abort.Message, StringComparison.Ordinal);
        Assert.Equal(Pdus.Abort(2, 0), peer.ReadPdu());
    }

    [Fact]
    public async Task A_response_that_does_not_come_in_time_ends_the_association()
    {
        var time = new FakeTime();
        var (association, peer) = await EstablishAsync(
            o => o with { Time = time, ResponseTimeout = TimeSpan.FromSeconds(20) });
        var echo = new CEchoScu(association).SendAsync().AsTask();
        peer.ReadPdu();
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(50)));
        for (var i = 0; i < 500 && !peer.HasData(TimeSpan.FromMilliseconds(20)); i++) time.Advance(
            TimeSpan.FromSeconds(2));
        var abort = await Assert.ThrowsAsync<AssociationAbortedException>(() => echo);
        Assert.Contains("silent", abort.Message, StringComparison.Ordinal);
        Assert.Equal(Pdus.Abort(2, 0), peer.ReadPdu());
        peer.Dispose();
    }

    [Fact]
    public async Task An_identity_that_fits_no_item_is_refused_before_anything_is_sent()
    {
        var identity = new UserIdentity(UserIdentityType.SamlAssertion, false, new byte[70_000], default);
        var requesting = RequestAsync(o => o with { Identity = identity });
        using var peer = Accept();
        await Assert.ThrowsAsync<ArgumentException>(() => requesting);
        peer.ExpectClosed();
    }

    [Fact]
    public async Task Extended_negotiation_is_sent_as_it_is_and_answered_as_it_came()
    {
        var requesting = RequestAsync(o => o with
        {
            Extended = [new SopClassExtendedNegotiation(SopClass.CTImageStorage, new byte[] { 2, 0, 3, 0, 1, 0 })],
            CommonExtended = [new SopClassCommonExtendedNegotiation(
                Uid.Parse("1.2.3"), Uid.Parse("1.2.840.10008.4.2"), [SopClass.CTImageStorage])],
            Identity = new UserIdentity(UserIdentityType.Username, true, "user"u8.ToArray(), default),
        });
        using var peer = Accept();
        Assert.True(AssociateDecoder.TryDecodeRequest(peer.ReadPdu().AsSpan(6), out var request, out _));
        Assert.Equal([2, 0, 3, 0, 1, 0], request!.User.Extended.Single().ApplicationInformation.ToArray());
        Assert.Equal("1.2.3", request.User.CommonExtended.Single().SopClass.ToString());
        var answer = Answer with
        {
            User = Answer.User with { Extended = request.User.Extended, IdentityResponse = new byte[] { 7 } },
        };
        peer.Send(AssociateEncoder.Encode(answer));
        await using var association = await requesting;
        Assert.Equal(
            [2, 0, 3, 0, 1, 0], association.Negotiated.User.Extended.Single().ApplicationInformation.ToArray());
        Assert.Equal([7], association.Negotiated.User.IdentityResponse!.Value.ToArray());
    }

    [Fact]
    public async Task A_refused_port_is_a_socket_error()
    {
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _listener.Stop();
        await Assert.ThrowsAsync<SocketException>(() => Association.RequestAsync(Options(port)));
    }

    [Fact]
    public async Task Cancelling_a_request_ends_it()
    {
        using var cancel = new CancellationTokenSource();
        var requesting = RequestAsync(null, cancel.Token);
        using var peer = Accept();
        peer.ReadPdu();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => requesting);
    }

    [Fact]
    public async Task Colliding_releases_end_in_order()
    {
        // PS3.8 9.2.3: the requestor answers the peer's A-RELEASE-RQ (Sta9) before its own is answered (Sta11).
        var (association, peer) = await EstablishAsync();
        var releasing = association.ReleaseAsync();
        Assert.Equal(FixedPdu.ReleaseRq(), peer.ReadPdu());
        peer.Send(FixedPdu.ReleaseRq());
        Assert.Equal(FixedPdu.ReleaseRp(), peer.ReadPdu());
        Assert.False(releasing.IsCompleted);
        peer.Send(FixedPdu.ReleaseRp());
        await releasing.WaitAsync(TimeSpan.FromSeconds(10));
        peer.ExpectClosed();
        await association.DisposeAsync();
        peer.Dispose();
    }

    [Fact]
    public async Task Data_that_comes_while_a_release_is_awaited_is_dropped()
    {
        var (association, peer) = await EstablishAsync();
        var releasing = association.ReleaseAsync();
        peer.ReadPdu();
        peer.Send([.. Pdus.Command(1, Pdus.EchoRq(1)), .. FixedPdu.ReleaseRp()]);
        await releasing.WaitAsync(TimeSpan.FromSeconds(10));
        peer.Dispose();
    }

    [Fact]
    public async Task Disposing_without_a_release_aborts()
    {
        var (association, peer) = await EstablishAsync();
        await association.DisposeAsync();
        Assert.Equal(Pdus.Abort(0, 0), peer.ReadPdu());
        peer.ExpectClosed();
        peer.Dispose();
    }

    [Fact]
    public async Task An_abort_during_an_operation_is_reported()
    {
        var (association, peer) = await EstablishAsync();
        var echo = new CEchoScu(association).SendAsync();
        peer.ReadPdu();
        peer.Send(Pdus.Abort(0, 0));
        var abort = await Assert.ThrowsAsync<AssociationAbortedException>(async () => await echo);
        Assert.Equal(AssociationAbort.ByUser, abort.Abort);
        peer.Dispose();
    }

    [Fact]
    public async Task A_response_to_another_message_is_a_violation()
    {
        var (association, peer) = await EstablishAsync();
        var echo = new CEchoScu(association).SendAsync();
        peer.ReadPdu();
        peer.Send(Pdus.Command(1, Pdus.EchoRq(999).Respond(DimseStatus.Success)));
        await Assert.ThrowsAsync<AssociationAbortedException>(async () => await echo);
        Assert.Equal(Pdus.Abort(2, 2), peer.ReadPdu());
        peer.Dispose();
    }

    [Fact]
    public async Task A_status_is_what_the_peer_said()
    {
        var (association, peer) = await EstablishAsync();
        var echo = new CEchoScu(association).SendAsync();
        var request = peer.ReadCommand();
        peer.Send(Pdus.Command(1, request.Respond(DimseStatus.NotAuthorized)));
        Assert.Equal(DimseStatus.NotAuthorized, await echo);
        peer.Dispose();
        await association.DisposeAsync();
    }

    private async Task<(Association Association, RawPeer Peer)> EstablishAsync(
        Func<AssociationOptions, AssociationOptions>? change = null)
    {
        var requesting = RequestAsync(change);
        var peer = Accept();
        peer.ReadPdu();
        peer.Send(AssociateEncoder.Encode(Answer));
        return (await requesting, peer);
    }

    private static AssociateAccept Answer { get; } = new()
    {
        CalledAe = AeTitle.Parse("ARCHIVE"),
        CallingAe = AeTitle.Parse("MODALITY"),
        Contexts = [new PresentationContextAnswer(
            1, PresentationContextResult.Acceptance, TransferSyntax.ImplicitVRLittleEndian.Uid)],
        User = new UserInformation { MaximumLength = 16384, ImplementationClassUid = Uid.Parse("1.2.3") },
    };

    private RawPeer Accept() => RawPeer.Accept(_listener);

    private Task<Association> RequestAsync(
        Func<AssociationOptions, AssociationOptions>? change = null, CancellationToken token = default)
    {
        var options = Options(((IPEndPoint)_listener.LocalEndpoint).Port);
        return Task.Run(() => Association.RequestAsync(change is null ? options : change(options), token));
    }

    private static AssociationOptions Options(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        CallingAe = AeTitle.Parse("MODALITY"),
        CalledAe = AeTitle.Parse("ARCHIVE"),
        Contexts = [CEchoScu.Context],
    };
}
