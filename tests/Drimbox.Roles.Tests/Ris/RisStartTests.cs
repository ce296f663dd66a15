using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Emulators;
using Drimbox.Grains.Hosting;
using Drimbox.Ris;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>A RIS that cannot start.</summary>
public sealed class RisStartTests
{
    [Theory]
    [InlineData("HL7")]
    [InlineData("DICOM")]
    public async Task A_door_that_is_taken_leaves_no_other_one_open_and_nothing_that_works_with_the_store(string taken)
    {
        using var folder = new StoreFolder();
        using var log = new LoggedEvents();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var (port, free) = (((IPEndPoint)other.LocalEndpoint).Port, LoopbackPorts.Take());
        RisOptions With(int hl7, int dicom) => new()
        {
            Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE", Port = hl7 },
            Dicom = new RisDicomOptions { AeTitle = "RIS", Port = dicom },
            Structures = [new StructureOptions { Id = "300017985", Name = "Centre d'imagerie" }],
            SourceId = "1.2.250.1.999.10.3",
        };

        await Assert.ThrowsAsync<SocketException>(
            () => StartAsync(taken == "HL7" ? With(port, free) : With(free, port), folder, log));
        await using (await StartAsync(taken == "HL7" ? With(0, free) : With(free, 0), folder, log))
        {
            // The store and the doors are its own.
        }

        Assert.DoesNotContain("5105 ", log.Text, StringComparison.Ordinal);
    }

    private static Task<RisNode> StartAsync(RisOptions options, StoreFolder folder, LoggedEvents log) => RisNode.StartAsync(
        options, folder.Path, RisFixture.Dmp, NodeSurroundings.Real(log), TestContext.Current.CancellationToken);
}
