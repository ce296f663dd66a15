using System.Buffers;
using System.Text;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;

namespace Drimbox.Tests.Dicom.Json;

/// <summary>DICOM JSON as PS3.18 F.2 describes it.</summary>
public sealed class DicomJsonWriterTests
{
    // tag, VR, value field in hexadecimal (little endian) or as text, the attribute in JSON.
    public static readonly TheoryData<uint, Vr, string, string> Attributes = new()
    {
        { 0x0008_0054, Vr.AE, "A\\B", """{"vr":"AE","Value":["A","B"]}""" },
        { 0x0010_1010, Vr.AS, "047Y", """{"vr":"AS","Value":["047Y"]}""" },
        { 0x0028_0009, Vr.AT, "x1800 63108000ABCD", """{"vr":"AT","Value":["00181063","0080CDAB"]}""" },
        { 0x0008_0008, Vr.CS, "A\\\\B ", """{"vr":"CS","Value":["A",null,"B"]}""" },
        { 0x0008_0020, Vr.DA, "20261122", """{"vr":"DA","Value":["20261122"]}""" },
        { 0x0020_0032, Vr.DS, "1.50\\+2\\-.5", """{"vr":"DS","Value":[1.50,2,-0.5]}""" },
        { 0x0020_0032, Vr.DS, "007\\1.\\1E+4", """{"vr":"DS","Value":[7,1,1E+4]}""" },
        { 0x0020_0032, Vr.DS, "one\\2", """{"vr":"DS","Value":["one",2]}""" },
        { 0x0008_002A, Vr.DT, "20261122", """{"vr":"DT","Value":["20261122"]}""" },
        { 0x0040_9225, Vr.FD, "x000000000000E03F 000000000000F87F", """{"vr":"FD","Value":[0.5,"NaN"]}""" },
        { 0x0010_9431, Vr.FL, "xCDCCCC3D 0000807F 000080FF", """{"vr":"FL","Value":[0.1,"Infinity","-Infinity"]}""" },
        { 0x0008_1160, Vr.IS, "1\\ +02 \\-3", """{"vr":"IS","Value":[1,2,-3]}""" },
        { 0x0008_1160, Vr.IS, "1.5", """{"vr":"IS","Value":["1.5"]}""" },
        { 0x0010_0020, Vr.LO, " A B \\C", """{"vr":"LO","Value":["A B","C"]}""" },
        { 0x0010_4000, Vr.LT, " A\\B ", """{"vr":"LT","Value":[" A\\B"]}""" },
        { 0x0028_2000, Vr.OB, "x01020304", """{"vr":"OB","InlineBinary":"AQIDBA=="}""" },
        { 0x7FE0_0009, Vr.OD, "x000000000000E03F", """{"vr":"OD","InlineBinary":"AAAAAAAA4D8="}""" },
        { 0x7FE0_0001, Vr.OV, "x0102030405060708", """{"vr":"OV","InlineBinary":"AQIDBAUGBwg="}""" },
        { 0x0010_0010, Vr.PN, "A^B", """{"vr":"PN","Value":[{"Alphabetic":"A^B"}]}""" },
        { 0x0010_0010, Vr.PN, "A==C\\=I", """{"vr":"PN","Value":[{"Alphabetic":"A","Phonetic":"C"},{"Ideographic":"I"}]}""" },
        { 0x0010_0010, Vr.PN, "==\\A", """{"vr":"PN","Value":[null,{"Alphabetic":"A"}]}""" },
        { 0x0070_0052, Vr.SL, "xFFFFFFFF 02000000", """{"vr":"SL","Value":[-1,2]}""" },
        { 0x0028_9503, Vr.SS, "xFEFF", """{"vr":"SS","Value":[-2]}""" },
        { 0x0072_0082, Vr.SV, "xFFFFFFFFFFFFFFFF FFFFFFFFFFFFFF7F", """{"vr":"SV","Value":[-1,"9223372036854775807"]}""" },
        { 0x0018_6016, Vr.UL, "xFFFFFFFF", """{"vr":"UL","Value":[4294967295]}""" },
        { 0x0028_0010, Vr.US, "x0002", """{"vr":"US","Value":[512]}""" },
        { 0x0028_0010, Vr.US, "x000203", """{"vr":"US","InlineBinary":"AAID"}""" },
        { 0x0072_0083, Vr.UV, "xFFFFFFFFFFFFFFFF", """{"vr":"UV","Value":["18446744073709551615"]}""" },
        { 0x0008_0018, Vr.UI, "1.2\0", """{"vr":"UI","Value":["1.2"]}""" },
        { 0x0009_1001, Vr.UN, "x0102", """{"vr":"UN","InlineBinary":"AQI="}""" },
        { 0x0008_1190, Vr.UR, "a\\b", """{"vr":"UR","Value":["a\\b"]}""" },
        { 0x0008_0119, Vr.UC, "a\\b", """{"vr":"UC","Value":["a","b"]}""" },
        { 0x0010_0020, Vr.LO, "", """{"vr":"LO"}""" },
        { 0x0010_0020, Vr.LO, "  ", """{"vr":"LO"}""" },
        { 0x0028_0010, Vr.US, "", """{"vr":"US"}""" },
        { 0x7FE0_0010, Vr.OW, "", """{"vr":"OW"}""" },
    };

    [Theory]
    [MemberData(nameof(Attributes))]
    public void An_attribute_has_the_form_of_its_VR(uint tag, Vr vr, string value, string expected)
    {
        var bytes = value.StartsWith('x')
            ? Convert.FromHexString(value[1..].Replace(" ", "", StringComparison.Ordinal))
            : Encoding.ASCII.GetBytes(value);
        var dataSet = new DataSet();
        dataSet.SetBytes(new Tag(tag), vr, bytes);

        Assert.Equal($$"""{"{{tag:X8}}":{{expected}}}""", Json(dataSet));
    }

    [Fact]
    public void Sequences_have_items_and_empty_ones_are_empty_objects()
    {
        var dataSet = new DataSet();
        var item = new DataSet(dataSet);
        item.SetString(Tag.CodeValue, "T1");
        dataSet.SetSequence(Tag.ProcedureCodeSequence, item, new DataSet(dataSet));
        dataSet.SetSequence(Tag.ReferencedStudySequence);

        Assert.Equal(
            """{"00081032":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["T1"]}},{}]},"00081110":{"vr":"SQ"}}""",
            Json(dataSet));
    }

    [Fact]
    public void Text_of_any_character_set_is_unicode_and_says_so()
    {
        var dataSet = new DataSet();
        dataSet.SetCharacterSet(CharacterSet.Latin1);
        dataSet.SetString(Tag.PatientID, "Zoë <1>");

        Assert.Equal(
            """{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100020":{"vr":"LO","Value":["Zoë \u003C1\u003E"]}}""",
            Json(dataSet));
    }

    [Fact]
    public void Group_lengths_are_left_out_and_names_ascend()
    {
        // (0008,0000) UL 4, then (0010,0020) and (0008,0020) in the wrong order, then (0010,0020) again.
        var bytes = new ByteText().Add("08000000 554C 0400 10000000")
            .Add("10002000 4C4F 0200").Ascii("A ").Add("08002000 4441 0000")
            .Add("10002000 4C4F 0200").Ascii("B ").ToArray();
        var dataSet = DataSetReader.TryRead(bytes, TransferSyntax.ExplicitVRLittleEndian, out _)!;

        Assert.Equal("""{"00080020":{"vr":"DA"},"00100020":{"vr":"LO","Value":["A"]}}""", Json(dataSet));
    }

    [Fact]
    public void Bulk_data_goes_where_the_caller_says()
    {
        var dataSet = new DataSet();
        var item = new DataSet(dataSet);
        item.SetBytes(Tag.ICCProfile, Vr.OB, [1, 2]);
        dataSet.SetSequence(Tag.OpticalPathSequence, new DataSet(dataSet), item);
        dataSet.SetBytes(Tag.PixelData, Vr.OW, [1, 2, 3, 4]);
        var options = new DicomJsonOptions { BulkDataUri = p => p.Element.Length > 2 ? null : $"bulk/{p.Path}" };

        Assert.Equal(
            """{"00480105":{"vr":"SQ","Value":[{},{"00282000":{"vr":"OB","BulkDataURI":"bulk/00480105/2/00282000"}}]},"""
            + """ "7FE00010":{"vr":"OW","InlineBinary":"AQIDBA=="}}""".TrimStart(),
            Json(dataSet, options));
    }

    [Fact]
    public void Decimals_keep_their_text_when_asked_for()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SliceThickness, "01.50");
        dataSet.SetBytes(new Tag(0x0072_0082), Vr.SV, [1, 0, 0, 0, 0, 0, 0, 0]);

        Assert.Equal(
            """{"00180050":{"vr":"DS","Value":["01.50"]},"00720082":{"vr":"SV","Value":["1"]}}""",
            Json(dataSet, new DicomJsonOptions { DecimalsAsStrings = true }));
    }

    [Fact]
    public void A_value_of_a_file_is_read_in_pieces_or_named_by_its_place()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a b.bin");
        var pixels = new byte[200_001];
        new Random(1).NextBytes(pixels);
        File.WriteAllBytes(path, [9, 9, .. pixels]);
        var dataSet = new DataSet();
        dataSet.Set(new DataElement(Tag.PixelData, Vr.OB, new FileRange(path, 2, pixels.Length)));

        using var json = JsonDocument.Parse(DicomJson.ToBytes(dataSet));
        Assert.Equal(pixels, json.RootElement.GetProperty("7FE00010").GetProperty("InlineBinary").GetBytesFromBase64());
        Assert.EndsWith(
            """/a%20b.bin?offset=2\u0026length=200001"}}""",
            Json(dataSet, new DicomJsonOptions { BulkDataUri = DicomJson.FileUri }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encapsulated_pixel_data_of_a_file_is_named_with_all_its_items()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.bin");
        var image = new DataSet();
        image.SetInt(Tag.Rows, 1);
        var fragments = new EncapsulatedFragments { new byte[4], new byte[100_000], new byte[70_000] };
        image.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        var bytes = DataSetWriter.ToBytes(image, TransferSyntax.JPEGBaseline8Bit);
        File.WriteAllBytes(path, bytes);
        var read = DataSetReader.ReadFile(path, 0, TransferSyntax.JPEGBaseline8Bit).DataSet;

        // Behind (0028,0010) US of 10 bytes and the header of Pixel Data, 12 bytes, to the end of the file.
        Assert.EndsWith(
            $"""/a.bin?offset=22\u0026length={bytes.Length - 22}"{"}}"}""",
            Json(read, new DicomJsonOptions { BulkDataUri = DicomJson.FileUri }), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(DicomJson.ToBytes(read));
        Assert.Equal(
            bytes[22..], json.RootElement.GetProperty("7FE00010").GetProperty("InlineBinary").GetBytesFromBase64());
    }

    [Fact]
    public void A_long_data_set_is_passed_on_while_it_is_written()
    {
        var dataSet = new DataSet();
        for (uint i = 0; i < 40; i++) dataSet.SetBytes(new Tag(0x0009_1000 + i), Vr.UN, new byte[100_000]);
        var output = new CountingBuffer();
        using (var json = new Utf8JsonWriter(output)) DicomJson.Write(dataSet, json);

        Assert.True(output.Total > 4_000_000);
        // A piece of 48 KiB is 64 KiB of base64; a writer without flushes would hold all of it.
        Assert.InRange(output.LargestAdvance, 1, 256 * 1024);
    }

    [Fact]
    public void Several_data_sets_are_an_array()
    {
        var first = new DataSet();
        first.SetUid(Tag.SOPInstanceUID, Uid.Parse("1.2"));
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) DicomJson.Write([first, new DataSet()], json);

        Assert.Equal("""[{"00080018":{"vr":"UI","Value":["1.2"]}},{}]""", Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static string Json(DataSet dataSet, DicomJsonOptions? options = null) =>
        Encoding.UTF8.GetString(DicomJson.ToBytes(dataSet, options));

    private sealed class CountingBuffer : IBufferWriter<byte>
    {
        private byte[] _buffer = [];

        internal long Total { get; private set; }

        internal int LargestAdvance { get; private set; }

        public void Advance(int count)
        {
            Total += count;
            LargestAdvance = Math.Max(LargestAdvance, count);
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length < Math.Max(sizeHint, 4096)) _buffer = new byte[Math.Max(sizeHint, 4096)];
            return _buffer;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
