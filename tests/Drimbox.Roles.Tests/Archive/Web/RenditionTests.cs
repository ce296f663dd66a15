using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive;

/// <summary>An instance that is kept in two transfer syntaxes: WADO-RS chooses among all that is stored, and queries
/// list it.</summary>
public sealed class RenditionTests : IAsyncLifetime
{
    private const string Native = "1.2.840.10008.1.2.1";
    private const string JpegLs = "1.2.840.10008.1.2.4.80";
    private const string Rle = "1.2.840.10008.1.2.5";

    private ArchiveFixture _archive = null!;
    private WebClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(OnLoopback());
        _client = new WebClient(_archive.Node);
        // Of the one the native came first, of the other the compressed.
        await StoreAsync(Image(1), TransferSyntax.ExplicitVRLittleEndian);
        await StoreAsync(Compressed(1), TransferSyntax.JPEGLSLossless);
        await StoreAsync(Compressed(2), TransferSyntax.JPEGLSLossless);
        await StoreAsync(Image(2), TransferSyntax.ExplicitVRLittleEndian);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _archive.DisposeAsync();
    }

    [Theory]
    [InlineData(1, DicomParts, Native)]
    [InlineData(1, "*/*", Native)]
    [InlineData(1, DicomParts + "; transfer-syntax=*", Native)]
    [InlineData(1, DicomParts + "; transfer-syntax=" + JpegLs, JpegLs)]
    [InlineData(1, DicomParts + "; transfer-syntax=" + Rle, Rle)]
    [InlineData(1, DicomParts + "; transfer-syntax=" + JpegLs + "; q=0.9, " + DicomParts + "; transfer-syntax=" + Native + "; q=0.5", JpegLs)]
    [InlineData(1, DicomParts + "; transfer-syntax=" + JpegLs + "; q=0.5, " + DicomParts + "; transfer-syntax=" + Native + "; q=0.9", Native)]
    [InlineData(1, DicomParts + "; transfer-syntax=" + Rle + "; q=0.5, " + DicomParts + "; transfer-syntax=" + JpegLs + "; q=0.5", JpegLs)]
    [InlineData(2, DicomParts, Native)]
    [InlineData(2, "*/*", Native)]
    [InlineData(2, DicomParts + "; transfer-syntax=*", JpegLs)]
    [InlineData(2, DicomParts + "; transfer-syntax=" + Native, Native)]
    [InlineData(2, DicomParts + "; transfer-syntax=" + Rle, Rle)]
    public async Task The_accept_field_chooses_among_all_that_is_stored_and_then_what_can_be_made(
        int study, string accept, string syntax)
    {
        var part = Assert.Single(await _client.GetPartsAsync($"studies/1.2.{study}", accept));
        Assert.Contains($"transfer-syntax={syntax}\r\n", part.Header + "\r\n", StringComparison.Ordinal);
        var file = Parse(part.Bytes);
        Assert.Equal(syntax, file.TransferSyntax.Uid.ToString());
        if (syntax == Rle) return;
        var sent = syntax == Native ? Image(study) : Compressed(study);
        Assert.Equal(DataSetWriter.ToBytes(sent, file.TransferSyntax), part.Bytes[(int)file.DataSetOffset..]);
    }

    [Fact]
    public async Task By_itself_each_rendition_has_its_own_entity_tag()
    {
        var tags = new List<string>();
        foreach (var syntax in (string[])[Native, JpegLs])
        {
            using var response = await _client.GetAsync(InstanceOf(1), $"application/dicom; transfer-syntax={syntax}");
            Assert.Equal(syntax, Parse(await response.Content.ReadAsByteArrayAsync()).TransferSyntax.Uid.ToString());
            tags.Add(response.Headers.ETag!.ToString());
        }

        Assert.NotEqual(tags[0], tags[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Frames_and_bulk_data_come_of_the_rendition_that_has_them_as_they_are_wanted(int study)
    {
        foreach (var resource in (string[])["frames/1", "bulkdata/7FE00010"])
        {
            var path = $"{InstanceOf(study)}/{resource}";
            Assert.Equal([1, 2, 3, 4], Assert.Single(
                await _client.GetPartsAsync(path, "multipart/related; type=\"image/jls\"")).Bytes);
            var native = "multipart/related; type=\"application/octet-stream\"";
            Assert.Equal(
                Enumerable.Repeat((byte)7, 512), Assert.Single(await _client.GetPartsAsync(path, native)).Bytes);
        }

        // Bytes that no one can tell apart are those of the pixels, where there are such.
        Assert.Equal(512, Assert.Single(await _client.GetPartsAsync(
            $"{InstanceOf(study)}/frames/1",
            "multipart/related; type=application/octet-stream; transfer-syntax=*")).Bytes.Length);
    }

    [Fact]
    public async Task Queries_list_the_transfer_syntaxes_of_the_version_that_stands_and_match_each()
    {
        string[] Found(IReadOnlyList<DataSet> matches) =>
            [.. matches.Select(m => string.Join(' ', m.GetStrings(Tag.AvailableTransferSyntaxUID))).Order()];
        string[] both = [$"{Native} {JpegLs}", $"{JpegLs} {Native}"];
        Assert.Equal(both, Found(await _archive.FindAsync("IMAGE", (Tag.AvailableTransferSyntaxUID, ""))));
        Assert.Equal(both, Found(await _client.SearchAsync("instances")));
        foreach (var syntax in (string[])[Native, JpegLs, $"{Rle}\\{JpegLs}"])
            Assert.Equal(2, (await _archive.FindAsync("IMAGE", (Tag.AvailableTransferSyntaxUID, syntax))).Count);
        Assert.Empty(await _archive.FindAsync("IMAGE", (Tag.AvailableTransferSyntaxUID, Rle)));

        // A corrected version is there as it came, and in no other encoding.
        await StoreAsync(Image(1, "PAT-UN^ALIX"), TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal([Native], Found(await _client.SearchAsync("studies/1.2.1/instances")));
        Assert.Single(await _archive.FindAsync("IMAGE", (Tag.AvailableTransferSyntaxUID, JpegLs)));
    }

    [Fact]
    public async Task A_rendition_that_is_whole_is_given_where_another_is_damaged()
    {
        var row = (await _archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default))!;
        await _archive.Node.Index.MarkDamagedAsync(row.RowId, row.File.FileName, true, default);
        var part = Assert.Single(await _client.GetPartsAsync("studies/1.2.1"));
        Assert.Equal(JpegLs, Parse(part.Bytes).TransferSyntax.Uid.ToString());
        using var native = await _client.GetAsync("studies/1.2.1", DicomParts);
        Assert.Equal(406, (int)native.StatusCode);
        var rendition = Assert.Single(row.Renditions);
        await _archive.Node.Index.MarkFurtherDamagedAsync(rendition.RowId, true, default);
        using var none = await _client.GetAsync("studies/1.2.1", AsStored);
        Assert.Equal(500, (int)none.StatusCode);
    }

    private static string InstanceOf(int study) => $"studies/1.2.{study}/series/1.2.{study}.1/instances/1.2.{study}.1.1";

    private async Task StoreAsync(DataSet dataSet, TransferSyntax syntax) =>
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsAsync("CT1", dataSet, syntax));

    private static DataSet Image(int study, string name = "PAT-TROIS^DOMINIQUE")
    {
        var image = Ct(study, 1, 1, name);
        image.SetInt(Tag.SamplesPerPixel, 1);
        image.SetInt(Tag.BitsAllocated, 16);
        return image;
    }

    // A frame that nothing here decodes.
    private static DataSet Compressed(int study)
    {
        var image = Image(study);
        var fragments = new EncapsulatedFragments();
        fragments.Add([]);
        fragments.Add([1, 2, 3, 4]);
        image.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        return image;
    }
}
