using System.Net;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Grains.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Receivers;

/// <summary>The archive role as the product runs it: durable and indexed before the response.</summary>
internal static class ArchiveReceiver
{
    /// <summary>Listens until SIGTERM.</summary>
    public static async Task ServeAsync(int port, string folder)
    {
        using var termination = new Termination();
        var surroundings = NodeSurroundings.Real(NullLoggerFactory.Instance);
        await using var archive = new ArchiveNode(
            new ArchiveOptions
            {
                NodeId = "archive",
                DataFolder = folder,
                AeTitle = AeTitle.Parse("RECEIVER"),
                Address = IPAddress.Loopback,
                Port = port,
                AssociationsPerPeerMax = 200,
            },
            new ArchiveSurroundings
            {
                Ids = surroundings.Ids,
                Random = surroundings.NewRandom(),
                Time = surroundings.Time,
                Log = surroundings.Loggers,
            });
        await archive.StartAsync();
        Console.WriteLine("ready");
        await termination.Signalled;
    }
}
