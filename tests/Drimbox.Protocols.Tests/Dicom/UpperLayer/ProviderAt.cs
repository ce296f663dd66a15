using System.Net;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.UpperLayer;

/// <summary>A real provider with a scripted peer over TCP, brought to a state of PS3.8 9.2.2 by PDUs and primitives
/// alone.</summary>
internal sealed class ProviderAt : IDisposable
{
    /// <summary>States that network events can meet; Sta1 and Sta4 have no connection.</summary>
    public static readonly Sta[] Connected =
    [
        Sta.Sta2, Sta.Sta3, Sta.Sta5, Sta.Sta6, Sta.Sta7, Sta.Sta8, Sta.Sta9, Sta.Sta10, Sta.Sta11, Sta.Sta12, Sta.Sta13,
    ];

    private ProviderAt(bool isRequestor)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndpoint);
        Peer = RawPeer.Accept(listener);
        Provider = new UpperLayerProvider(new SocketTransport(socket), isRequestor, Time);
    }

    public FakeTime Time { get; } = new();

    public UpperLayerProvider Provider { get; }

    public RawPeer Peer { get; }

    public static AssociateRequest Request { get; } = Pdus.EchoRequest("ARCHIVE", "MODALITY");

    public static AssociateAccept Accept { get; } = new()
    {
        CalledAe = AeTitle.Parse("ARCHIVE"),
        CallingAe = AeTitle.Parse("MODALITY"),
        Contexts = [new PresentationContextAnswer(
            1, PresentationContextResult.Acceptance, TransferSyntax.ImplicitVRLittleEndian.Uid)],
        User = new UserInformation { MaximumLength = 16384, ImplementationClassUid = Uid.Parse("1.2.3") },
    };

    public static byte[] Data { get; } = Pdus.Command(1, Pdus.EchoRq(1));

    public static async Task<ProviderAt> ReachAsync(Sta state)
    {
        // The collision has a side for each of its pairs of states; elsewhere the acceptor serves.
        var at = new ProviderAt(isRequestor: state is Sta.Sta4 or Sta.Sta5 or Sta.Sta9 or Sta.Sta11);
        await at.WalkAsync(state);
        Assert.Equal(state, at.Provider.State);
        return at;
    }

    private async Task WalkAsync(Sta state)
    {
        if (state is Sta.Sta2 or Sta.Sta4) return;
        if (state is Sta.Sta5 or Sta.Sta9 or Sta.Sta11)
        {
            await Provider.SendAssociateRequestAsync(Request);
            Assert.Equal(0x01, Peer.ReadPdu()[0]);
            if (state == Sta.Sta5) return;
            await ReceiveAsync(AssociateEncoder.Encode(Accept), IndicationKind.AssociateAccepted);
        }
        else
        {
            await ReceiveAsync(AssociateEncoder.Encode(Request), IndicationKind.AssociateRequested);
            if (state == Sta.Sta3) return;
            await Provider.SendAssociateAcceptAsync(Accept);
            Assert.Equal(0x02, Peer.ReadPdu()[0]);
        }

        await WalkFromSta6Async(state);
    }

    private async Task WalkFromSta6Async(Sta state)
    {
        switch (state)
        {
            case Sta.Sta6:
                return;
            case Sta.Sta8:
                await ReceiveAsync(FixedPdu.ReleaseRq(), IndicationKind.ReleaseRequested);
                return;
            case Sta.Sta13:
                await Provider.AbortAsync(AssociationAbort.ByUser);
                Assert.Equal(Pdus.Abort(0, 0), Peer.ReadPdu());
                return;
        }

        await Provider.RequestReleaseAsync();
        Assert.Equal(FixedPdu.ReleaseRq(), Peer.ReadPdu());
        if (state == Sta.Sta7) return;
        await ReceiveAsync(FixedPdu.ReleaseRq(), IndicationKind.ReleaseRequested);
        if (state == Sta.Sta11)
        {
            await Provider.RespondReleaseAsync();
            Assert.Equal(FixedPdu.ReleaseRp(), Peer.ReadPdu());
        }

        if (state == Sta.Sta12) await ReceiveAsync(FixedPdu.ReleaseRp(), IndicationKind.ReleaseConfirmed);
    }

    private async Task ReceiveAsync(byte[] pdu, IndicationKind expected)
    {
        Peer.Send(pdu);
        Assert.Equal(expected, (await Provider.ReadAsync()).Kind);
    }

    public void Dispose()
    {
        Provider.Dispose();
        Peer.Dispose();
    }
}
