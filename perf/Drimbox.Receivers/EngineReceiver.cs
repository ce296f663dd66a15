using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Receivers;

/// <summary>The engine of the product alone: its acceptor, without index and without fsync.</summary>
internal static class EngineReceiver
{
    /// <summary>Listens until SIGTERM.</summary>
    public static async Task ServeAsync(int port, ICStoreScp store)
    {
        using var termination = new Termination();
        await using var acceptor = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, port),
                AeTitles = [AeTitle.Parse("RECEIVER")],
                AssociationsPerPeerMax = 200,
                Store = store,
            },
            NullLogger.Instance);
        acceptor.Start();
        Console.WriteLine("ready");
        await termination.Signalled;
    }
}

/// <summary>Takes instances and forgets them.</summary>
internal sealed class DiscardStoreScp : ICStoreScp
{
    public IInstanceSink BeginStore(in CStoreRequest request) => new Sink();

    private sealed class Sink : IInstanceSink
    {
        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken) => default;

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken) => new(DimseStatus.Success);

        public ValueTask AbandonAsync() => default;
    }
}
