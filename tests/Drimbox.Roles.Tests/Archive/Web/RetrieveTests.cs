using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text.Json;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Web;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive;

/// <summary>WADO-RS: PS3.18 10.4.</summary>
public sealed class RetrieveTests : IAsyncLifetime
{
    private const string Instance = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1";
    private const string Compressed = "studies/1.2.5/series/1.2.5.1/instances/1.2.5.1.1";

    private ArchiveFixture _archive = null!;
    private WebClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(OnLoopback());
        _client = new WebClient(_archive.Node);
        await _archive.StoreAsync(Image(1, 1, 1));
        await _archive.StoreAsync(Image(1, 1, 2));
        await _archive.StoreAsync(Image(1, 2, 1));
        await StoreAsync(JpegLs(), TransferSyntax.JPEGLSLossless);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _archive.DisposeAsync();
    }

    [Theory]
    [InlineData("studies/1.2.1", 3)]
    [InlineData("studies/1.2.1/series/1.2.1.1", 2)]
    [InlineData(Instance, 1)]
    public async Task What_is_stored_comes_as_it_was_sent(string path, int count)
    {
        using var response = await _client.GetAsync(path, AsStored);
        Assert.Equal(200, (int)response.StatusCode);
        // PS3.18 8.6.1.2: known before the first byte, since nothing is converted.
        Assert.NotNull(response.Content.Headers.ContentLength);
        var parts = await PartsAsync(response);
        Assert.Equal(count, parts.Count);
        foreach (var part in parts)
        {
            Assert.Contains(
                "Content-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\n", part.Header + "\r\n",
                StringComparison.Ordinal);
            var file = Parse(part.Bytes);
            var uid = file.DataSet.GetString(Tag.SOPInstanceUID)!.Split('.').Select(int.Parse).ToArray();
            Assert.Equal(
                DataSetWriter.ToBytes(Image(uid[2], uid[3], uid[4]), TransferSyntax.ExplicitVRLittleEndian),
                part.Bytes[(int)file.DataSetOffset..]);
        }
    }

    [Theory]
    [InlineData("studies/1.2.77")]
    [InlineData("studies/1.2.1/series/1.2.5.1")]
    [InlineData("studies/1.2.1/series/1.2.1.2/instances/1.2.1.1.1")]
    [InlineData("studies/abc")]
    [InlineData("studies/..%2F..%2Fetc%2Fpasswd")]
    [InlineData("studies/1.2.1/series/..%2F1.2.1.1/instances/1.2.1.1.1")]
    [InlineData("studies/1.02.1")]
    public async Task What_is_not_there_is_404(string path)
    {
        using var response = await _client.GetAsync(path, AsStored);
        Assert.Equal(404, (int)response.StatusCode);
        Assert.DoesNotContain("1.2.", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    // PS3.18 8.7.3.4 and 8.7.8. JPEG-LS is lossless, so without a codec there is no default of it.
    [InlineData(Instance, DicomParts, 200, "1.2.840.10008.1.2.1")]
    [InlineData(Instance, DicomParts + "; transfer-syntax=1.2.840.10008.1.2.5", 200, "1.2.840.10008.1.2.5")]
    [InlineData(Instance, "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.5", 200, "1.2.840.10008.1.2.5")]
    [InlineData(Instance, DicomParts + "; transfer-syntax=1.2.840.10008.1.2.4.80", 406, "")]
    [InlineData(Instance, DicomParts + "; transfer-syntax=1.2.840.10008.1.2", 406, "")]
    [InlineData(Instance, DicomParts + "; transfer-syntax=*;q=0.2, " + DicomParts + "; transfer-syntax=1.2.840.10008.1.2.5;q=0.9", 200, "1.2.840.10008.1.2.5")]
    [InlineData(Instance, "*/*", 200, "1.2.840.10008.1.2.1")]
    [InlineData(Instance, "multipart/related; type=\"image/jpeg\"", 406, "")]
    [InlineData(Instance, "text/html, */*;q=0", 406, "")]
    [InlineData(Instance, null, 406, "")]
    [InlineData(Instance, "nonsense", 406, "")]
    [InlineData(Compressed, DicomParts, 406, "")]
    [InlineData(Compressed, AsStored, 200, "1.2.840.10008.1.2.4.80")]
    [InlineData(Compressed, DicomParts + "; transfer-syntax=1.2.840.10008.1.2.4.80", 200, "1.2.840.10008.1.2.4.80")]
    [InlineData(Compressed, "*/*", 200, "1.2.840.10008.1.2.4.80")]
    public async Task The_accept_field_decides(string path, string? accept, int status, string syntax)
    {
        using var response = await _client.GetAsync(path, accept);
        Assert.Equal(status, (int)response.StatusCode);
        if (status != 200) return;
        var part = Assert.Single(await PartsAsync(response));
        Assert.Contains($"transfer-syntax={syntax}\r\n", part.Header + "\r\n", StringComparison.Ordinal);
        Assert.Equal(syntax, Parse(part.Bytes).TransferSyntax.Uid.ToString());
    }

    [Fact]
    public async Task The_accept_parameter_goes_before_the_field()
    {
        var parameter = Uri.EscapeDataString("application/dicom; transfer-syntax=1.2.840.10008.1.2.5");
        using var response = await _client.GetAsync($"{Instance}?accept={parameter}", "*/*");
        Assert.Equal("application/dicom", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            TransferSyntax.RLELossless, Parse(await response.Content.ReadAsByteArrayAsync()).TransferSyntax);
    }

    [Fact]
    public async Task What_is_converted_has_the_pixels_of_the_original()
    {
        var implicitCt = Image(6, 1, 1);
        await StoreAsync(implicitCt, TransferSyntax.ImplicitVRLittleEndian);
        var part = Assert.Single(await _client.GetPartsAsync("studies/1.2.6"));
        // PS3.18 8.7.3.4: implicit VRs are not used on the web, whatever is accepted.
        var file = Parse(part.Bytes);
        Assert.Equal(TransferSyntax.ExplicitVRLittleEndian, file.TransferSyntax);
        Assert.Equal(
            DataSetWriter.ToBytes(implicitCt, TransferSyntax.ExplicitVRLittleEndian),
            part.Bytes[(int)file.DataSetOffset..]);

        part = Assert.Single(await _client.GetPartsAsync(
            Instance, DicomParts + "; transfer-syntax=1.2.840.10008.1.2.5"));
        Assert.True(PixelFrames.TryCreate(Parse(part.Bytes).DataSet, out var frames, out _));
        Assert.True(PixelLayout.TryRead(Parse(part.Bytes).DataSet, out var layout, out _));
        var pixels = new byte[512];
        Assert.Equal(RleError.None, RleLossless.Decode(frames.ToMemory(0).Span, layout, pixels));
        Assert.Equal(Enumerable.Repeat((byte)7, 512), pixels);
    }

    [Fact]
    public async Task Of_a_study_that_can_be_given_in_part_the_status_says_so()
    {
        await _archive.StoreAsync(Image(5, 2, 1));
        using var response = await _client.GetAsync("studies/1.2.5", DicomParts);
        Assert.Equal(206, (int)response.StatusCode);
        Assert.Single(await PartsAsync(response));
        Assert.Equal(2, (await _client.GetPartsAsync("studies/1.2.5")).Count);
    }

    [Fact]
    public async Task A_single_instance_is_a_file_with_ranges_and_conditions()
    {
        using var whole = await _client.GetAsync(Instance, "application/dicom");
        var bytes = await whole.Content.ReadAsByteArrayAsync();
        var path = _archive.Files().Single(f => File.ReadAllBytes(f).AsSpan().IndexOf("1.2.1.1.1"u8) > 0);
        Assert.Equal(await File.ReadAllBytesAsync(path), bytes);
        Assert.NotNull(whole.Headers.ETag);
        Assert.NotNull(whole.Content.Headers.LastModified);

        using var part = await _client.GetAsync(
            Instance, "application/dicom", r => r.Headers.Range = new RangeHeaderValue(128, 131));
        Assert.Equal(206, (int)part.StatusCode);
        Assert.Equal("DICM"u8.ToArray(), await part.Content.ReadAsByteArrayAsync());
        Assert.Equal($"bytes 128-131/{bytes.Length}", part.Content.Headers.ContentRange!.ToString());

        using var beyond = await _client.GetAsync(
            Instance, "application/dicom", r => r.Headers.Range = new RangeHeaderValue(bytes.Length, null));
        Assert.Equal(416, (int)beyond.StatusCode);

        using var same = await _client.GetAsync(
            Instance, "application/dicom", r => r.Headers.IfNoneMatch.Add(whole.Headers.ETag!));
        Assert.Equal(304, (int)same.StatusCode);
        using var changed = await _client.GetAsync(Instance, "application/dicom", r =>
        {
            r.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue("\"another\""));
            r.Headers.Range = new RangeHeaderValue(0, 0);
        });
        Assert.Equal(200, (int)changed.StatusCode);
    }

    [Fact]
    public async Task Frames_come_one_a_part_in_the_media_type_of_their_encoding()
    {
        var parts = await _client.GetPartsAsync(
            $"{Compressed}/frames/1,3", "multipart/related; type=\"image/jls\"");
        Assert.Equal([[1, 1, 1, 1], [3, 3, 3, 3]], parts.Select(p => p.Bytes));
        Assert.Contains("image/jls; transfer-syntax=1.2.840.10008.1.2.4.80", parts[0].Header, StringComparison.Ordinal);
        Assert.Contains("/frames/3", parts[1].Header, StringComparison.Ordinal);

        var native = Assert.Single(await _client.GetPartsAsync(
            $"{Instance}/frames/1", "multipart/related; type=\"application/octet-stream\""));
        Assert.Equal(Enumerable.Repeat((byte)7, 512), native.Bytes);
        // As viewers ask.
        var asStored = Assert.Single(await _client.GetPartsAsync(
            $"{Compressed}/frames/2", "multipart/related; type=application/octet-stream; transfer-syntax=*"));
        Assert.Equal([2, 2, 2, 2], asStored.Bytes);
        using var single = await _client.GetAsync($"{Instance}/frames/1", "application/octet-stream");
        Assert.Equal(512, (await single.Content.ReadAsByteArrayAsync()).Length);

        var rle = Assert.Single(await _client.GetPartsAsync(
            $"{Instance}/frames/1", "multipart/related; type=\"image/dicom-rle\""));
        Assert.True(PixelLayout.TryRead(Image(1, 1, 1), out var layout, out _));
        var pixels = new byte[512];
        Assert.Equal(RleError.None, RleLossless.Decode(rle.Bytes, layout, pixels));
        Assert.Equal(Enumerable.Repeat((byte)7, 512), pixels);
    }

    [Theory]
    [InlineData(Compressed + "/frames/4", "*/*", 404)]
    [InlineData(Compressed + "/frames/0", "*/*", 400)]
    [InlineData(Compressed + "/frames/3,1", "*/*", 400)]
    [InlineData(Compressed + "/frames/1,x", "*/*", 400)]
    [InlineData(Compressed + "/frames/1", "multipart/related; type=\"application/octet-stream\"", 406)]
    [InlineData(Compressed + "/frames/1", "multipart/related; type=\"image/jp2\"", 406)]
    [InlineData(Instance + "/rendered", "image/jpeg", 406)]
    [InlineData(Instance + "/thumbnail", "image/jpeg", 406)]
    [InlineData(Instance + "/bulkdata/00100010/1/00100020", "*/*", 404)]
    [InlineData(Instance + "/bulkdata/..%2F..%2Fx", "*/*", 404)]
    [InlineData(Instance + "/bulkdata/7FE00010", "application/pdf", 406)]
    public async Task What_cannot_be_given_has_its_status(string path, string accept, int status)
    {
        using var response = await _client.GetAsync(path, accept);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Metadata_gives_long_values_by_an_address_that_answers()
    {
        using var response = await _client.GetAsync("studies/1.2.1/metadata");
        using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(3, json.RootElement.GetArrayLength());
        foreach (var instance in json.RootElement.EnumerateArray())
        {
            Assert.Equal("IPP1", instance.GetProperty("00100020").GetProperty("Value")[0].GetString());
            var address = new Uri(instance.GetProperty("7FE00010").GetProperty("BulkDataURI").GetString()!);
            using var bulk = await _client.GetAsync(address.ToString(), "application/octet-stream");
            Assert.Equal(Enumerable.Repeat((byte)7, 512), await bulk.Content.ReadAsByteArrayAsync());
            var part = Assert.Single(await _client.GetPartsAsync(
                address.ToString(), "multipart/related; type=\"application/octet-stream\""));
            Assert.Equal(Enumerable.Repeat((byte)7, 512), part.Bytes);
        }
    }

    [Fact]
    public async Task Bulk_data_of_compressed_pixels_is_their_frames()
    {
        var parts = await _client.GetPartsAsync($"{Compressed}/bulkdata/7FE00010", "*/*");
        Assert.Equal([[1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]], parts.Select(p => p.Bytes));
    }

    [Theory]
    [InlineData("application/vnd.sun.wadl+xml")]
    [InlineData("application/json")]
    public async Task The_capabilities_are_described(string accept)
    {
        foreach (var (method, path) in ((HttpMethod, string)[])
                 [(HttpMethod.Options, ""), (HttpMethod.Get, "../dicom-web"), (HttpMethod.Options, "studies")])
        {
            using var response = await _client.SendAsync(method, path, accept);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Equal(accept, response.Content.Headers.ContentType!.MediaType);
            var text = await response.Content.ReadAsStringAsync();
            Assert.Contains("RetrieveStudy", text, StringComparison.Ordinal);
            Assert.Contains("StoreInstances", text, StringComparison.Ordinal);
            Assert.Contains(_client.Address.ToString().TrimEnd('/'), text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_that_turns_out_shorter_while_it_is_sent_ends_the_answer_and_never_shortens_it()
    {
        var file = _archive.Files()[0];
        var length = new FileInfo(file).Length;
        var pipe = new Pipe();
        await pipe.Writer.SendFileAsync(file, length, default);
        await Assert.ThrowsAsync<EndOfStreamException>(
            () => pipe.Writer.SendFileAsync(file, length + 1, default));
    }

    private async Task StoreAsync(DataSet dataSet, TransferSyntax syntax)
    {
        var source = InstanceSource.FromMemory(
            DataSetWriter.ToBytes(dataSet, syntax), dataSet.GetUid(Tag.SOPClassUID),
            dataSet.GetUid(Tag.SOPInstanceUID), syntax.Uid);
        await using var association = await _archive.CallAsync(CStoreScu.ContextsFor([source]));
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(source));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task Pixels_that_do_not_fit_the_other_encoding_are_406()
    {
        // Without Bits Allocated nothing can be said of the pixels.
        await _archive.StoreAsync(Ct(7, 1, 1));
        foreach (var accept in (string[])[DicomParts, "application/dicom"])
        {
            using var response = await _client.GetAsync(
                "studies/1.2.7/series/1.2.7.1/instances/1.2.7.1.1", accept + "; transfer-syntax=1.2.840.10008.1.2.5");
            Assert.Equal(406, (int)response.StatusCode);
        }
    }

    private static DataSet Image(int study, int series, int instance)
    {
        var image = Ct(study, series, instance);
        image.SetInt(Tag.SamplesPerPixel, 1);
        image.SetInt(Tag.BitsAllocated, 16);
        return image;
    }

    // Three frames that nothing here decodes.
    private static DataSet JpegLs()
    {
        var image = Image(5, 1, 1);
        image.SetInt(Tag.NumberOfFrames, 3);
        var fragments = new EncapsulatedFragments();
        fragments.Add([]);
        for (byte frame = 1; frame <= 3; frame++) fragments.Add([frame, frame, frame, frame]);
        image.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        return image;
    }
}
