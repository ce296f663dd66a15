using System.Net;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Attacks;

/// <summary>Attack A14: a C-MOVE that would make the archive call somebody else.</summary>
public sealed class MoveAttackTests
{
    [Theory]
    [InlineData("NOWHERE")]
    [InlineData("ws")]
    [InlineData("WS1")]
    [InlineData("127.0.0.1:22")]
    [InlineData("localhost")]
    [InlineData("ARCHIVE")] // ourselves, who are not on the list
    [InlineData("CT1")] // the caller, who is not either
    public async Task A14_a_destination_that_is_not_on_the_list_is_A801(string destination)
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        var result = await archive.MoveAsync(destination, "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(0xA801, result.Status.Code);
        Assert.Empty(workstation.Stored);
    }

    [Fact]
    public async Task A14_nothing_to_move_is_success_without_a_call()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var peer = new DicomPeer(AeTitle.Parse("WS"), "127.0.0.1", ((IPEndPoint)nobody.LocalEndpoint).Port);
        await using var archive = await StartAsync(o => o with { Destinations = [peer] });
        var result = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.77"));
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 0, 0, 0), result.Counts);
        Assert.False(nobody.Pending());
    }

    [Fact]
    public async Task A14_a_destination_that_is_not_there_or_refuses_is_A702_with_every_instance_failed()
    {
        await using var other = new Receiver("OTHER");
        int port;
        using (var gone = new TcpListener(IPAddress.Loopback, 0))
        {
            gone.Start();
            port = ((IPEndPoint)gone.LocalEndpoint).Port;
        }

        await using var archive = await StartAsync(o => o with
        {
            Destinations =
            [
                new DicomPeer(AeTitle.Parse("GONE"), "127.0.0.1", port),
                // Another AE answers there: A-ASSOCIATE-RJ 1/1/7.
                new DicomPeer(AeTitle.Parse("WS"), "127.0.0.1", other.Peer.Port),
            ],
        });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(1, 1, 2));
        foreach (var destination in new[] { "GONE", "WS" })
        {
            var result = await archive.MoveAsync(destination, "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
            Assert.Equal(0xA702, result.Status.Code);
            Assert.Equal(new SubOperations(null, 0, 2, 0), result.Counts);
            Assert.Equal(2, result.FailedInstances.Count);
        }
    }

    [Fact]
    public async Task A14_a_sub_operation_that_fails_is_B000_with_counts()
    {
        await using var workstation = new Receiver("WS");
        workstation.Answers.Enqueue(DimseStatus.OutOfResources);
        await using var archive = await StartAsync(o => o with { Destinations = [workstation.Peer] });
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        var result = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 2, 1, 0), result.Counts);
    }
}
