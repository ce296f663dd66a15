using System.Text;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;

namespace Drimbox.Tests.Dicom.Json;

/// <summary>What is read from DICOM JSON (PS3.18 F.2), and what is refused.</summary>
public sealed class DicomJsonReaderTests
{
    [Fact]
    public void What_was_written_is_read_back_for_every_VR()
    {
        var seed = Seed.Get();
        var random = new Random(seed);
        for (var i = 0; i < 2_000; i++)
        {
            var original = RandomDataSet.Create(random);
            var options = new DicomJsonOptions { DecimalsAsStrings = random.Next(2) == 0 };
            var json = DicomJson.ToBytes(original, options, indented: random.Next(2) == 0);

            Assert.True(DicomJson.TryRead(json, out var read, out var refusal), $"{refusal} {seed}/{i}");
            // Again in JSON, so that only what has a meaning is compared: not padding, not the order of items' bytes.
            Assert.Equal(
                Encoding.UTF8.GetString(DicomJson.ToBytes(original, options)),
                Encoding.UTF8.GetString(DicomJson.ToBytes(read!, options)));
        }
    }

    [Fact]
    public void A_conformant_data_set_comes_back_byte_for_byte()
    {
        var image = SampleImage.Create();
        image.SetCharacterSet(CharacterSet.Utf8);
        image.SetString(Tag.PatientName, "PAT-TROIS^ZOÉ");
        image.GetItems(Tag.ProcedureCodeSequence)[0].SetString(Tag.CodeMeaning, "Échographie");

        Assert.True(DicomJson.TryRead(DicomJson.ToBytes(image), out var read, out _));

        Assert.Equal(
            DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian),
            DataSetWriter.ToBytes(read!, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void Encapsulated_pixel_data_comes_back()
    {
        var image = new DataSet();
        image.Set(new DataElement(Tag.PixelData, Vr.OB, new EncapsulatedFragments { Array.Empty<byte>(), new byte[] { 1, 2 } }));

        Assert.True(DicomJson.TryRead(DicomJson.ToBytes(image), out var read, out _));

        Assert.Equal(
            DataSetWriter.ToBytes(image, TransferSyntax.JPEGBaseline8Bit),
            DataSetWriter.ToBytes(read!, TransferSyntax.JPEGBaseline8Bit));
    }

    [Theory]
    [InlineData("""{"00100020":{"Value":["A"],"vr":"LO"}}""")]
    [InlineData("""{"00100020":{"Value":["A"]}}""")]
    [InlineData("""[{"00100020":{"vr":"LO","Value":["A"],"note":{"x":[1]}}}]""")]
    [InlineData("""{"00100000":{"vr":"UL","Value":[8]},"00100020":{"vr":"LO","Value":["\u0041"]}}""")]
    [InlineData("""{"00100030":{"vr":"DA"},"00100020":{"vr":"LO","Value":["A"]}}""")]
    public void Forms_that_writers_differ_in_read_alike(string json)
    {
        Assert.True(DicomJson.TryRead(Encoding.UTF8.GetBytes(json), out var dataSet, out var refusal), refusal?.Detail);
        Assert.Equal("A", dataSet!.GetString(Tag.PatientID));
        Assert.False(dataSet.Contains(new Tag(0x0010_0000)));
        Assert.Equal(dataSet.Elements.ToArray().OrderBy(e => e.Tag), dataSet.Elements.ToArray());
    }

    [Theory]
    [InlineData("IS", "[12.0, \"7\", null, 1e3]", "12\\7\\\\1000")]
    [InlineData("DS", "[0.30000000000000004, 1.50]", "0.3\\1.50")]
    [InlineData("US", "[12.0, \"7\"]", "0C000700")]
    [InlineData("SV", "[\"-1\"]", "FFFFFFFFFFFFFFFF")]
    [InlineData("FL", "[\"inf\", 0.5]", "0000807F0000003F")]
    [InlineData("AT", "[\"00181063\"]", "18006310")]
    public void Numbers_are_read_in_all_their_forms(string vr, string values, string expected)
    {
        var json = $$$"""{"00091001":{"vr":"{{{vr}}}","Value":{{{values}}}}}""";
        Assert.True(DicomJson.TryRead(Encoding.UTF8.GetBytes(json), out var dataSet, out var refusal), refusal?.Detail);
        var bytes = dataSet![0].Bytes.ToArray();
        Assert.Equal(expected, vr is "IS" or "DS" ? Encoding.ASCII.GetString(bytes).TrimEnd() : Convert.ToHexString(bytes));
    }

    [Fact]
    public void Bulk_data_is_taken_from_the_caller_and_never_fetched()
    {
        var json = """{"7FE00010":{"vr":"OW","BulkDataURI":"https://drimbox.example/1"}}"""u8;
        var options = new DicomJsonReadOptions { BulkData = uri => uri.EndsWith('1') ? [1, 2] : null };

        Assert.True(DicomJson.TryRead(json, out var dataSet, out _, options));
        Assert.Equal([1, 2], dataSet![0].Bytes.ToArray());
        Assert.False(DicomJson.TryRead(json, out _, out var refusal));
        Assert.Equal((RefusalReason.UnknownTarget, "7FE00010"), (refusal!.Reason, refusal.Location));
    }

    [Theory]
    [InlineData("", RefusalReason.Malformed, null)]
    [InlineData("{", RefusalReason.Malformed, null)]
    [InlineData("{} x", RefusalReason.Malformed, null)]
    [InlineData("7", RefusalReason.DataType, null)]
    [InlineData("[{},{}]", RefusalReason.Cardinality, null)]
    [InlineData("""{"PatientID":{"vr":"LO"}}""", RefusalReason.DataType, null)]
    [InlineData("""{"00100020":"A"}""", RefusalReason.DataType, "00100020")]
    [InlineData("""{"00091020":{"Value":["A"]}}""", RefusalReason.RequiredFieldMissing, "00091020")]
    [InlineData("""{"00100020":{"vr":"lo"}}""", RefusalReason.RequiredFieldMissing, "00100020")]
    [InlineData("""{"00100020":{"vr":"LO","Value":"A"}}""", RefusalReason.DataType, "00100020")]
    [InlineData("""{"00100020":{"vr":"LO","Value":[{"a":1}]}}""", RefusalReason.DataType, "00100020")]
    [InlineData("""{"00104000":{"vr":"LT","Value":["a","b"]}}""", RefusalReason.Cardinality, "00104000")]
    [InlineData("""{"00280010":{"vr":"US","Value":[65536]}}""", RefusalReason.DataType, "00280010")]
    [InlineData("""{"00280010":{"vr":"US","Value":[1.5]}}""", RefusalReason.DataType, "00280010")]
    [InlineData("""{"00280010":{"vr":"US","Value":[null]}}""", RefusalReason.DataType, "00280010")]
    [InlineData("""{"00201208":{"vr":"IS","Value":[99999999999999]}}""", RefusalReason.DataType, "00201208")]
    [InlineData("""{"00282000":{"vr":"OB","InlineBinary":"#"}}""", RefusalReason.DataType, "00282000")]
    [InlineData("""{"00282000":{"vr":"OB","Value":[1]}}""", RefusalReason.DataType, "00282000")]
    [InlineData("""{"00282000":{"vr":"OB","InlineBinary":"","BulkDataURI":""}}""", RefusalReason.Cardinality, "00282000")]
    [InlineData("""{"00100020":{"vr":"LO"},"00100020":{"vr":"LO"}}""", RefusalReason.Malformed, null)]
    [InlineData("""{"00081115":{"vr":"SQ","Value":[{},{"00280010":{"vr":"US","Value":["x"]}}]}}""", RefusalReason.DataType, "00081115/2/00280010")]
    [InlineData("""{"00100020":{"vr":"LO","Value":["\uD800"]}}""", RefusalReason.Malformed, "00100020")]
    public void What_is_no_DICOM_JSON_is_refused_at_its_place(string json, RefusalReason reason, string? location)
    {
        Assert.False(DicomJson.TryRead(Encoding.UTF8.GetBytes(json), out var dataSet, out var refusal));
        Assert.Null(dataSet);
        Assert.Equal((reason, location), (refusal!.Reason, refusal.Location));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(100_000, false)]
    public void Sequences_may_nest_64_deep_and_not_deeper(int depth, bool isRead)
    {
        var text = new StringBuilder().Insert(0, """{"00081115":{"vr":"SQ","Value":[""", depth).Append("{}")
            .Insert(0, " ").Append(string.Concat(Enumerable.Repeat("]}}", depth)));
        Assert.Equal(isRead, DicomJson.TryRead(Encoding.UTF8.GetBytes(text.ToString()), out _, out _));
    }

    [Fact]
    public void Damaged_text_is_read_or_refused_and_nothing_else()
    {
        var random = new Random(Seed.Get());
        var json = DicomJson.ToBytes(SampleImage.Create());
        for (var i = 0; i < 5_000; i++)
        {
            var damaged = (byte[])json.Clone();
            for (var k = random.Next(1, 4); k > 0; k--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            var isRead = DicomJson.TryRead(damaged, out var dataSet, out var refusal);
            Assert.Equal(isRead, refusal is null);
            if (isRead) DataSetWriter.ToBytes(dataSet!, TransferSyntax.ExplicitVRLittleEndian);
        }
    }

    [Fact]
    public void Sixty_thousand_attributes_in_descending_order_take_no_square_time()
    {
        var text = new StringBuilder("{");
        for (var i = 60_000; i > 0; i--) text.Append($"\"{0x0009_1000 + i:X8}\":{{\"vr\":\"UN\"}},");
        text.Length--;
        var started = TimeProvider.System.GetTimestamp();
        Assert.True(DicomJson.TryRead(Encoding.UTF8.GetBytes(text.Append('}').ToString()), out var dataSet, out _));
        Assert.Equal(60_000, dataSet!.Count);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }
}
