using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scu;
using Drimbox.Tests.Archive.Completeness;

namespace Drimbox.Tests.Ris;

/// <summary>Modality Performed Procedure Steps of a RIS: kept, seen in the worklist, told to the archive by
/// wire.</summary>
public sealed class ProcedureStepTests
{
    private static readonly Uid Step = Uid.Parse("1.2.3.40");

    [Fact]
    public async Task A_step_starts_its_item_and_its_end_takes_it_off_the_list_and_is_told_to_the_archive()
    {
        await using var archive = new NoticeReceiver("ARCHIVE");
        // The archive is busy the first time.
        archive.Answers.Enqueue(DimseStatus.ResourceLimitation);
        await using var ris = await RisFixture.StartAsync(o => o with { Archive = PeerOf(archive) });
        await ris.PlaceAsync("OPN1");
        var study = Assert.Single(await ris.WorklistAsync()).GetUid(Tag.StudyInstanceUID);
        await using var association = await ris.CallAsync(ProcedureStepScu.Context);
        var scu = new ProcedureStepScu(association);
        Assert.Equal(DimseStatus.Success, (await scu.BeginAsync(Step, Begun(study))).Status);
        Assert.Equal("STARTED", await StatusAsync(ris));
        Assert.Equal(DimseStatus.Success, (await scu.CompleteAsync(Step, Ended(2))).Status);
        Assert.Empty(await ris.WorklistAsync());

        var notice = await archive.NextAsync();
        Assert.Equal(study, notice.StudyInstanceUid);
        Assert.Equal(Step, notice.ProcedureStep.SopInstanceUid);
        Assert.Equal(SopClass.ModalityPerformedProcedureStep, notice.ProcedureStep.SopClassUid);
        var series = Assert.Single(notice.Series);
        Assert.Equal(["1.2.1.1.1", "1.2.1.1.2"], series.Instances.Select(i => i.Instance.SopInstanceUid.ToString()));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_step_that_is_broken_off_puts_its_item_back()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("OPN1");
        var study = Assert.Single(await ris.WorklistAsync()).GetUid(Tag.StudyInstanceUID);
        await using var association = await ris.CallAsync(ProcedureStepScu.Context);
        var scu = new ProcedureStepScu(association);
        await scu.BeginAsync(Step, Begun(study));
        Assert.Equal(DimseStatus.Success, (await scu.DiscontinueAsync(Step, Ended(0))).Status);
        Assert.Equal("SCHEDULED", await StatusAsync(ris));
        await association.ReleaseAsync();
    }

    [Theory]
    [InlineData(2)]
    // Over 64 KiB it is a file beside the database.
    [InlineData(1_500)]
    public async Task A_step_survives_a_restart_whatever_its_length(int images)
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("OPN1");
        var study = Assert.Single(await ris.WorklistAsync()).GetUid(Tag.StudyInstanceUID);
        await using (var association = await ris.CallAsync(ProcedureStepScu.Context))
        {
            var scu = new ProcedureStepScu(association);
            await scu.BeginAsync(Step, Begun(study));
            Assert.Equal(DimseStatus.Success, (await scu.UpdateAsync(Step, Ended(images))).Status);
            await association.ReleaseAsync();
        }

        await ris.Node.DisposeAsync();
        await ris.StartNodeAsync();
        Assert.Equal("STARTED", await StatusAsync(ris));
        var retrieve = SopClass.ModalityPerformedProcedureStepRetrieve;
        await using var second = await ris.CallAsync(ProcedureStepScu.Context, NormalizedScu.ContextFor(retrieve));
        var again = new ProcedureStepScu(second);
        Assert.Equal(DimseStatus.DuplicateSopInstance, (await again.BeginAsync(Step, Begun(study))).Status);
        Assert.Equal(DimseStatus.Success, (await again.CompleteAsync(Step, Ended(images))).Status);
        // PS3.4 table F.7.2-2.
        var late = await again.UpdateAsync(Step, Ended(images));
        Assert.Equal((0x0110, (ushort?)0xA710), (late.Status.Code, late.ErrorId));
        var kept = await new NormalizedScu(second).GetAsync(retrieve, Step, []);
        Assert.Equal("COMPLETED", kept.DataSet!.GetString(Tag.PerformedProcedureStepStatus));
        Assert.Equal(
            images,
            kept.DataSet.GetItems(Tag.PerformedSeriesSequence)[0].GetItems(Tag.ReferencedImageSequence).Count);
        await second.ReleaseAsync();
        Assert.Empty(await ris.WorklistAsync());
    }

    private static DicomPeerOptions PeerOf(NoticeReceiver archive) => new()
    {
        AeTitle = archive.Peer.AeTitle.ToString(), Host = archive.Peer.Host, Port = archive.Peer.Port,
    };

    private static async Task<string?> StatusAsync(RisFixture ris) =>
        Assert.Single(await ris.WorklistAsync()).GetItems(Tag.ScheduledProcedureStepSequence)[0]
            .GetString(Tag.ScheduledProcedureStepStatus);

    private static DataSet Begun(Uid study)
    {
        var begun = new DataSet();
        begun.SetString(Tag.Modality, "CT");
        begun.SetString(Tag.PatientID, "279035121518989");
        begun.SetString(Tag.PerformedStationAETitle, "CT1");
        begun.SetString(Tag.PerformedProcedureStepStartDate, "20261102");
        begun.SetString(Tag.PerformedProcedureStepStartTime, "100000");
        begun.SetString(Tag.PerformedProcedureStepID, "P1");
        var scheduled = new DataSet();
        scheduled.SetUid(Tag.StudyInstanceUID, study);
        scheduled.SetString(Tag.AccessionNumber, "OPN1");
        begun.SetSequence(Tag.ScheduledStepAttributesSequence, scheduled);
        return begun;
    }

    private static DataSet Ended(int images)
    {
        var ended = new DataSet();
        ended.SetString(Tag.PerformedProcedureStepEndDate, "20261102");
        ended.SetString(Tag.PerformedProcedureStepEndTime, "101500");
        if (images == 0) return ended;
        var series = new DataSet();
        series.SetString(Tag.ProtocolName, "THORAX");
        series.SetUid(Tag.SeriesInstanceUID, Uid.Parse("1.2.1.1"));
        series.SetSequence(Tag.ReferencedImageSequence, Enumerable.Range(1, images).Select(i =>
        {
            var image = new DataSet();
            image.SetUid(Tag.ReferencedSOPClassUID, SopClass.CTImageStorage);
            image.SetString(Tag.ReferencedSOPInstanceUID, $"1.2.1.1.{i.ToString(CultureInfo.InvariantCulture)}");
            return image;
        }));
        ended.SetSequence(Tag.PerformedSeriesSequence, series);
        return ended;
    }
}
