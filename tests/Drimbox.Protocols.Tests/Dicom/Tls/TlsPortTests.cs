using System.Security.Authentication;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Tls;

/// <summary>TLS and no TLS on the wrong ports, and handshakes that never end (attack A11).</summary>
public sealed class TlsPortTests : IDisposable
{
    private readonly TlsFixture _tls = new();
    private readonly LogLines _log = new();

    public void Dispose() => _tls.Dispose();

    [Fact]
    public async Task Dicom_without_tls_on_a_tls_port_is_closed_and_logged()
    {
        await using var server = _tls.Start(log: _log);
        using var peer = RawPeer.Connect(server.EndPoint);
        peer.Send(AssociateEncoder.Encode(Pdus.EchoRequest("ARCHIVE", "MODALITY")));
        peer.ExpectClosed();
        Assert.Contains("without TLS; this port expects TLS", _log.Expect(1050), StringComparison.Ordinal);

        using var web = RawPeer.Connect(server.EndPoint);
        web.Send("GET / HTTP/1.1\r\n\r\n"u8);
        web.ExpectClosed();
    }

    [Fact]
    public async Task Tls_on_a_port_without_it_is_aborted_and_logged()
    {
        await using var server = TestAcceptor.Start(log: _log);
        using var peer = RawPeer.Connect(server.EndPoint);
        // The first bytes of a ClientHello record.
        peer.Send(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03);
        Assert.Equal(Pdus.Abort(2, 1), peer.ReadPdu());
        peer.ExpectClosed();
        Assert.Contains("this port expects no TLS", _log.Expect(1005), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_requestor_with_tls_is_told_that_the_port_has_none()
    {
        await using var server = TestAcceptor.Start();
        var failure = await Assert.ThrowsAsync<SecureTransportException>(
            () => TlsFixture.RequestAsync(server, _tls.Client));
        Assert.Contains("may not speak TLS on this port", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_requestor_without_tls_is_told_that_the_connection_ended()
    {
        await using var server = _tls.Start();
        var failure = await Assert.ThrowsAsync<AssociationAbortedException>(
            () => TlsFixture.RequestAsync(server, null));
        Assert.Null(failure.Abort);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x16 })]
    [InlineData(new byte[] { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00 })]
    public async Task A_handshake_that_stops_is_closed_by_artim(byte[] begun)
    {
        var time = new FakeTime();
        await using var server = _tls.Start(time: time, log: _log);
        using var peer = RawPeer.Connect(server.EndPoint);
        peer.Send(begun);
        time.Advance(Limits.ArtimTimeout - TimeSpan.FromSeconds(2));
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(100)));
        for (var i = 0; i < 500 && !peer.HasData(TimeSpan.FromMilliseconds(20)); i++)
            time.Advance(TimeSpan.FromSeconds(5));
        peer.ExpectClosed();
        Assert.Contains("ARTIM", _log.Expect(1050), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handshakes_that_never_end_keep_nobody_out()
    {
        await using var server = _tls.Start(o => o with { AssociationsMax = 1 });
        var silent = new List<RawPeer>();
        for (var i = 0; i < Limits.ConnectionsPendingMax + 50; i++)
        {
            var peer = RawPeer.Connect(server.EndPoint);
            peer.Send(0x16, 0x03, 0x01);
            silent.Add(peer);
        }

        await using var association = await TlsFixture.RequestAsync(server, _tls.Client);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
        // The oldest gave way.
        silent[0].ExpectClosed();
        silent.ForEach(p => p.Dispose());
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_peer_that_does_not_close_sees_our_end_and_may_still_be_heard(SslProtocols version)
    {
        await using var server = _tls.Start(log: _log);
        await using var stream =
            await _tls.HandshakeAsync(server, version, TlsProfile.Bcp195Rfc9325.CipherSuites);
        await stream.WriteAsync(AssociateEncoder.Encode(Pdus.EchoRequest("OTHER", "MODALITY")));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var rejection = new byte[FixedPdu.Size];
        await stream.ReadExactlyAsync(rejection, deadline.Token);
        Assert.Equal(Pdus.Reject(1, 1, 7), rejection);
        // close_notify, not a cut: a cut is an exception here.
        Assert.Equal(0, await stream.ReadAsync(rejection, deadline.Token));
        // The other direction is open still, until this side closes (PS3.8 9.2.3, Sta13).
        await stream.WriteAsync(Pdus.Abort(0, 0), deadline.Token);
        await server.DisposeAsync().AsTask().WaitAsync(deadline.Token);
    }

    [Fact]
    public async Task While_stopping_a_transfer_over_tls_may_end()
    {
        var store = new MemoryStore { Gate = new TaskCompletionSource() };
        await using var server = _tls.Start(o => o with { Store = store });
        var instance = Instances.Ct(1, 600_000);
        await using var busy = await Association.RequestAsync(
            server.Request([.. CStoreScu.ContextsFor([instance])]) with { Tls = _tls.Client });
        await using var idle = await TlsFixture.RequestAsync(server, _tls.Client);
        var sending = new CStoreScu(busy).SendAsync(instance).AsTask();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref store.Completing) == 1, TimeSpan.FromSeconds(10)));
        var stopped = server.Acceptor.StopAsync();
        Assert.True(SpinWait.SpinUntil(() => server.Acceptor.AssociationCount == 1, TimeSpan.FromSeconds(10)));
        var abort = await Assert.ThrowsAsync<AssociationAbortedException>(
            async () => await new CEchoScu(idle).SendAsync());
        Assert.Equal(AssociationAbort.ByProvider(AbortReason.NotSpecified), abort.Abort);
        var late = await Assert.ThrowsAsync<AssociationRejectedException>(
            () => TlsFixture.RequestAsync(server, _tls.Client));
        Assert.Equal(AssociateRejection.TemporaryCongestion, late.Rejection);
        Assert.False(stopped.IsCompleted);
        store.Gate.SetResult();
        Assert.Equal(DimseStatus.Success, await sending);
        await busy.ReleaseAsync();
        await stopped.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
