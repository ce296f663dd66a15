using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive.LifeCycle;

/// <summary>A file that is not there with the length that it had is not sent as if nothing were wrong.</summary>
public sealed class ServedFilesTests
{
    private const int LengthDiffers = 1170;
    private const int Unreachable = 1171;
    private const string Image = "1.2.1.1.2";

    /// <summary>What becomes of a file.</summary>
    public enum Harm
    {
        CutShort,
        GrownLonger,
        Lost,
    }

    [Theory]
    [InlineData(Harm.CutShort)]
    [InlineData(Harm.GrownLonger)]
    [InlineData(Harm.Lost)]
    public async Task A_move_and_a_get_fail_for_it_alone_and_it_is_marked(Harm harm)
    {
        var log = new LoggedEvents();
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(
            o => o with { Destinations = [workstation.Peer] }, around: s => s with { Log = log });
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        await HarmAsync(archive, Image, harm);
        var moved = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal((2, 1), (moved.Counts.Completed, moved.Counts.Failed));
        Assert.Equal([Uid.Parse(Image)], moved.FailedInstances);
        Assert.Equal(["1.2.1.1.1", "1.2.1.1.3"], workstation.Stored.Keys.Order());
        Assert.True((await archive.Node.Index.FindInstanceAsync(Uid.Parse(Image), default))!.Damaged);
        Assert.DoesNotContain("1.2.1", await log.WhenAsync(LengthDiffers), StringComparison.Ordinal);
        // Sent again it takes its place.
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 2)));
        Assert.Equal(3, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Completed);
    }

    [Theory]
    [InlineData(Harm.CutShort)]
    [InlineData(Harm.Lost)]
    public async Task Over_the_web_a_study_comes_without_it_and_it_alone_is_500(Harm harm)
    {
        var log = new LoggedEvents();
        await using var archive = await StartAsync(OnLoopback(), around: s => s with { Log = log });
        using var client = new WebClient(archive.Node);
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        await HarmAsync(archive, Image, harm);
        using var study = await client.GetAsync("studies/1.2.1", AsStored);
        Assert.Equal(206, (int)study.StatusCode);
        Assert.Equal(2, (await PartsAsync(study)).Count);
        await log.WhenAsync(LengthDiffers);
        const string path = $"studies/1.2.1/series/1.2.1.1/instances/{Image}";
        foreach (var resource in (string[])[path, $"{path}/metadata", $"{path}/frames/1", $"{path}/bulkdata/7FE00010"])
        {
            using var response = await client.GetAsync(resource, "*/*");
            Assert.Equal(500, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task Another_rendition_is_sent_in_its_place()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsAsync("CT1", Ct(1, 1, 1), TransferSyntax.ImplicitVRLittleEndian);
        await HarmAsync(archive, "1.2.1.1.1", Harm.CutShort);
        Assert.Equal(1, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Completed);
        Assert.Equal(
            DataSetWriter.ToBytes(Ct(1, 1, 1), TransferSyntax.ImplicitVRLittleEndian), workstation.Stored["1.2.1.1.1"]);
        // And where that is no longer whole either, nothing is.
        var rendition = Assert.Single(
            await archive.Node.Index.FilesOfAsync(
                (await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default))!.RowId, default));
        File.Delete(Path.Combine(archive.NodeFolder, rendition.File.FileName));
        Assert.Equal(1, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Failed);
    }

    [Fact]
    public async Task A_folder_that_is_gone_marks_nothing_since_it_may_come_back()
    {
        var log = new LoggedEvents();
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(
            o => o with { Destinations = [workstation.Peer] }, around: s => s with { Log = log });
        await archive.StoreAsync(Ct(1, 1, 1));
        var folder = Path.GetDirectoryName(archive.Files()[0])!;
        Directory.Move(folder, folder + "-unmounted");
        Assert.Equal(1, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Failed);
        await log.WhenAsync(Unreachable);
        Directory.Move(folder + "-unmounted", folder);
        Assert.Equal(1, (await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Completed);
    }

    [Fact]
    public async Task The_scrubber_reads_it_before_all_others()
    {
        var log = new LoggedEvents();
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(
            o => o with { Destinations = [workstation.Peer], Scrub = new ScrubOptions { MegabytesPerSecond = 10_000 } },
            around: s => s with { Log = log });
        await archive.Node.LifeCycle.PauseScrubAsync();
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        // One that the round finds, and behind it one that was missed and is there again.
        await HarmAsync(archive, "1.2.1.1.1", Harm.CutShort);
        var missed = await FileOfAsync(archive, "1.2.1.1.3");
        var bytes = await File.ReadAllBytesAsync(missed);
        File.Delete(missed);
        await archive.MoveAsync("WS", "IMAGE", (Tag.SOPInstanceUID, "1.2.1.1.3"));
        await File.WriteAllBytesAsync(missed, bytes);
        await (await archive.Node.LifeCycle.StartScrubAsync()).WaitAsync(TimeSpan.FromMinutes(1));
        var events = log.Text.Split('\n').Where(line => line.StartsWith("116", StringComparison.Ordinal))
            .Select(line => line[..4]).Where(id => id is "1162" or "1163");
        Assert.Equal(["1163", "1162"], events);
    }

    private static async Task HarmAsync(ArchiveFixture archive, string instance, Harm harm)
    {
        var path = await FileOfAsync(archive, instance);
        var bytes = await File.ReadAllBytesAsync(path);
        if (harm == Harm.Lost) File.Delete(path);
        else if (harm == Harm.CutShort) await File.WriteAllBytesAsync(path, bytes[..^100]);
        else await File.WriteAllBytesAsync(path, [.. bytes, 0, 0]);
    }

    private static async Task<string> FileOfAsync(ArchiveFixture archive, string instance) => Path.Combine(
        archive.NodeFolder,
        (await archive.Node.Index.FindInstanceAsync(Uid.Parse(instance), default))!.File.FileName);
}
