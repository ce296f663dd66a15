using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Tests.Source;

/// <summary>What images may be, and how they are written, between the PACS and another DRIMbox.</summary>
public sealed class ImageSyntaxTests
{
    private const string JpegLs = "1.2.840.10008.1.2.4.80";
    private const string Rle = "1.2.840.10008.1.2.5";
    private const string ExplicitLittleEndian = "1.2.840.10008.1.2.1";

    /// <summary>Those of the national tests of lossless and lossy retrieval, most wanted first (facts document 1.7).
    /// </summary>
    private static readonly string[] National =
    [
        "1.2.840.10008.1.2.4.70", JpegLs, "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103",
        ExplicitLittleEndian,
    ];

    [Fact]
    [Requirement("DB.CS.83")]
    public async Task Each_transfer_syntax_of_the_national_tests_is_taken_from_the_PACS_and_given_on_as_it_is()
    {
        await using var access = await ImageAccessFixture.StartAsync(images: 2);
        foreach (var uid in National)
        {
            var held = Hold(access, uid);

            using var response = await access.SendAsync(Request(access, Accept((uid, "1"))));

            var image = Assert.Single(await ImageAccessFixture.ReadAsync(response));
            Assert.Equal(uid, image.TransferSyntax.Uid.ToString());
            Assert.Equal(Pixels(held), Pixels(image.DataSet));
        }
    }

    /// <param name="held">How the PACS has the image.</param>
    /// <param name="accepted">Transfer syntaxes with their q.</param>
    /// <param name="given">Empty: 406.</param>
    [Theory]
    [InlineData(JpegLs, $"1.2.840.10008.1.2.4.70=0.9 {JpegLs}=0.8 {ExplicitLittleEndian}=0.4", JpegLs)]
    [InlineData(ExplicitLittleEndian, $"{ExplicitLittleEndian}=0.4 {JpegLs}=0.8", ExplicitLittleEndian)]
    [InlineData(ExplicitLittleEndian, $"{ExplicitLittleEndian}=0.4 {Rle}=0.5", Rle)]
    [InlineData(ExplicitLittleEndian, $"{Rle}=0.4 {ExplicitLittleEndian}=0.5", ExplicitLittleEndian)]
    [InlineData(ExplicitLittleEndian, $"{Rle}=0 {JpegLs}=1", "")]
    [InlineData(JpegLs, $"{ExplicitLittleEndian}=0.4 1.2.840.10008.1.2.4.91=0.9", "")]
    [Requirement("DB.SO.85")]
    public async Task Of_what_an_image_can_be_given_in_it_goes_out_in_what_is_wanted_most(
        string held, string accepted, string given)
    {
        await using var access = await ImageAccessFixture.StartAsync(images: 2);
        Hold(access, held);

        using var response = await access.SendAsync(Request(access, Accept(
            [.. accepted.Split(' ').Select(pair => pair.Split('=')).Select(pair => (pair[0], pair[1]))])));

        if (given.Length == 0)
        {
            Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
            return;
        }

        var image = Assert.Single(await ImageAccessFixture.ReadAsync(response));
        Assert.Equal(given, image.TransferSyntax.Uid.ToString());
    }

    [Fact]
    [Requirement("DB.CS.86")]
    public async Task Instances_of_any_storage_class_are_in_the_manifest_and_are_given_out()
    {
        // PS3.8 7.1.1.13: as many presentation contexts as an association has.
        var classes = UidRegistry.StorageSopClasses().Select(entry => entry.Uid).Take(128).ToList();
        await using var access = await ImageAccessFixture.StartAsync(images: 2);
        var instances = SourceReports.Images(classes.Count);
        for (var i = 0; i < classes.Count; i++)
        {
            instances[i].SetUid(Tag.SOPClassUID, classes[i]);
            instances[i].SetUid(Tag.SeriesInstanceUID, instances[0].GetUid(Tag.SeriesInstanceUID));
        }

        access.Source.Pacs.Instances = instances;
        Assert.Null(await access.Source.Node.NoticeAsync(SourceReports.Study, "operator", SourceFixture.Token));
        await access.Source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);

        var document = await access.Source.ApprovedAsync();
        var listed = (await access.Source.RetrieveAsync(document)).Series.SelectMany(s => s.Instances);
        Assert.Equal(classes.Order(), listed.Select(i => i.SopClassUid).Order());
        using var request = access.Request(
            SourceReports.Study, instances[0].GetUid(Tag.SeriesInstanceUID), kos: document.UniqueId.Root);
        using var response = await access.SendAsync(request);
        var given = await ImageAccessFixture.ReadAsync(response);
        Assert.Equal(classes.Order(), given.Select(i => i.DataSet.GetUid(Tag.SOPClassUID)).Order());
    }

    /// <summary>The PACS has one image of a series, in a transfer syntax that nothing here decodes.</summary>
    private static DataSet Hold(ImageAccessFixture access, string uid)
    {
        Assert.True(TransferSyntax.TryFind(Uid.Parse(uid), out var syntax));
        var image = SourceReports.Images(2)[0];
        if (syntax.IsEncapsulated)
        {
            var fragments = new EncapsulatedFragments();
            fragments.Add([]);
            fragments.Add([1, 2, 3, 4]);
            image.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        }

        access.Source.Pacs.Syntax = syntax;
        access.Source.Pacs.Instances = [image];
        return image;
    }

    private static HttpRequestMessage Request(ImageAccessFixture access, string accept) => access.Request(
        SourceReports.Study, access.Source.Pacs.Instances[0].GetUid(Tag.SeriesInstanceUID), accept: accept);

    private static string Accept(params IReadOnlyList<(string Syntax, string Q)> wanted) => string.Join(
        ", ", wanted.Select(w => $"multipart/related; type=\"application/dicom\"; transfer-syntax={w.Syntax}; q={w.Q}"));

    private static byte[] Pixels(DataSet image)
    {
        Assert.True(image.TryGet(Tag.PixelData, out var element));
        return element.Fragments is { } fragments
            ? [.. fragments.SelectMany(fragment => fragment.ToMemory().ToArray())]
            : element.ToMemory().ToArray();
    }
}
