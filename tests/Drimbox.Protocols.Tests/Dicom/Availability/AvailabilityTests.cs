using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Availability;

/// <summary>Instance Availability Notification in both roles (PS3.4 annex R).</summary>
public sealed class AvailabilityTests
{
    private static readonly Uid NoticeUid = Uid.Parse("1.2.3.70");

    private static readonly AvailabilityNotice Notice = new(
        Uid.Parse("1.2.3.50"),
        [
            new AvailableSeries(Uid.Parse("1.2.3.51"),
            [
                new AvailableInstance(
                    new ReferencedSop(SopClass.CTImageStorage, Uid.Parse("1.2.3.52")), "ONLINE",
                    AeTitle.Parse("ARCHIVE")),
            ]),
        ])
    {
        ProcedureStep = new ReferencedSop(SopClass.ModalityPerformedProcedureStep, Uid.Parse("1.2.3.40")),
    };

    [Fact]
    public async Task A_notice_arrives_as_it_was_sent()
    {
        var received = new List<AvailabilityNotice>();
        var scp = new AvailabilityScp((notice, _, _) =>
        {
            received.Add(notice);
            return ValueTask.FromResult(DimseStatus.Success);
        });
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(AvailabilityScu.Context));
        var scu = new AvailabilityScu(association);
        Assert.Equal(DimseStatus.Success, (await scu.NotifyAsync(NoticeUid, Notice)).Status);
        var alone = Notice with { ProcedureStep = default };
        Assert.Equal(DimseStatus.Success, (await scu.NotifyAsync(NoticeUid, alone)).Status);
        Assert.Equivalent(new[] { Notice, alone }, received, strict: true);
    }

    [Theory]
    [InlineData("study", 0x0120)]
    [InlineData("series", 0x0120)]
    [InlineData("availability", 0x0106)]
    [InlineData("uid", 0x0117)]
    [InlineData("operation", 0x0211)]
    public async Task A_notice_that_lacks_something_is_refused(string fault, int status)
    {
        var scp = new AvailabilityScp((_, _, _) => throw new InvalidOperationException());
        await using var server = TestAcceptor.Start(o => o with { Normalized = [scp] });
        await using var association = await Association.RequestAsync(server.Request(AvailabilityScu.Context));
        var notice = Notice.ToDataSet();
        if (fault == "study") notice.Remove(Tag.StudyInstanceUID);
        if (fault == "series") notice.Remove(Tag.ReferencedSeriesSequence);
        if (fault == "availability")
            notice.GetItems(Tag.ReferencedSeriesSequence)[0].GetItems(Tag.ReferencedSOPSequence)[0]
                .Remove(Tag.InstanceAvailability);
        var scu = new NormalizedScu(association);
        var answer = fault == "operation"
            ? await scu.DeleteAsync(SopClass.InstanceAvailabilityNotification, NoticeUid)
            : await scu.CreateAsync(
                SopClass.InstanceAvailabilityNotification, fault == "uid" ? default : NoticeUid, notice);
        Assert.Equal(status, answer.Status.Code);
    }
}
