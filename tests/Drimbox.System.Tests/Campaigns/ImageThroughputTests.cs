using System.Globalization;
using Drimbox.Dicom;
using Drimbox.Gateway.Commands;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>How fast another DRIMbox gets a series, over HTTPS, with the checks of a request, from a PACS that is in
/// the same process: 20 images of 512 by 512 pixels in every run of the tests, 300 for a release,
/// <c>DRIMBOX_CAMPAIGN=N</c> for N. The study of the national test of throughput has 1,300. Figures are printed; only a
/// campaign holds them against what is asked.</summary>
[Collection(nameof(OneCampaignAtATime))]
public sealed class ImageThroughputTests(ITestOutputHelper output)
{
    /// <summary>Megabits a second: DB.SO.100 and DB.SO.101.</summary>
    private const double Asked = 100;

    [Fact]
    [Requirement("DB.SO.100")]
    [Requirement("DB.SO.101")]
    public async Task A_series_goes_out_at_the_rate_that_is_asked_for()
    {
        var images = Campaign.Size(small: 20, large: 300);
        var token = TestContext.Current.CancellationToken;
        await using var access = await ImageAccessFixture.StartAsync(configure: options => options with
        {
            // The PACS of the test encodes all images before it sends the first.
            ImageAccess = options.ImageAccess! with { ArrivalTimeout = TimeSpan.FromMinutes(1) },
        });
        access.Source.Pacs.Instances = SourceReports.LargeImages(images);
        var series = access.Source.Pacs.Instances[0].GetUid(Tag.SeriesInstanceUID);
        var held = access.Source.Pacs.Instances.Sum(
            i => (long)DataSetWriter.ToBytes(i, TransferSyntax.ExplicitVRLittleEndian).Length);
        using var http = access.ClientNamed("db1.example");

        for (var run = 1; run <= 3; run++)
        {
            var given = await SpeedTestCommand.FetchAsync(
                http, access.AddressOf(SourceReports.Study, series), access.KosUid.ToString(), ImageAccessFixture.Token,
                token);

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"run {run}: {given.Images} images, {given.Bytes / 1e6:F0} MB in {given.Total.TotalSeconds:F2} s, "
                    + $"first after {given.FirstImage.TotalMilliseconds:F0} ms, {given.MegabitsPerSecond:F0} Mbit/s"));
            Assert.Equal(images, given.Images);
            Assert.InRange(given.Bytes, held, held + (images * 2_048L));
            if (images >= 100) Assert.True(given.MegabitsPerSecond >= Asked, "slower than what is asked");
        }
    }
}
