using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>What was read comes out byte for byte (PS3.5 section 7), however the bytes arrived.</summary>
public sealed class ReadAndWriteTests
{
    // Explicit VR Little Endian, a bit of everything that has a choice of encoding.
    internal static readonly byte[] Explicit = new ByteText()
        .Add("08000000 554C 0400 10000000", "(0008,0000) UL 4: group length 16")
        .Add("08000500 4353 0A00").Ascii("ISO_IR 100", "(0008,0005) CS")
        .Add("08001511 5351 0000 FFFFFFFF", "(0008,1115) SQ, undefined length")
        .Add("FEFF00E0 FFFFFFFF", "  item, undefined length")
        .Add("08005511 5549 0400").Ascii("1.2\0", "    (0008,1155) UI")
        .Add("08009911 5351 0000 08000000", "    (0008,1199) SQ, 8 bytes")
        .Add("FEFF00E0 00000000", "      empty item")
        .Add("FEFF0DE0 00000000", "  end of item")
        .Add("FEFF00E0 0C000000", "  item, 12 bytes")
        .Add("08005511 5549 0400").Ascii("1.3\0", "    (0008,1155) UI")
        .Add("FEFFDDE0 00000000", "end of sequence")
        .Add("09001000 4C4F 0800").Ascii("DRIMBOX ", "(0009,0010) LO private creator")
        .Add("09000110 554E 0000 FFFFFFFF", "(0009,1001) UN, undefined: implicit VR inside (PS3.5 6.2.2)")
        .Add("FEFF00E0 FFFFFFFF", "  item")
        .Add("10002000 04000000").Ascii("ABCD", "    (0010,0020) without a VR")
        .Add("FEFF0DE0 00000000", "  end of item")
        .Add("FEFFDDE0 00000000", "end of sequence")
        .Add("09000210 5A5A 0000 02000000 0102", "(0009,1002) ZZ: a VR that PS3.5 may yet define")
        .Add("10001000 504E 0A00").Ascii("DUPONT^ZO", "(0010,0010) PN").Add("CB")
        .Add("28001000 5553 0200 0002", "(0028,0010) US 512")
        .Add("E07F1000 4F42 0000 FFFFFFFF", "(7FE0,0010) OB, encapsulated")
        .Add("FEFF00E0 00000000", "  empty Basic Offset Table")
        .Add("FEFF00E0 04000000 FFD8FFD9", "  a fragment")
        .Add("FEFFDDE0 00000000", "end of fragments")
        .Add("FCFFFCFF 4F42 0000 02000000 0000", "(FFFC,FFFC) OB, Data Set Trailing Padding")
        .ToArray();

    [Fact]
    public void A_conformant_data_set_comes_out_byte_for_byte()
    {
        var dataSet = DataSetReader.TryRead(Explicit, TransferSyntax.ExplicitVRLittleEndian, out var error);

        Assert.NotNull(dataSet);
        Assert.True(error.IsNone);
        Assert.Equal(Explicit, DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void The_values_are_those_of_the_bytes()
    {
        var dataSet = DataSetReader.TryRead(Explicit, TransferSyntax.ExplicitVRLittleEndian, out _)!;

        Assert.Equal("DUPONT^ZOË", dataSet.GetString(Tag.PatientName));
        Assert.Equal(512, dataSet.GetInt(Tag.Rows));
        var items = dataSet.GetItems(Tag.ReferencedSeriesSequence);
        Assert.Equal(["1.2", "1.3"], items.Select(i => i.GetUid(Tag.ReferencedSOPInstanceUID).ToString()));
        Assert.Empty(items[0].GetItems(Tag.ReferencedSOPSequence)[0].Elements.ToArray());
        Assert.Equal("ABCD", dataSet.GetItems(new Tag(0x0009_1001))[0].GetString(Tag.PatientID));
        Assert.True(dataSet.TryGet(Tag.PixelData, out var pixels));
        Assert.Equal(2, pixels.Fragments!.Count);
        Assert.Equal([0xFF, 0xD8, 0xFF, 0xD9], pixels.Fragments[1].Bytes.ToArray());
    }

    [Fact]
    public void Fragments_of_any_size_give_the_same_data_set()
    {
        for (var size = 1; size <= Explicit.Length; size++)
        {
            var reader = new DataSetReader(TransferSyntax.ExplicitVRLittleEndian);
            foreach (var fragment in Explicit.Chunk(size)) Assert.Equal(ReadStatus.NeedMore, reader.Feed(fragment));
            Assert.Equal(ReadStatus.Done, reader.Complete());
            Assert.Equal(Explicit, DataSetWriter.ToBytes(reader.DataSet, TransferSyntax.ExplicitVRLittleEndian));
        }
    }

    [Fact]
    public void A_stream_and_a_file_give_the_same_data_set()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        File.WriteAllBytes(path, [1, 2, 3, .. Explicit]);

        var fromStream = DataSetReader.ReadStream(new MemoryStream(Explicit), TransferSyntax.ExplicitVRLittleEndian);
        var fromFile = DataSetReader.ReadFile(path, 3, TransferSyntax.ExplicitVRLittleEndian);

        Assert.Equal(ReadStatus.Done, fromStream.Status);
        Assert.Equal(ReadStatus.Done, fromFile.Status);
        Assert.Equal(Explicit, DataSetWriter.ToBytes(fromStream.DataSet, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal(Explicit, DataSetWriter.ToBytes(fromFile.DataSet, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void A_cut_anywhere_is_an_error_where_it_was_cut()
    {
        for (var length = 1; length < Explicit.Length; length++)
        {
            var reader = DataSetReader.ReadMemory(
                Explicit.AsMemory(0, length), TransferSyntax.ExplicitVRLittleEndian);
            if (reader.Status == ReadStatus.Done)
            {
                // Between two top-level elements: what is there is whole.
                Assert.Equal(
                    Explicit[..length],
                    DataSetWriter.ToBytes(reader.DataSet, TransferSyntax.ExplicitVRLittleEndian));
                continue;
            }

            Assert.Contains(
                reader.Error.Reason,
                new[] { StructureErrorReason.Truncated, StructureErrorReason.ValueBeyondInput });
            Assert.InRange(reader.Error.Offset, 0, length);
        }
    }

    [Fact]
    public void Implicit_and_explicit_encodings_convert_into_each_other()
    {
        var dataSet = DataSetReader.TryRead(Explicit, TransferSyntax.ExplicitVRLittleEndian, out _)!;
        dataSet.Remove(Tag.PixelData);
        dataSet.Remove(new Tag(0x0009_1002));
        var asExplicit = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);
        var asImplicit = DataSetWriter.ToBytes(dataSet, TransferSyntax.ImplicitVRLittleEndian);
        var asBigEndian = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRBigEndian);

        foreach (var (bytes, syntax) in new[]
                 {
                     (asImplicit, TransferSyntax.ImplicitVRLittleEndian),
                     (asBigEndian, TransferSyntax.ExplicitVRBigEndian),
                 })
        {
            var again = DataSetReader.TryRead(bytes, syntax, out var error);
            Assert.True(error.IsNone, error.ToString());
            Assert.Equal(bytes, DataSetWriter.ToBytes(again!, syntax));
            Assert.Equal(asExplicit, DataSetWriter.ToBytes(again!, TransferSyntax.ExplicitVRLittleEndian));
        }
    }

    [Fact]
    public void A_group_length_goes_when_its_group_changes()
    {
        var dataSet = DataSetReader.TryRead(Explicit, TransferSyntax.ExplicitVRLittleEndian, out _)!;

        dataSet.GetItems(Tag.ReferencedSeriesSequence)[1].SetString(Tag.ReferencedSOPInstanceUID, "1.2.3.4");

        Assert.False(dataSet.Contains(new Tag(0x0008_0000)));
    }

    [Fact]
    public void Long_values_of_a_file_stay_in_the_file()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        var pixels = new byte[300_000];
        new Random(1).NextBytes(pixels);
        var dataSet = new DataSet();
        dataSet.SetInt(Tag.Rows, 512);
        dataSet.SetBytes(Tag.PixelData, Vr.OW, pixels);
        var bytes = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);
        File.WriteAllBytes(path, bytes);

        var read = DataSetReader.ReadFile(path, 0, TransferSyntax.ExplicitVRLittleEndian).DataSet;

        Assert.True(read.TryGet(Tag.PixelData, out var element));
        Assert.Equal(new FileRange(path, bytes.Length - pixels.Length, pixels.Length), element.Range);
        using var output = new MemoryStream();
        DataSetWriter.Write(read, TransferSyntax.ExplicitVRLittleEndian, output);
        Assert.Equal(bytes, output.ToArray());
    }

    [Fact]
    public void Reading_stops_before_the_tag_asked_for()
    {
        var reader = DataSetReader.ReadMemory(Explicit, TransferSyntax.ExplicitVRLittleEndian, Tag.PixelData);

        Assert.Equal(ReadStatus.Done, reader.Status);
        Assert.False(reader.DataSet.Contains(Tag.PixelData));
        Assert.True(reader.DataSet.Contains(Tag.Rows));
        Assert.Equal(Explicit.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xE0, 0x7F, 0x10, 0x00]), reader.Position);
    }

    [Fact]
    public void A_long_text_or_table_of_a_file_is_read_when_it_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        var text = string.Concat(Enumerable.Repeat("Compte rendu. ", 10_000));
        var dataSet = new DataSet();
        dataSet.SetInt(Tag.LUTData, [.. Enumerable.Range(0, 40_000).Select(i => (long)i)]);
        dataSet.SetString(Tag.TextValue, text);
        File.WriteAllBytes(path, DataSetWriter.ToBytes(dataSet, TransferSyntax.ImplicitVRLittleEndian));

        var read = DataSetReader.ReadFile(path, 0, TransferSyntax.ImplicitVRLittleEndian).DataSet;

        Assert.True(read.TryGet(Tag.TextValue, out var element));
        Assert.NotNull(element.Range);
        Assert.Equal(text.TrimEnd(), read.GetString(Tag.TextValue));
    }

    [Fact]
    public void The_sign_of_the_pixels_of_an_icon_is_not_that_of_the_image()
    {
        var bytes = new ByteText()
            .Add("28000301 02000000 0100", "(0028,0103) 1: signed")
            .Add("88000002 12000000 FEFF00E0 0A000000", "(0088,0200) an icon")
            .Add("28000301 02000000 0000", "  (0028,0103) 0: unsigned")
            .Add("00522992 12000000 FEFF00E0 0A000000", "(5200,9229) functional groups")
            .Add("40001692 02000000 FFFF", "  (0040,9216) US or SS: -1")
            .ToArray();

        var dataSet = DataSetReader.TryRead(bytes, TransferSyntax.ImplicitVRLittleEndian, out var error)!;

        Assert.True(error.IsNone, error.ToString());
        Assert.Equal(-1, dataSet.GetItems(Tag.SharedFunctionalGroupsSequence)[0].GetInt(new Tag(0x0040_9216)));
    }
}
