using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Tests.Teleradiology.FetchedStudy;

namespace Drimbox.Tests.Teleradiology;

/// <summary>The images of an examination are fetched from the archive, whole, and nothing else gets in.</summary>
public sealed class StudyFetchTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_study_of_an_examination_is_fetched_byte_for_byte()
    {
        await using var platform = await Platform.StartAsync();
        platform.Pacs.Hold(Samples.Study("1"), 5);
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");

        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);

        var state = await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation);
        Assert.Equal((RequestStatus.Examined, 5), (state.Status, state.InstancesFetched));
        foreach (var instance in FakePacs.Instances(Samples.Study("1"), 5))
        {
            var bytes = await File.ReadAllBytesAsync(PathOf(platform, instance.SopInstanceUid), Cancellation);
            Assert.True(DicomFile.TryRead(bytes, out var file, out _));
            Assert.Equal(instance.SopInstanceUid, file!.Meta.GetUid(Tag.MediaStorageSOPInstanceUID));
            Assert.Equal(BytesOf(instance), bytes[(int)file.DataSetOffset..]);
        }

        Assert.Empty(Leftovers(platform));
    }

    [Fact]
    public async Task Each_study_of_an_order_is_fetched_and_the_images_are_here_when_all_are()
    {
        await using var platform = await Platform.StartAsync();
        platform.Pacs.Hold(Samples.Study("1"), 5);
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
        Assert.Equal(5, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);

        await platform.SendAsync(Samples.Examination("1", study: "2"), "3");
        await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched);
        Assert.Equal(0, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);

        platform.Pacs.Hold(Samples.Study("2"), 3);
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched, 2);
        var state = await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation);
        Assert.Equal(8, state.InstancesFetched);
        Assert.Equal([5, 3], state.Examinations.Select(e => e.InstancesFetched));
    }

    [Fact]
    public async Task A_study_that_is_not_there_yet_is_asked_for_again()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");

        Assert.Contains("does not hold", await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched), StringComparison.Ordinal);
        Assert.Equal(0, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);

        platform.Pacs.Hold(Samples.Study("1"), 3);
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
        Assert.Equal(3, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);
    }

    [Fact]
    public async Task An_archive_that_does_not_know_us_is_asked_again()
    {
        await using var platform = await Platform.StartAsync();
        platform.Pacs.Hold(Samples.Study("1"), 2);
        platform.Pacs.Destination = null;
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");

        Assert.Contains("A801", await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched), StringComparison.Ordinal);

        platform.Pacs.Destination = platform.Node.DicomEndPoint;
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
    }

    [Fact]
    public async Task Instances_of_another_study_are_refused_and_the_fetch_is_not_recorded()
    {
        await using var platform = await Platform.StartAsync();
        platform.Pacs.Instead = FakePacs.Instances(Samples.Study("666"), 2);
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");

        await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched);

        Assert.False(Directory.Exists(Path.Combine(platform.NodeFolder, "studies", Samples.Study("666").ToString())));
        Assert.Empty(Leftovers(platform));
        Assert.Equal(0, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);
    }

    [Fact]
    public async Task A_broken_instance_fails_the_fetch()
    {
        await using var platform = await Platform.StartAsync();
        var instances = FakePacs.Instances(Samples.Study("1"), 2);
        var cut = InstanceSource.FromMemory(
            BytesOf(instances[1]).AsMemory()[..^100], instances[1].SopClassUid, instances[1].SopInstanceUid,
            instances[1].TransferSyntaxUid);
        platform.Pacs.Instead = [instances[0], cut];
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");

        Assert.Contains("B000", await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched), StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf(platform, cut.SopInstanceUid)));

        // The archive mends it, and the whole study is fetched.
        platform.Pacs.Instead = instances;
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
        Assert.Equal(2, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);
    }

    [Fact]
    public async Task Images_that_nobody_asked_for_are_refused()
    {
        await using var platform = await Platform.StartAsync();
        var instance = FakePacs.Instances(Samples.Study("1"), 1)[0];

        var status = await FakePacs.PushAsync(platform.Node.DicomEndPoint!, "PACS", instance);

        Assert.Equal(DimseStatus.NotAuthorized, status);
        Assert.Empty(Leftovers(platform));
        await Assert.ThrowsAsync<AssociationRejectedException>(
            () => FakePacs.PushAsync(platform.Node.DicomEndPoint!, "STRANGER", instance));
    }

    [Fact]
    public async Task A_later_complement_fetches_the_study_anew()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);

        platform.Pacs.Hold(Samples.Study("1"), 4);
        Assert.Equal(AckCode.AA, (await platform.SendAsync(Samples.Examination("1"), "again")).Code);
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched, 2);

        Assert.Equal(4, (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched);
    }

    [Fact]
    public async Task An_unfinished_instance_of_a_crash_is_gone_after_the_start()
    {
        await using var platform = await Platform.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(platform.NodeFolder, "studies", "incoming", "half"), "x", Cancellation);

        await platform.RestartAsync();

        Assert.Empty(Leftovers(platform));
    }
}
