using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Source.ImageAccess;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Images that are kept after they were given out.</summary>
public sealed class ImageCacheTests
{
    private const int ImagesSent = 3132;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.SO.40")]
    public async Task Who_asks_next_gets_the_same_images_without_the_PACS()
    {
        await using var access = await ImageAccessFixture.StartAsync(cache: new ImageCacheOptions());
        var series = SeriesOf(access)[0];

        var first = await GetAsync(access, series, 1);
        var second = await GetAsync(access, series, 2);

        Assert.Equal(1, access.Source.Pacs.Moves);
        Assert.Equal(first.Select(Instance), second.Select(Instance));
        // The speed of the PACS is asked of the PACS.
        Assert.Null((await access.Source.Node.TestPacsSpeedAsync(Study, series, Token)).Refusal);
        Assert.Equal(2, access.Source.Pacs.Moves);
    }

    [Fact]
    [Requirement("DB.SO.40")]
    public async Task What_the_PACS_says_to_have_changed_is_asked_for_anew()
    {
        await using var access = await ImageAccessFixture.StartAsync(cache: new ImageCacheOptions());
        var series = SeriesOf(access)[0];
        await GetAsync(access, series, 1);

        await access.Source.Node.NoticeAsync(Study, "operator", Token);
        await access.Source.Events.WhenAsync(SourceEvents.PacsAsked, 2);
        await GetAsync(access, series, 2);

        Assert.Equal(2, access.Source.Pacs.Moves);
        Assert.Single(SpoolsOf(access));
    }

    [Fact]
    [Requirement("DB.SO.40")]
    public async Task Modalities_that_are_not_named_are_not_kept()
    {
        await using var access = await ImageAccessFixture.StartAsync(cache: new ImageCacheOptions { Modalities = ["MR"] });

        await GetAsync(access, SeriesOf(access)[0], 1);
        await GetAsync(access, SeriesOf(access)[0], 2);

        Assert.Equal(2, access.Source.Pacs.Moves);
        Assert.Empty(SpoolsOf(access));
    }

    [Fact]
    [Requirement("DB.SO.40")]
    public async Task The_series_that_nobody_has_read_for_the_longest_time_goes_when_there_are_too_many_bytes()
    {
        // One series, and not quite two; the bytes of a configuration begin at 1 MiB.
        var all = Images(4).Sum(i => DataSetWriter.LengthOf(i, TransferSyntax.ExplicitVRLittleEndian));
        await using var access = await ImageAccessFixture.StartAsync(cache: new ImageCacheOptions { Bytes = all - 1 });
        var series = SeriesOf(access);
        await GetAsync(access, series[0], 1);

        await GetAsync(access, series[1], 2);
        Assert.Single(SpoolsOf(access));
        await GetAsync(access, series[1], 3);
        Assert.Equal(2, access.Source.Pacs.Moves);
        await GetAsync(access, series[0], 4);

        Assert.Equal(3, access.Source.Pacs.Moves);
        Assert.Single(SpoolsOf(access));
    }

    [Fact]
    [Requirement("DB.SO.40")]
    public async Task What_is_too_old_goes_by_itself()
    {
        await using var access = await ImageAccessFixture.StartAsync(cache: new ImageCacheOptions());
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        access.Source.Time = clock;
        await access.Source.RestartAsync();
        await GetAsync(access, SeriesOf(access)[0], 1);
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Single(SpoolsOf(access));

        clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Empty(SpoolsOf(access));
    }

    private static List<Uid> SeriesOf(ImageAccessFixture access) =>
        [.. access.Source.Pacs.Instances.Select(i => i.GetUid(Tag.SeriesInstanceUID)).Distinct()];

    private static Uid Instance(DicomFile file) => file.DataSet.GetUid(Tag.SOPInstanceUID);

    /// <param name="number">Of the series given out since the start: its readers have left then.</param>
    private static async Task<IReadOnlyList<DicomFile>> GetAsync(ImageAccessFixture access, Uid series, int number)
    {
        using var response = await access.SendAsync(access.Request(Study, series));
        var images = await ImageAccessFixture.ReadAsync(response);
        await access.Source.Events.WhenAsync(ImagesSent, number);
        return images;
    }

    private static string[] SpoolsOf(ImageAccessFixture access) =>
        Directory.GetFiles(Path.Combine(access.Source.Folder.Path, "source", "images"));
}
