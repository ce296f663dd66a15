using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>Slow and silent peers (attack A11), on a clock that the test moves.</summary>
public sealed class TimerTests : IAsyncLifetime
{
    private static readonly AssociateRequest CtRequest =
        Pdus.Request("ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid));

    private readonly FakeTime _time = new();
    private readonly MemoryStore _store = new();
    private TestAcceptor _server = null!;

    public ValueTask InitializeAsync()
    {
        _server = TestAcceptor.Start(o => o with { Store = _store }, _time);
        return default;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public void A_connection_without_a_request_is_closed_by_artim()
    {
        using var peer = RawPeer.Connect(_server.EndPoint);
        // Some bytes of a request do not extend the time.
        peer.Send(0x01, 0x00, 0x00, 0x00);
        _time.Advance(Limits.ArtimTimeout - TimeSpan.FromSeconds(2));
        peer.Send(0x00);
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(100)));
        AdvanceUntilHeard(peer);
        peer.ExpectClosed();
    }

    [Fact]
    public void A_peer_that_does_not_close_after_a_rejection_is_closed_by_artim()
    {
        using var peer = RawPeer.Connect(_server.EndPoint);
        peer.Send(AssociateEncoder.Encode(Pdus.EchoRequest("OTHER", "MODALITY")));
        Assert.Equal(Pdus.Reject(1, 1, 7), peer.ReadPdu());
        // The server has said all it will say, so what is heard is the end of its side; then it closes for good.
        AdvanceUntilHeard(peer);
        _time.Advance(Limits.ArtimTimeout * 2);
        SpinWait.SpinUntil(() => IsGone(peer), TimeSpan.FromSeconds(10));
        Assert.True(IsGone(peer));
    }

    [Fact]
    public void A_silent_association_is_aborted()
    {
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        _time.Advance(Limits.AssociationIdleTimeout - TimeSpan.FromSeconds(2));
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(100)));
        AdvanceUntilHeard(peer);
        Assert.Equal(Pdus.Abort(2, 0), peer.ReadPdu());
        peer.ExpectClosed();
    }

    [Fact]
    public void A_trickle_within_a_message_is_aborted()
    {
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        peer.Send([.. Pdus.Command(1, Pdus.StoreRq(1, "1.2")), 0x04, 0, 0, 1, 0, 0, 0, 0, 0xFF, 0xFC, 1, 2]);
        // A byte every five seconds: never silent for as long as the idle timer allows.
        AdvanceUntilHeard(peer, () => peer.Send(0x55));
        Assert.Equal(Pdus.Abort(2, 0), peer.ReadPdu());
        SpinWait.SpinUntil(() => Volatile.Read(ref _store.Abandoned) == 1, TimeSpan.FromSeconds(10));
        Assert.Equal(1, _store.Abandoned);
    }

    [Fact]
    public async Task A_peer_that_takes_no_answers_is_closed()
    {
        // 20 MB of answers: more than the kernel keeps for a peer that does not read.
        var find = new ListFind(_ => CFindAnswer.Found(Matches()));
        await using var server = TestAcceptor.Start(o => o with { Find = [find] }, _time);
        var model = SopClass.StudyRootQueryRetrieveInformationModelFind;
        using var peer = RawPeer.Associate(
            server.EndPoint,
            Pdus.Request("ARCHIVE", "MODALITY", (model, TransferSyntax.ExplicitVRLittleEndian.Uid)));
        var request = new CommandSet
        {
            CommandField = CommandField.CFindRq,
            MessageId = 1,
            AffectedSopClassUid = model,
            Priority = DimsePriority.Medium,
            DataSetType = CommandSet.WithDataSet,
        };
        // (0008,0052) CS STUDY
        byte[] identifier = [0x08, 0, 0x52, 0, (byte)'C', (byte)'S', 6, 0, .. "STUDY "u8];
        peer.Send([.. Pdus.Command(1, request), .. Pdus.PData(1, false, true, identifier)]);
        Assert.True(SpinWait.SpinUntil(() => IsClosedAfterAWhile(server, peer), TimeSpan.FromSeconds(20)));
        Assert.Equal(0, server.Acceptor.AssociationCount);
    }

    [Fact]
    public async Task A_silent_association_over_tls_is_aborted()
    {
        using var tls = new Tls.TlsFixture();
        await using var server = tls.Start(time: _time);
        await using var association = await Tls.TlsFixture.RequestAsync(server, tls.Client);
        var reading = association.Provider.ReadAsync().AsTask();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(5));
                return reading.IsCompleted;
            },
            TimeSpan.FromSeconds(10)));
        Assert.Equal(IndicationKind.Aborted, (await reading).Kind);
        Assert.Equal(AssociationAbort.ByProvider(AbortReason.NotSpecified), association.Provider.PeerAbort);
    }

    [Fact]
    public void A_store_that_takes_its_time_is_not_the_silence_of_the_peer()
    {
        _store.Gate = new TaskCompletionSource();
        using var peer = RawPeer.Associate(_server.EndPoint, CtRequest);
        peer.Send([.. Pdus.Command(1, Pdus.StoreRq(1, "1.2")), .. Pdus.PData(1, false, true, [1, 2])]);
        SpinWait.SpinUntil(() => Volatile.Read(ref _store.Completing) == 1, TimeSpan.FromSeconds(10));
        _time.Advance(Limits.AssociationIdleTimeout * 3);
        _store.Gate.SetResult();
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
    }

    private static async IAsyncEnumerable<DataSet> Matches()
    {
        for (var i = 0; i < 400; i++)
        {
            await Task.Yield();
            var match = new DataSet();
            match.SetString(Tag.TextValue, new string('x', 50_000));
            yield return match;
        }
    }

    // The peer keeps talking (a C-CANCEL of nothing), so it is never silent.
    private bool IsClosedAfterAWhile(TestAcceptor server, RawPeer peer)
    {
        var cancel = new CommandSet { CommandField = CommandField.CCancelRq, MessageIdBeingRespondedTo = 99 };
        try
        {
            peer.Send(Pdus.Command(1, cancel));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Closed.
        }

        Thread.Sleep(20);
        _time.Advance(TimeSpan.FromSeconds(5));
        return server.Acceptor.AssociationCount == 0;
    }

    // The server waits for the peer as soon as it has eaten what was sent, which no one outside can see; so the
    // clock moves on until it speaks, for ten seconds of real time at most.
    private void AdvanceUntilHeard(RawPeer peer, Action? before = null)
    {
        for (var i = 0; i < 500 && !peer.HasData(TimeSpan.FromMilliseconds(20)); i++)
        {
            before?.Invoke();
            _time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    private static bool IsGone(RawPeer peer)
    {
        try
        {
            peer.Send(0x00);
            Thread.Sleep(5);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
