using Drimbox.Hl7.Er7;

namespace Drimbox.Tests.Hl7;

public sealed class Er7WriterTests
{
    [Fact]
    public void Any_text_in_any_place_comes_back_and_makes_no_segment()
    {
        var random = Seeded.Random();
        for (var i = 0; i < 3_000; i++)
        {
            var field = Text(random);
            string[] components = [Text(random), Text(random), Text(random)];
            string[] subcomponents = [Text(random), Text(random)];
            var repetition = Text(random);
            var bytes = new Er7Writer(Er7Charset.Utf8)
                .Segment("MSH").Set(3, "A").Set(18, "UNICODE UTF-8")
                .Segment("PID")
                .Set(2, field)
                .Set(5, components[0], components[1], components[2])
                .Set(6, "x", Er7Part.Of(subcomponents[0], subcomponents[1]))
                .Set(7, "first").Repeat(7, repetition)
                .Segment("NTE").Set(3, field)
                .ToArray();
            var message = Er7Message.TryRead(bytes, out var refusal)!;

            Assert.Null(refusal);
            Assert.Equal(3, message.SegmentCount);
            Assert.Equal(field, message.Get("PID-2"));
            Assert.Equal(field, message.Get("NTE-3"));
            for (var c = 0; c < 3; c++) Assert.Equal(components[c], message.Get($"PID-5.{c + 1}"));
            for (var s = 0; s < 2; s++) Assert.Equal(subcomponents[s], message.Get($"PID-6.2.{s + 1}"));
            if (repetition.Length > 0) Assert.Equal(repetition, message.Get("PID-7[2]"));
            Assert.DoesNotContain((byte)0x0B, bytes);
            Assert.DoesNotContain((byte)0x1C, bytes);
        }
    }

    [Fact]
    public void A_value_copied_from_other_delimiters_keeps_its_parts()
    {
        var source = Er7Text.Read("MSH$*!?%$A*B%C!D|E\r");
        var bytes = new Er7Writer(Er7Charset.Utf8).Segment("MSH").Copy(3, source.Header[3]).ToArray();

        Assert.Equal("MSH|^~\\&|A^B&C~D\\F\\E\r", System.Text.Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void Empty_trailing_parts_are_not_written()
    {
        var bytes = new Er7Writer(Er7Charset.Utf8)
            .Segment("PID").Set(3, "1", null, Er7Part.Of("", null), "").Set(5, null, "").Set(7, "x").ToArray();

        Assert.Equal("PID|||1||||x\r", System.Text.Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void Encapsulated_content_is_base64()
    {
        var bytes = new Er7Writer(Er7Charset.Utf8)
            .Segment("OBX").SetEncapsulated(5, "TEXT", "XML", "Protocole"u8).Set(11, "F").ToArray();

        Assert.Equal("OBX|||||^TEXT^XML^Base64^UHJvdG9jb2xl||||||F\r", System.Text.Encoding.UTF8.GetString(bytes));
    }

    // Characters that mean something to HL7, MLLP or a log, and letters of several bytes. The HL7 null is no text.
    private static string Text(Random random)
    {
        const string Alphabet = "|^~\\&\r\n\t\v\u001c\0\u007f\".brXFSTRE0Dé€œ漢 Aa";
        var length = random.Next(0, 12);
        var text = string.Concat(Enumerable.Range(0, length).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
        return text == "\"\"" ? "" : text;
    }
}
