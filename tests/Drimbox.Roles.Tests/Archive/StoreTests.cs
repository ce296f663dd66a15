using System.Security.Cryptography;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

public sealed class StoreTests
{
    [Fact]
    public async Task A_stored_instance_is_a_dicom_file_with_the_data_set_as_it_came()
    {
        await using var archive = await StartAsync();
        var ct = Ct(1, 1, 1);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(ct));
        var path = Assert.Single(archive.Files());
        var bytes = await File.ReadAllBytesAsync(path);
        Assert.True(DicomFile.TryRead(path, out var file, out _));
        Assert.Equal(
            DataSetWriter.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian), bytes[(int)file!.DataSetOffset..]);
        Assert.Equal("CT1", file.Meta.GetString(Tag.SourceApplicationEntityTitle));
        Assert.All(bytes[..128], b => Assert.Equal(0, b));

        var row = await archive.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.1"), default);
        Assert.Equal(FileDigest.Of(new MemoryStream(bytes)), row!.File.Digest);
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan((int)file.DataSetOffset))), row.File.DataSetSha256);
        Assert.Equal(bytes.Length, row.File.Length);
        Assert.Equal(path, Path.Combine(archive.NodeFolder, row.File.FileName));
    }

    [Fact]
    public async Task The_same_bytes_again_are_success_and_stored_once()
    {
        await using var archive = await StartAsync();
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1)));
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1)));
        Assert.Single(archive.Files());
    }

    [Fact]
    public async Task A_data_set_that_contradicts_its_command_is_refused()
    {
        await using var archive = await StartAsync();
        Assert.Equal(0xA900, (await archive.StoreAsync(Ct(1, 1, 1), commandClass: SopClass.MRImageStorage)).Code);
        Assert.Equal(0x0117, (await archive.StoreAsync(Ct(1, 1, 1), commandInstance: "1.2.9")).Code);
        Assert.Empty(archive.Files());
        Assert.Empty(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "")));
    }

    [Theory]
    [InlineData("08001800554908002E2E2F2E2E2F6578", "A UID of the data set is not valid.")] // ../../ex
    [InlineData("0800160055490400FFFF", "The data set is not well-formed.")] // ends inside of a value
    [InlineData("E07F10004F57000000FFFFFF0000", "The data set is not well-formed.")] // Pixel Data longer than all
    [InlineData("08000800FFFFFFFF", "The data set is not well-formed.")] // no VR
    public async Task A_data_set_that_is_none_is_C000_with_a_fixed_text(string hex, string comment)
    {
        await using var archive = await StartAsync();
        var status = await archive.StoreBytesAsync(Convert.FromHexString(hex), "1.2.3");
        Assert.Equal(0xC000, status.Code);
        Assert.Equal(comment, status.Comment);
        Assert.Empty(archive.Files());
    }

    [Fact]
    public async Task Without_study_and_series_uid_it_is_C000()
    {
        await using var archive = await StartAsync();
        var ct = Ct(1, 1, 1);
        ct.Remove(Tag.StudyInstanceUID);
        Assert.Equal(0xC000, (await archive.StoreAsync(ct)).Code);
    }

    [Fact]
    public async Task Many_associations_store_at_once()
    {
        await using var archive = await StartAsync();
        await Task.WhenAll(Enumerable.Range(1, 16).Select(series => Task.Run(async () =>
        {
            for (var instance = 1; instance <= 10; instance++)
                Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, series, instance)));
        })));
        var study = Assert.Single(await archive.FindAsync(
            "STUDY", (Tag.NumberOfStudyRelatedInstances, ""), (Tag.NumberOfStudyRelatedSeries, "")));
        Assert.Equal("160", study.GetString(Tag.NumberOfStudyRelatedInstances));
        Assert.Equal("16", study.GetString(Tag.NumberOfStudyRelatedSeries));
        Assert.Equal(160, archive.Files().Length);
    }
}
