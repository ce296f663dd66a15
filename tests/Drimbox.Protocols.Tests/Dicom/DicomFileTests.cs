using System.IO.Compression;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>DICOM files (PS3.10 section 7).</summary>
public sealed class DicomFileTests
{
    private static readonly DataSet Image = SampleImage.Create();

    [Fact]
    public void A_file_holds_what_was_written()
    {
        var bytes = Part10Writer.ToBytes(Image, TransferSyntax.ImplicitVRLittleEndian, AeTitle.Parse("DRIMBOX"));

        Assert.True(DicomFile.TryRead(bytes, out var file, out _));
        Assert.All(bytes[..128], b => Assert.Equal(0, b));
        Assert.Equal(SampleImage.SopInstanceUid, file!.Meta.GetUid(Tag.MediaStorageSOPInstanceUID));
        Assert.Equal("DRIMBOX_0_1", file.Meta.GetString(Tag.ImplementationVersionName));
        Assert.Equal(Implementation.ClassUid, file.Meta.GetUid(Tag.ImplementationClassUID));
        Assert.Equal("DRIMBOX", file.Meta.GetString(Tag.SourceApplicationEntityTitle));
        Assert.Equal(file.DataSetOffset, 128 + 4 + 12 + file.Meta.GetIntegers(Tag.FileMetaInformationGroupLength)[0]);
        Assert.False(file.DataSet.Contains(Tag.TransferSyntaxUID));
        Assert.Equal(
            DataSetWriter.ToBytes(Image, TransferSyntax.ImplicitVRLittleEndian),
            DataSetWriter.ToBytes(file.DataSet, TransferSyntax.ImplicitVRLittleEndian));
    }

    [Fact]
    public void Path_stream_and_memory_read_alike()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.dcm");
        using (var stream = File.Create(path)) Part10Writer.Write(Image, TransferSyntax.ExplicitVRLittleEndian, stream);
        var bytes = File.ReadAllBytes(path);

        Assert.True(DicomFile.TryRead(path, out var fromPath, out _));
        Assert.True(DicomFile.TryRead(new MemoryStream(bytes), out var fromStream, out _));
        Assert.True(DicomFile.TryRead(bytes, out var fromMemory, out _));
        foreach (var file in new[] { fromPath!, fromStream!, fromMemory! })
            Assert.Equal(bytes, Part10Writer.ToBytes(file.DataSet, file.TransferSyntax));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(131)]
    [InlineData(5000)]
    public void What_has_no_prefix_is_not_a_DICOM_file(int length)
    {
        Assert.False(DicomFile.TryRead(new byte[length], out var file, out var refusal));
        Assert.Null(file);
        Assert.Equal("Not a DICOM file: no 'DICM' at byte 128 (PS3.10 7.1).", refusal!.Detail);
    }

    [Fact]
    public void Of_a_truncated_file_the_readable_part_and_the_place_are_given()
    {
        var bytes = Part10Writer.ToBytes(Image, TransferSyntax.ExplicitVRLittleEndian);

        Assert.False(DicomFile.TryRead(bytes.AsMemory(0, bytes.Length - 1), out var file, out var refusal));

        Assert.Equal(RefusalReason.Malformed, refusal!.Reason);
        Assert.Equal("(7FE0,0010)", refusal.Location);
        Assert.Contains($"{Image.Count - 1} elements, the last (0028,0100)", refusal.Detail, StringComparison.Ordinal);
        Assert.Contains($"at byte {bytes.Length - 12 - 1536}", refusal.Detail, StringComparison.Ordinal);
        Assert.Equal("PAT-TROIS^ZOÉ", file!.DataSet.GetString(Tag.PatientName));
        Assert.Equal(
            (StructureErrorReason.ValueBeyondInput, Tag.PixelData, 1536L, 1535L),
            (file.Error.Reason, file.Error.Tag, file.Error.Declared, file.Error.Available));
    }

    [Fact]
    public void File_meta_information_longer_than_any_ordinary_one_is_read_from_a_path_too()
    {
        using var folder = new TemporaryFolder();
        var bytes = Part10Writer.ToBytes(Image, TransferSyntax.ExplicitVRLittleEndian);
        // (0002,0102) OB, private information, 40,000 bytes: behind the others, and the group length says so.
        byte[] more = [.. new ByteText().Add("02000201 4F42 0000 409C0000").ToArray(), .. new byte[40_000]];
        Assert.True(DicomFile.TryRead(bytes, out var plain, out _));
        var end = (int)plain!.DataSetOffset;
        byte[] longer = [.. bytes[..end], .. more, .. bytes[end..]];
        BitConverter.TryWriteBytes(longer.AsSpan(140), BitConverter.ToInt32(bytes, 140) + more.Length);
        File.WriteAllBytes(folder.File("a.dcm"), longer);

        Assert.True(DicomFile.TryRead(folder.File("a.dcm"), out var file, out var refusal), refusal?.Detail);

        Assert.Equal(40_000, file!.Meta[file.Meta.Count - 1].Length);
        Assert.Equal(bytes, Part10Writer.ToBytes(file.DataSet, file.TransferSyntax));
    }

    [Fact]
    public void The_header_of_an_image_takes_little_memory()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.dcm");
        var bytes = Part10Writer.ToBytes(Image, TransferSyntax.ExplicitVRLittleEndian);
        File.WriteAllBytes(path, bytes);
        for (var i = 0; i < 3; i++) DicomFile.TryRead(path, out _, out _, Tag.PixelData);

        var before = GC.GetAllocatedBytesForCurrentThread();
        DicomFile.TryRead(path, out _, out _, Tag.PixelData);

        // The elements (24 bytes each), their values in one block of 2 KiB, four items, the handle of the file.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8_000);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused_or_ends_between_elements()
    {
        var bytes = Part10Writer.ToBytes(Image, TransferSyntax.ExplicitVRLittleEndian);
        for (var length = 0; length < bytes.Length - 1536; length++)
        {
            var isWhole = DicomFile.TryRead(bytes.AsMemory(0, length), out _, out var refusal);
            Assert.Equal(isWhole, refusal is null);
        }
    }

    [Fact]
    public void A_wrong_or_absent_group_length_does_not_matter()
    {
        var bytes = Part10Writer.ToBytes(Image, TransferSyntax.ImplicitVRLittleEndian);
        foreach (var wrong in new byte[] { 0, 8, 200, 250, 255 })
        {
            bytes[128 + 4 + 8] = wrong;
            Assert.True(DicomFile.TryRead(bytes, out var file, out var refusal), refusal?.Detail);
            Assert.Equal("IPP101", file!.DataSet.GetString(Tag.PatientID));
        }

        byte[] without = [.. bytes[..132], .. bytes[144..]];
        Assert.True(DicomFile.TryRead(without, out var read, out _));
        Assert.Equal("IPP101", read!.DataSet.GetString(Tag.PatientID));
    }

    [Fact]
    public void An_unknown_transfer_syntax_is_refused()
    {
        byte[] bytes =
        [
            .. Part10Writer.Header(SopClass.CTImageStorage, Uid.Parse("1.2"), Uid.Parse("1.2.3.4")),
            .. DataSetWriter.ToBytes(Image, TransferSyntax.ExplicitVRLittleEndian),
        ];

        Assert.False(DicomFile.TryRead(bytes, out _, out var refusal));
        Assert.Equal((RefusalReason.TableValue, "(0002,0010)"), (refusal!.Reason, refusal.Location));
    }

    [Fact]
    public void A_deflated_file_is_read_within_its_limits()
    {
        var plain = DataSetWriter.ToBytes(Image, TransferSyntax.ExplicitVRLittleEndian);

        Assert.True(DicomFile.TryRead(Deflated(plain), out var file, out var refusal), refusal?.Detail);
        Assert.Equal(plain, DataSetWriter.ToBytes(file!.DataSet, TransferSyntax.ExplicitVRLittleEndian));

        // 16 MiB of zeros as Pixel Data: deflates 1,000 times.
        var bomb = new DataSet();
        bomb.SetBytes(Tag.PixelData, Vr.OW, new byte[16 * 1024 * 1024]);
        var bytes = Deflated(DataSetWriter.ToBytes(bomb, TransferSyntax.ExplicitVRLittleEndian));
        Assert.False(DicomFile.TryRead(bytes, out _, out refusal));
        Assert.Equal("(7FE0,0010)", refusal!.Location);

        // Not a deflate stream at all.
        byte[] noDeflate = [.. DeflatedHeader(), 0xFF, 0xFF, 0xFF, 0xFF];
        Assert.False(DicomFile.TryRead(noDeflate, out _, out _));
    }

    private static byte[] DeflatedHeader() => Part10Writer.Header(
        SopClass.CTImageStorage, Uid.Parse("1.2"), TransferSyntax.DeflatedExplicitVRLittleEndian.Uid);

    private static byte[] Deflated(byte[] dataSet)
    {
        using var output = new MemoryStream();
        output.Write(DeflatedHeader());
        using (var deflate = new DeflateStream(output, CompressionLevel.SmallestSize, leaveOpen: true))
            deflate.Write(dataSet);
        return output.ToArray();
    }
}
