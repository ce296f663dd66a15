using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>Typed values of a data set: what is set is read, in the encoding that the VR asks for (PS3.5 6.2).</summary>
public sealed class ValueTests
{
    [Fact]
    public void Text_is_padded_by_its_VR_and_read_without_padding()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientID, "ABC");
        dataSet.SetUid(Tag.SOPInstanceUID, Uid.Parse("1.2.3"));

        Assert.True(dataSet.TryGet(Tag.PatientID, out var id));
        Assert.Equal("ABC "u8.ToArray(), id.Bytes.ToArray());
        Assert.True(dataSet.TryGet(Tag.SOPInstanceUID, out var uid));
        Assert.Equal("1.2.3\0"u8.ToArray(), uid.Bytes.ToArray());
        Assert.Equal("ABC", dataSet.GetString(Tag.PatientID));
        Assert.Equal(Uid.Parse("1.2.3"), dataSet.GetUid(Tag.SOPInstanceUID));
    }

    [Fact]
    public void Absent_and_empty_read_alike_but_are_not_the_same()
    {
        var dataSet = new DataSet();
        dataSet.SetEmpty(Tag.AccessionNumber);
        dataSet.SetEmpty(Tag.ReferencedStudySequence);

        foreach (var tag in new[] { Tag.AccessionNumber, Tag.StudyID })
        {
            Assert.Null(dataSet.GetString(tag));
            Assert.Empty(dataSet.GetStrings(tag));
            Assert.True(dataSet.GetUid(tag).IsEmpty);
            Assert.Null(dataSet.GetInt(tag));
            Assert.Null(dataSet.GetDouble(tag));
            Assert.Null(dataSet.GetDate(tag));
        }

        Assert.True(dataSet.Contains(Tag.AccessionNumber));
        Assert.False(dataSet.Contains(Tag.StudyID));
        Assert.Empty(dataSet.GetItems(Tag.ReferencedStudySequence));
    }

    [Fact]
    public void Numbers_survive_in_every_VR()
    {
        var dataSet = new DataSet();
        dataSet.SetInt(Tag.Rows, 65_535);
        dataSet.SetInt(Tag.SmallestImagePixelValue, -5);
        dataSet.SetInt(Tag.InstanceNumber, -12);
        dataSet.SetInt(Tag.SimpleFrameList, 1, 4_000_000_000);
        dataSet.SetDouble(Tag.PixelSpacing, 0.1, 1.0 / 3);
        dataSet.SetDouble(Tag.RecommendedDisplayFrameRateInFloat, 1.5);
        dataSet.SetDouble(Tag.RealWorldValueSlope, Math.PI);
        dataSet.SetTags(Tag.FrameIncrementPointer, Tag.FrameTime, Tag.PatientName);

        Assert.Equal(65_535, dataSet.GetInt(Tag.Rows));
        Assert.Equal(-5, dataSet.GetInt(Tag.SmallestImagePixelValue));
        Assert.Equal(-12, dataSet.GetInt(Tag.InstanceNumber));
        Assert.Equal([1, 4_000_000_000], dataSet.GetIntegers(Tag.SimpleFrameList));
        Assert.False(dataSet.TryGetInt(Tag.PatientName, out _));
        Assert.Equal(0.1, dataSet.GetDouble(Tag.PixelSpacing));
        // DS: 16 characters at most.
        Assert.All(dataSet.GetStrings(Tag.PixelSpacing), text => Assert.InRange(text.Length, 1, 16));
        Assert.Equal(1.0 / 3, dataSet.GetDoubles(Tag.PixelSpacing)[1], 12);
        Assert.Equal(Math.PI, dataSet.GetDouble(Tag.RealWorldValueSlope));
        Assert.Equal(["(0018,1063)", "(0010,0010)"], dataSet.GetStrings(Tag.FrameIncrementPointer));
    }

    [Fact]
    public void Text_with_a_backslash_is_several_values_except_where_the_VR_has_one()
    {
        var dataSet = new DataSet();
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY", "", "AXIAL");
        dataSet.SetString(Tag.PatientComments, " a\\b ");

        Assert.Equal(["ORIGINAL", "PRIMARY", "", "AXIAL"], dataSet.GetStrings(Tag.ImageType));
        Assert.Equal([" a\\b"], dataSet.GetStrings(Tag.PatientComments));
    }

    [Fact]
    public void Elements_stand_in_the_order_of_their_tags_however_they_are_set()
    {
        var dataSet = new DataSet();
        foreach (var tag in new[] { Tag.StudyID, Tag.PatientID, Tag.Modality, Tag.StudyDescription })
            dataSet.SetString(tag, "X");
        dataSet.SetString(Tag.Modality, "CT");
        dataSet.Remove(Tag.StudyDescription);

        Assert.Equal([Tag.Modality, Tag.PatientID, Tag.StudyID], dataSet.Elements.ToArray().Select(e => e.Tag));
        Assert.Equal("CT", dataSet.GetString(Tag.Modality));
    }

    [Fact]
    public void What_was_read_out_of_order_stays_so_and_is_found()
    {
        byte[] bytes = new ByteText()
            .Add("10002000 4C4F 0200").Ascii("B ", "(0010,0020)")
            .Add("08006000 4353 0200").Ascii("CT", "(0008,0060) after it")
            .ToArray();

        var dataSet = DataSetReader.TryRead(bytes, TransferSyntax.ExplicitVRLittleEndian, out _)!;

        Assert.Equal("CT", dataSet.GetString(Tag.Modality));
        Assert.Equal("B", dataSet.GetString(Tag.PatientID));
        Assert.Equal(bytes, DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void A_value_too_long_for_its_VR_is_written_as_UN()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientID, new string('A', 70_000));

        var bytes = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);

        Assert.Equal("UN"u8.ToArray(), bytes[4..6]);
        Assert.Equal(bytes.Length, DataSetWriter.LengthOf(dataSet, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal(12 + 70_000, bytes.Length);
    }

    [Fact]
    public void The_sign_of_the_pixels_is_that_of_ambiguous_values_without_a_VR()
    {
        var dataSet = new DataSet();
        dataSet.SetInt(Tag.PixelRepresentation, 1);
        dataSet.SetInt(Tag.PixelPaddingValue, -2000);
        var bytes = DataSetWriter.ToBytes(dataSet, TransferSyntax.ImplicitVRLittleEndian);

        var read = DataSetReader.TryRead(bytes, TransferSyntax.ImplicitVRLittleEndian, out _)!;

        Assert.Equal(-2000, read.GetInt(Tag.PixelPaddingValue));
    }

    [Fact]
    public void An_item_belongs_to_one_data_set()
    {
        var item = new DataSet(new DataSet());
        Assert.Throws<InvariantException>(() => new DataSet().SetSequence(Tag.ReferencedStudySequence, item));
    }

    [Fact]
    public void A_private_element_has_the_creator_of_its_block()
    {
        var dataSet = new DataSet();
        dataSet.SetBytes(new Tag(0x0009_0010), Vr.LO, "OTHER "u8.ToArray());
        dataSet.SetBytes(new Tag(0x0009_00A1), Vr.LO, "DRIMBOX "u8.ToArray());
        dataSet.SetBytes(new Tag(0x0009_A105), Vr.UN, [1]);

        Assert.True(dataSet.TryGetPrivateCreator(new Tag(0x0009_A105), out var creator));
        Assert.Equal("DRIMBOX", creator);
        Assert.True(dataSet.TryFindPrivateTag("DRIMBOX", 0x0009, 0x05, out var tag));
        Assert.Equal(new Tag(0x0009_A105), tag);
        Assert.False(dataSet.TryFindPrivateTag("NOBODY", 0x0009, 0x05, out _));
        // No block of its own; a creator itself; a standard attribute.
        Assert.False(dataSet.TryGetPrivateCreator(new Tag(0x0009_1105), out _));
        Assert.False(dataSet.TryGetPrivateCreator(new Tag(0x0009_00A1), out _));
        Assert.False(dataSet.TryGetPrivateCreator(Tag.ICCProfile, out _));
    }
}
