using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Resynchronisation;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Source.Resynchronisation;
using Drimbox.Tests.Orthanc;
using static Drimbox.Tests.Source.ResyncFixture;

namespace Drimbox.Tests.Source;

/// <summary>Resynchronisation with Orthanc as the PACS.</summary>
public sealed class ResyncPeerTests
{
    [Fact]
    [Requirement("DB.SO.28")]
    [Requirement("DB.SO.14")]
    public async Task Manifests_follow_what_was_deleted_in_orthanc_and_a_second_run_changes_nothing()
    {
        Peer.Require("Orthanc");
        using var folder = new StoreFolder();
        var port = LoopbackPorts.Take();
        using var orthanc = await OrthancServer.StartAsync(folder.Path, port, archivePort: 1);
        await using var source = await SourceFixture.StartAsync(
            pacs: new DicomPeerOptions { AeTitle = "ORTHANC", Host = "127.0.0.1", Port = port });
        await orthanc.AddModalityAsync("source", "DRIMBOX", source.Node.DicomEndPoint.Port);
        foreach (var image in ImagesOf(1, 2, 3, 9))
            await orthanc.PostAsync("/instances", Part10Writer.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
        await source.SendAsync(
            ReportAction.Initial, SourceReports.Report("A", null, StudyOf(1), StudyOf(2), StudyOf(3)));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 3);

        var (asked, _) = await source.Node.PlanResyncAsync(Days, askPacs: true, "operator", SourceFixture.Token);
        Assert.Equal(new ResyncDay(Day, 3, 4), Assert.Single(asked!.Days));

        await orthanc.DeleteAsync("instances", ImagesOf(2)[0].GetUid(Tag.SOPInstanceUID));
        await orthanc.DeleteAsync("studies", StudyOf(3));
        var first = await source.RunAsync(Days);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 5);
        var approved = await source.ApprovedIdsAsync();

        Assert.Equal("Removed 1, Replaced 1, Unchanged 1, WithoutReport 1", first.Counts());
        Assert.Equal(2, approved.Count);
        var second = await source.RunAsync(Days);
        Assert.Equal("StudyAbsentFromPacs 1, Unchanged 2, WithoutReport 1", second.Counts());
        Assert.Equal(approved, await source.ApprovedIdsAsync());
        Assert.Equal(5, source.Dmp.Submissions.Count);
    }
}
