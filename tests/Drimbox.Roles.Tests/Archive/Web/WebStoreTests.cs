using System.Text;
using System.Xml.Linq;
using Drimbox.Dicom;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive;

/// <summary>STOW-RS: PS3.18 10.5 and annex I.</summary>
public sealed class WebStoreTests
{
    [Fact]
    public async Task What_is_stored_is_found_and_comes_back_byte_for_byte()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        using var response = await client.StoreAsync(FileOf(Ct(1, 1, 1)), FileOf(Ct(1, 1, 2)), FileOf(Ct(2, 1, 1)));
        Assert.Equal(200, (int)response.StatusCode);
        var report = await ReportAsync(response);
        Assert.False(report.Contains(Tag.FailedSOPSequence));
        var stored = report.GetItems(Tag.ReferencedSOPSequence);
        Assert.Equal(
            ["1.2.1.1.1", "1.2.1.1.2", "1.2.2.1.1"],
            stored.Select(i => i.GetString(Tag.ReferencedSOPInstanceUID)).Order());
        Assert.All(stored, i => Assert.Equal(SopClass.CTImageStorage, i.GetUid(Tag.ReferencedSOPClassUID)));
        foreach (var item in stored)
        {
            // Where the report says that it is, it is.
            var part = Assert.Single(await client.GetPartsAsync(item.GetString(Tag.RetrieveURL)!));
            var uid = item.GetString(Tag.ReferencedSOPInstanceUID)!.Split('.').Select(int.Parse).ToArray();
            Assert.Equal(
                DataSetWriter.ToBytes(Ct(uid[2], uid[3], uid[4]), TransferSyntax.ExplicitVRLittleEndian),
                part.Bytes[(int)Parse(part.Bytes).DataSetOffset..]);
        }

        Assert.Equal(3, archive.Files().Length);
    }

    [Fact]
    public async Task Stored_means_durable()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        using var response = await client.StoreAsync(FileOf(Ct(1, 1, 1)));
        Assert.Equal(200, (int)response.StatusCode);
        await using var after = await archive.StartAfterCrashAsync();
        using var again = new WebClient(after.Node);
        Assert.Single(await again.GetPartsAsync("studies/1.2.1"));
    }

    [Fact]
    public async Task A7_a_preamble_that_is_a_program_is_stored_as_zeros()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        var file = FileOf(Ct(1, 1, 1));
        Encoding.ASCII.GetBytes("\u007fELF and so on").CopyTo(file, 0);
        using var response = await client.StoreAsync(file);
        Assert.Equal(200, (int)response.StatusCode);
        var stored = await File.ReadAllBytesAsync(Assert.Single(archive.Files()));
        Assert.All(stored[..128], b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task What_fails_is_told_with_its_reason_and_the_rest_is_stored()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        var broken = FileOf(Ct(1, 1, 3));
        var another = FileOf(Ct(1, 1, 4));
        // The file meta information says another instance than the data set.
        another[another.AsSpan().IndexOf("1.2.1.1.4"u8) + 8] = (byte)'5';
        var unknownClass = Ct(1, 1, 6);
        unknownClass.SetString(Tag.SOPClassUID, "1.2.840.10008.1.1");
        var unknownSyntax = FileOf(Ct(1, 1, 7));
        "1.2.840.10008.1.9.9\0"u8.CopyTo(unknownSyntax.AsSpan(unknownSyntax.AsSpan().IndexOf("1.2.840.10008.1.2.1\0"u8)));
        using var response = await client.StoreAsync(
            FileOf(Ct(1, 1, 1)), broken[..^100], another, FileOf(unknownClass), unknownSyntax, "no file"u8.ToArray(),
            FileOf(Ct(1, 1, 2)));
        Assert.Equal(202, (int)response.StatusCode);
        var report = await ReportAsync(response);
        Assert.Equal(
            ["1.2.1.1.1", "1.2.1.1.2"],
            report.GetItems(Tag.ReferencedSOPSequence).Select(i => i.GetString(Tag.ReferencedSOPInstanceUID)).Order());
        Assert.Equal(
            ["1.2.1.1.3 C000", "1.2.1.1.5 0117", "1.2.1.1.6 0122", "1.2.1.1.7 C122"],
            report.GetItems(Tag.FailedSOPSequence).Select(Told).Order());
        Assert.Equal(
            0xC000, Assert.Single(report.GetItems(Tag.OtherFailuresSequence)).GetInt(Tag.FailureReason));
        Assert.Equal(2, archive.Files().Length);
    }

    [Fact]
    public async Task The_same_again_is_200_and_nothing_stored_is_409()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        using var first = await client.StoreAsync(FileOf(Ct(1, 1, 1)));
        using var same = await client.StoreAsync(FileOf(Ct(1, 1, 1)));
        Assert.Equal(200, (int)same.StatusCode);
        Assert.Single(archive.Files());
        using var broken = await client.StoreAsync(FileOf(Ct(1, 1, 2))[..^100]);
        Assert.Equal(409, (int)broken.StatusCode);
        var failed = Assert.Single((await ReportAsync(broken)).GetItems(Tag.FailedSOPSequence));
        Assert.Equal("1.2.1.1.2 C000", Told(failed));
    }

    [Fact]
    public async Task An_instance_of_another_study_than_that_of_the_path_is_not_stored()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        using var response = await client.StoreAsync("studies/1.2.1", [FileOf(Ct(1, 1, 1)), FileOf(Ct(2, 1, 1))]);
        Assert.Equal(202, (int)response.StatusCode);
        var report = await ReportAsync(response);
        Assert.Equal($"{client.Address}studies/1.2.1", report.GetString(Tag.RetrieveURL));
        Assert.Equal("1.2.2.1.1 C409", Told(Assert.Single(report.GetItems(Tag.FailedSOPSequence))));
        Assert.Single(archive.Files());
    }

    [Fact]
    public async Task A_full_disk_is_507_and_leaves_nothing()
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartAsync(OnLoopback(), disk);
        using var client = new WebClient(archive.Node);
        disk.Arm(1, DiskFaultKind.NoSpace, DiskCall.Write);
        using var full = await client.StoreAsync(FileOf(Ct(1, 1, 1)));
        Assert.True(disk.HasStruck);
        Assert.Equal(507, (int)full.StatusCode);
        var failed = Assert.Single((await ReportAsync(full)).GetItems(Tag.FailedSOPSequence));
        Assert.Equal("1.2.1.1.1 A700", Told(failed));
        Assert.Empty(archive.Files());
        disk.Arm(1, DiskFaultKind.DeviceError, DiskCall.Sync);
        using var faulty = await client.StoreAsync(FileOf(Ct(1, 1, 1)));
        Assert.Equal(507, (int)faulty.StatusCode);
        using var again = await client.StoreAsync(FileOf(Ct(1, 1, 1)));
        Assert.Equal(200, (int)again.StatusCode);
    }

    [Theory]
    [InlineData("application/dicom", 415)]
    [InlineData("multipart/related; type=\"image/jpeg\"; boundary=bound", 415)]
    [InlineData("multipart/form-data; boundary=bound", 415)]
    [InlineData("multipart/related; type=\"application/dicom\"", 400)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=\"\"", 400)]
    [InlineData("multipart/related; type=application/dicom; boundary=bound", 200)]
    public async Task The_content_type_decides(string contentType, int status)
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        var body = await Body([FileOf(Ct(1, 1, 1))]).ReadAsByteArrayAsync();
        using var response = await client.SendAsync(HttpMethod.Post, "studies", Json, Raw(body, contentType));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, archive.Files().Length);
    }

    [Fact]
    public async Task The_report_comes_in_xml_to_who_asks_for_it()
    {
        await using var archive = await StartAsync(OnLoopback());
        using var client = new WebClient(archive.Node);
        using var response = await client.SendAsync(
            HttpMethod.Post, "studies", "application/dicom+xml", Body([FileOf(Ct(1, 1, 1))]));
        Assert.Equal("application/dicom+xml", response.Content.Headers.ContentType!.MediaType);
        var model = XDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Contains(
            model.Descendants(), e => (string?)e.Attribute("keyword") == "ReferencedSOPInstanceUID"
                && e.Value == "1.2.1.1.1");
    }

    private static string Told(DataSet item) =>
        $"{item.GetString(Tag.ReferencedSOPInstanceUID)} {item.GetInt(Tag.FailureReason):X4}";
}
