using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>A header that is longer than what is read of a file at once.</summary>
public sealed class LongHeaderTests
{
    // Lengths of all remainders, so that each boundary of a read falls into a header in one of the files, and into a
    // value in others.
    public static TheoryData<int> Shifts => [.. Enumerable.Range(0, 24).Select(n => 2 * n)];

    [Theory]
    [MemberData(nameof(Shifts))]
    public void A_header_over_several_reads_is_read_as_it_was_written(int shift)
    {
        using var folder = new TemporaryFolder();
        var image = LongHeader(shift);
        var expected = DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian);
        var path = folder.File("long.dcm");
        File.WriteAllBytes(path, Part10Writer.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));

        Assert.True(DicomFile.TryRead(path, out var fromFile, out _));
        using var stream = File.OpenRead(path);
        Assert.True(DicomFile.TryRead(stream, out var fromStream, out _));
        var fromPath = DataSetReader.ReadFile(path, fromFile!.DataSetOffset, TransferSyntax.ExplicitVRLittleEndian);

        Assert.Equal(expected, DataSetWriter.ToBytes(fromFile.DataSet, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal(expected, DataSetWriter.ToBytes(fromStream!.DataSet, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal(expected, DataSetWriter.ToBytes(fromPath.DataSet, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void What_was_read_of_a_file_does_not_change_when_another_is_read()
    {
        using var folder = new TemporaryFolder();
        var first = folder.File("first.dcm");
        var second = folder.File("second.dcm");
        var image = SampleImage.Create();
        File.WriteAllBytes(first, Part10Writer.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
        image.SetString(Tag.PatientName, "AUTRE^NOM-XX");
        image.SetString(Tag.PatientID, "IPP999");
        File.WriteAllBytes(second, Part10Writer.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));

        Assert.True(DicomFile.TryRead(first, out var file, out _));
        for (var i = 0; i < 4; i++) Assert.True(DicomFile.TryRead(second, out _, out _));

        Assert.Equal("PAT-TROIS^ZOÉ", file!.DataSet.GetString(Tag.PatientName));
        Assert.Equal("IPP101", file.DataSet.GetString(Tag.PatientID));
        Assert.Equal("Échographie", file.DataSet.GetItems(Tag.ProcedureCodeSequence)[0].GetString(Tag.CodeMeaning));
        Assert.Equal(SampleImage.SopInstanceUid, file.Meta.GetUid(Tag.MediaStorageSOPInstanceUID));
    }

    // 170 KiB of short values, so that half of all bytes are headers, with items between them and two private values
    // that stay in the file.
    private static DataSet LongHeader(int shift)
    {
        var image = SampleImage.Create();
        image.SetString(Tag.ImageComments, new string('x', shift));
        image.Set(new DataElement(new Tag(0x0029_0010), Vr.LO, "DRIMBOX "u8.ToArray()));
        for (ushort i = 0; i < 9000; i++)
        {
            var tag = new Tag(0x0029, (ushort)(0x1000 + i));
            if (i is 100 or 4000)
            {
                image.Set(new DataElement(tag, Vr.UN, new byte[Limits.ValueBytesByReferenceMin + i]));
            }
            else if (i % 40 == 3)
            {
                var item = new DataSet(image);
                item.Set(new DataElement(Tag.CodeMeaning, Vr.LO, new byte[2 * (i % 7)]));
                image.SetSequence(tag, item, new DataSet(image));
            }
            else
            {
                image.Set(new DataElement(tag, Vr.LT, new byte[2 * (i % 10)]));
            }
        }

        return image;
    }
}
