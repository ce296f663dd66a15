using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Grains.Hosting;
using Drimbox.Ris;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>A RIS that cannot start.</summary>
public sealed class RisStartTests
{
    private const int OutboxStoreFailed = 5105;

    [Theory]
    [InlineData("HL7")]
    [InlineData("DICOM")]
    public async Task A_door_that_is_taken_leaves_nothing_behind_that_works_with_the_store(string door)
    {
        using var folder = new StoreFolder();
        using var log = new LoggedEvents();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        RisOptions With(int hl7, int dicom) => new()
        {
            Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE", Port = hl7 },
            Dicom = new RisDicomOptions { AeTitle = "RIS", Port = dicom },
            Structures = [new StructureOptions { Id = "300017985", Name = "Centre d'imagerie" }],
            SourceId = "1.2.250.1.999.10.3",
        };

        await Assert.ThrowsAsync<SocketException>(
            () => StartAsync(door == "HL7" ? With(port, 0) : With(0, port), folder, log));

        await using (await StartAsync(With(0, 0), folder, log))
        {
            // It has the store to itself.
        }

        Assert.DoesNotContain($"{OutboxStoreFailed} ", log.Text, StringComparison.Ordinal);
    }

    private static Task<RisNode> StartAsync(RisOptions options, StoreFolder folder, LoggedEvents log) => RisNode.StartAsync(
        options, folder.Path, RisFixture.Dmp, NodeSurroundings.Real(log), TestContext.Current.CancellationToken);
}
