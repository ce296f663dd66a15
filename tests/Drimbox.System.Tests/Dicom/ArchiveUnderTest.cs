using System.Net;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Dicom;

/// <summary>An archive within the test process that peers call: ARCHIVE, on a free port of the loopback.</summary>
internal static class ArchiveUnderTest
{
    public static async Task<ArchiveNode> StartAsync(
        string dataFolder, Func<ArchiveOptions, ArchiveOptions>? change = null)
    {
        var options = new ArchiveOptions
        {
            NodeId = "pacs",
            DataFolder = dataFolder,
            AeTitle = AeTitle.Parse("ARCHIVE"),
            Address = IPAddress.Loopback,
            Port = 0,
        };
        var archive = new ArchiveNode(
            change?.Invoke(options) ?? options,
            new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1), Log = WatchedLog.Instance });
        await archive.StartAsync(TestContext.Current.CancellationToken);
        return archive;
    }
}
