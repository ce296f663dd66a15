using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>The examples of PS3.5 annexes H, I, J, K and one text for each single-byte repertoire.</summary>
public sealed class CharacterSetTests
{
    public static readonly TheoryData<string, string, string> Names = new()
    {
        { "ISO_IR 100", "C46E6561735E52FC6469676572", "Äneas^Rüdiger" },
        { "ISO_IR 101", "57B36F64617263 7A796B", "Włodarczyk" },
        { "ISO_IR 109", "A6", "Ĥ" },
        { "ISO_IR 110", "4AFE", "Jū" },
        { "ISO_IR 144", "BBEEDA6365DCD17970D3", "Люкceмбypг" },
        { "ISO_IR 127", "E2C8C7E6EA5EE4E6D2C7D1", "قباني^لنزار" },
        { "ISO_IR 126", "C4E9EFEDF5F3E9EFF2", "Διονυσιος" },
        { "ISO_IR 138", "F9F8E5EF5EE3E1E5F8E4", "שרון^דבורה" },
        { "ISO_IR 148", "C76176755EFE656E6F6C", "Çavu^şenol" },
        { "ISO_IR 203", "BDA4", "œ€" },
        { "ISO_IR 166", "B9C3A1", "นรก" },
        { "ISO_IR 13", "D4CFC0DE5EC0DBB3", "ﾔﾏﾀﾞ^ﾀﾛｳ" },
        { "ISO_IR 192", "57616E675E5869616F446F6E673DE78E8B5EE5B08FE69DB13D", "Wang^XiaoDong=王^小東=" },
        { "GB18030", "57616E675E5869616F446F6E673DCDF55ED0A1B6AB3D", "Wang^XiaoDong=王^小东=" },
        { "GBK", "57616E675E5869616F446F6E673DCDF55ED0A1B6AB3D", "Wang^XiaoDong=王^小东=" },
        {
            "\\ISO 2022 IR 87",
            "59616D6164615E5461726F753D1B24423B3345441B28425E1B244242404F3A1B28423D1B24422464245E24401B28425E1B2442243F246D24261B2842",
            "Yamada^Tarou=山田^太郎=やまだ^たろう"
        },
        {
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            "D4CFC0DE5EC0DBB33D1B24423B3345441B284A5E1B244242404F3A1B284A3D1B24422464245E24401B284A5E1B2442243F246D24261B284A",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"
        },
        {
            "\\ISO 2022 IR 149",
            "486F6E675E47696C646F6E673D1B242943FBF35E1B242943D1CED4D73D1B242943C8AB5E1B242943B1E6B5BF",
            "Hong^Gildong=洪^吉洞=홍^길동"
        },
        {
            "\\ISO 2022 IR 58",
            "5A68616E675E5869616F446F6E673D1B242941D5C55E1B242941D0A1B6AB3D",
            "Zhang^XiaoDong=张^小东="
        },
        { "ISO 2022 IR 100\\ISO 2022 IR 126", "E91B2D46E1", "éα" },
        { "\\ISO 2022 IR 87\\ISO 2022 IR 159", "1B24284430211B2842", "丂" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_is_decoded(string terms, string hex, string name)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(name, CharacterSet.Parse(terms.Split('\\')).Decode(bytes, Vr.PN));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_survives_encoding_and_decoding(string terms, string hex, string name)
    {
        _ = hex;
        var set = CharacterSet.Parse(terms.Split('\\'));
        Assert.Equal(name, set.Decode(set.Encode(name, Vr.PN), Vr.PN));
        Assert.True(set.CanEncode(name.Replace("^", "", StringComparison.Ordinal)));
        // A rune: only the sets that hold all of Unicode have it.
        Assert.Equal(terms is "ISO_IR 192" or "GB18030", set.CanEncode("\u16A0"));
    }

    [Theory]
    // PS3.5 annexes I and K: each line designates its characters again.
    [InlineData("ISO 2022 IR 149", "1B242943 B1E6B5BF", "길동")]
    [InlineData("ISO 2022 IR 58", "1B242941 D6D0CEC4", "中文")]
    public void A_line_begins_in_the_initial_state(string term, string hex, string word)
    {
        byte[] encoded = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        byte[] bytes = [.. "1: "u8, .. encoded, .. ".\r\n2: "u8, .. encoded, .. ", 3.\r\n4.\r\n"u8];
        var text = $"1: {word}.\r\n2: {word}, 3.\r\n4.\r\n";
        var set = CharacterSet.Parse(["", term]);

        Assert.Equal(text, set.Decode(bytes, Vr.LT));
        Assert.Equal(bytes, set.Encode(text, Vr.LT));
    }

    [Fact]
    public void The_second_byte_of_a_character_is_no_delimiter()
    {
        // GB18030: the second byte of U+5F50 is 5C; JIS X 0208: the second of U+30BC is 3D and of U+5341 3D.
        var dataSet = new DataSet();
        dataSet.SetStrings(Tag.SpecificCharacterSet, "GB18030");
        dataSet.SetStrings(Tag.OtherPatientNames, "俓^A", "B");

        Assert.True(dataSet.TryGet(Tag.OtherPatientNames, out var element));
        Assert.Equal(2, element.Bytes.Count((byte)'\\'));
        Assert.Equal(["俓^A", "B"], dataSet.GetStrings(Tag.OtherPatientNames));
    }

    [Fact]
    public void An_item_has_the_character_set_of_the_data_set_around_it()
    {
        var dataSet = new DataSet();
        dataSet.SetStrings(Tag.SpecificCharacterSet, "ISO_IR 192");
        var item = new DataSet(dataSet);
        item.SetString(Tag.CodeMeaning, "Échographie");
        dataSet.SetSequence(Tag.ConceptNameCodeSequence, item);

        var bytes = DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);
        var read = DataSetReader.TryRead(bytes, TransferSyntax.ExplicitVRLittleEndian, out _)!;

        Assert.Equal("Échographie", read.GetItems(Tag.ConceptNameCodeSequence)[0].GetString(Tag.CodeMeaning));
    }

    [Fact]
    public void Without_a_character_set_latin_1_is_read_and_never_written()
    {
        Assert.Equal("Zoë", CharacterSet.Default.Decode([0x5A, 0x6F, 0xEB], Vr.LO));
        Assert.Equal("Zo?"u8.ToArray(), CharacterSet.Default.Encode("Zoë", Vr.LO));
        Assert.False(CharacterSet.Default.CanEncode("Zoë"));
    }

    [Theory]
    [InlineData("DUPONT", "")]
    [InlineData("Zoë", "ISO_IR 100")]
    [InlineData("Cœur", "ISO_IR 192")]
    public void The_smallest_set_that_holds_a_text_is_chosen(string text, string term) =>
        Assert.Equal(term, string.Join('\\', CharacterSet.For("A", text, null).Terms));

    [Fact]
    public void Unknown_terms_and_broken_escapes_are_survived()
    {
        Assert.False(CharacterSet.Parse(["WINDOWS_1252"]).IsKnown);
        var japanese = CharacterSet.Parse(["", "ISO 2022 IR 87"]);
        foreach (var hex in new[] { "1B", "1B24", "1B2442", "1B244224", "1B2442FFFF", "1B2442241B28", "1B7A41" })
            Assert.NotNull(japanese.Decode(Convert.FromHexString(hex), Vr.PN));
    }
}
