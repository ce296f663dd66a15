using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>How fast the PACS is, measured by the source.</summary>
public sealed class SpeedTestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.SO.102")]
    public async Task The_largest_series_is_found_fetched_and_measured()
    {
        await using var access = await ImageAccessFixture.StartAsync(images: 5);
        var largest = access.Source.Pacs.Instances.GroupBy(i => i.GetUid(Tag.SeriesInstanceUID)).MaxBy(g => g.Count())!;

        var target = await access.Source.Node.FindSpeedTargetAsync(null, Token);
        var (report, refusal) = await access.Source.Node.TestPacsSpeedAsync(null, null, Token);

        Assert.Null(refusal);
        Assert.Equal((Study, largest.Key, access.KosUid), (target!.Study, target.Series, target.Manifest));
        Assert.Equal((Study, largest.Key), (report!.Study, report.Series));
        Assert.Equal(largest.Count(), report.Run.Images);
        // 16 x 16 pixels of 16 bits, and the header.
        Assert.InRange(report.Run.Bytes, largest.Count() * 512, largest.Count() * 4_096);
        Assert.True(report.Run.Query > TimeSpan.Zero && report.Run.FirstImage > TimeSpan.Zero);
        Assert.True(report.Run.FirstImage <= report.Run.Total);
        Assert.Equal(report.Run.Bytes * 8 / report.Run.Total.TotalSeconds / 1e6, report.Run.MegabitsPerSecond, 6);
        Assert.Equal(1, access.Source.Pacs.Moves);
    }

    [Fact]
    [Requirement("DB.SO.102")]
    public async Task The_first_image_counts_from_the_request_though_the_others_are_late()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        access.Source.Pacs.BeforeImage = (number, _) => number == 1 ? first.Task : Task.CompletedTask;

        var testing = access.Source.Node.TestPacsSpeedAsync(Study, null, Token);
        var second = await access.Source.Node.TestPacsSpeedAsync(Study, null, Token);
        first.SetResult();
        var (report, _) = await testing;

        Assert.Equal(RefusalReason.Unavailable, second.Refusal!.Reason);
        Assert.True(report!.Run.FirstImage < report.Run.Total);
    }

    [Fact]
    public async Task What_cannot_be_measured_is_said()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var node = access.Source.Node;

        Assert.Equal(
            RefusalReason.UnknownTarget,
            (await node.TestPacsSpeedAsync(Uid.Parse("1.2.3"), null, Token)).Refusal!.Reason);
        access.Source.Pacs.MoveFailure = DimseStatus.OutOfResources;
        Assert.Equal(RefusalReason.Unavailable, (await node.TestPacsSpeedAsync(null, null, Token)).Refusal!.Reason);
        access.Source.ImageAccess = null;
        await access.Source.RestartAsync();
        Assert.Equal(
            RefusalReason.WrongState,
            (await access.Source.Node.TestPacsSpeedAsync(null, null, Token)).Refusal!.Reason);
    }
}
