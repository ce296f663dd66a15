using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Gateway.Commands;
using Drimbox.Tests.Orthanc;

namespace Drimbox.Tests.Source;

/// <summary>The speed test with Orthanc as the PACS, and the whole way as another DRIMbox goes it.</summary>
public sealed class SpeedTestPeerTests
{
    [Fact]
    [Requirement("DB.SO.102")]
    public async Task A_series_of_orthanc_is_measured_from_the_PACS_and_through_the_access_point()
    {
        Peer.Require("Orthanc");
        var token = TestContext.Current.CancellationToken;
        using var folder = new StoreFolder();
        var port = LoopbackPorts.Take();
        using var orthanc = await OrthancServer.StartAsync(folder.Path, port, archivePort: 1);
        var held = SourceReports.Images(6);
        foreach (var image in held)
            await orthanc.PostAsync("/instances", Part10Writer.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
        await using var access = await ImageAccessFixture.StartAsync(
            pacs: new DicomPeerOptions { AeTitle = "ORTHANC", Host = "127.0.0.1", Port = port },
            prepare: source => orthanc.AddModalityAsync("source", "DRIMBOX", source.Node.DicomEndPoint.Port));

        var (report, refusal) = await access.Source.Node.TestPacsSpeedAsync(null, null, token);

        Assert.Null(refusal);
        var expected = held.Count(i => i.GetUid(Tag.SeriesInstanceUID) == report!.Series);
        Assert.Equal(expected, report!.Run.Images);
        Assert.True(report.Run.Query > TimeSpan.Zero && report.Run.FirstImage <= report.Run.Total);

        using var http = access.ClientNamed("db1.example");
        var whole = await SpeedTestCommand.FetchAsync(
            http, access.AddressOf(report.Study, report.Series), access.KosUid.ToString(), ImageAccessFixture.Token, token);
        Assert.Equal(expected, whole.Images);
        // The INS has come into each header.
        Assert.InRange(whole.Bytes, report.Run.Bytes, report.Run.Bytes + (expected * 1_024));
        Assert.True(whole.FirstImage <= whole.Total);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => SpeedTestCommand.FetchAsync(
            http, access.AddressOf(report.Study, report.Series), access.KosUid.ToString(), "another", token));
        Assert.StartsWith("401: ", refused.Message, StringComparison.Ordinal);
    }
}
