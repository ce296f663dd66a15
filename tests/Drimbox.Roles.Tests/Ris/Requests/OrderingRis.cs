using Drimbox.Core;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Ris;
using Drimbox.Ris.Requests;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>A RIS that sends its requests to a platform, with a worklist for modalities.</summary>
internal sealed class OrderingRis : IAsyncDisposable
{
    private OrderingRis(RisFixture ris, FakeRis platform)
    {
        Ris = ris;
        Platform = platform;
    }

    public RisFixture Ris { get; }

    /// <summary>The platform on the wire.</summary>
    public FakeRis Platform { get; }

    public RisNode Node => Ris.Node;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="platformPort">Of a platform that is there already; null for one that takes everything.</param>
    public static async Task<OrderingRis> StartAsync(int? platformPort = null)
    {
        var platform = new FakeRis();
        var ris = await RisFixture.StartAsync(changeRis: o => o with
        {
            ViewerHost = "viewer.test",
            OrderAuthority = "1.2.250.1.999.10.31",
            AccessionAuthority = "1.2.250.1.999.10.32",
            StudyRoot = "1.2.250.1.999.10.33",
            Teleradiology = new Hl7PeerOptions
            {
                Host = "127.0.0.1", Port = platformPort ?? platform.Port, Application = "TLRAPP", Facility = "TLRFAC",
            },
        });
        return new OrderingRis(ris, platform);
    }

    public async Task<FilingReply> PlaceAsync(DocumentFile? document, params RequestOrder[] requests)
    {
        var reply = await Node.PlaceRequestsAsync(requests, document, "alice", Token);
        Assert.Null(reply.Refusal);
        return reply;
    }

    public Task<FilingReply> PlaceAsync(string number) =>
        PlaceAsync(null, new RequestOrder(Samples.Request(number), []));

    /// <summary>The next message that the platform gets: its event and its order number.</summary>
    public async Task<(string Trigger, string Order, Er7Message Message)> NextAsync()
    {
        var message = Er7Message.TryRead(await Platform.NextAsync(), out _)!;
        return (message.Get("MSH-9.2"), message.Get("ORC-2.1"), message);
    }

    public async ValueTask DisposeAsync()
    {
        await Ris.DisposeAsync();
        await Platform.DisposeAsync();
    }
}
