using System.Text;
using Drimbox.Hl7.Dictionary;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7.Tools;

public sealed class ExplanationTests
{
    [Theory]
    [InlineData("MSH-1", "Field separator", "ST", "|")]
    [InlineData("MSH-9.2", "Trigger event", "ID", "O01")]
    [InlineData("PID-3[2].1", "ID number", "ST", "IPP7")]
    [InlineData("PID-3.4.2", "Universal ID", "ST", "1.2.250.1.213.1.4.10")]
    [InlineData("PID-5[2].7", "Name type code", "ID", "D")]
    [InlineData("PID-8", "Administrative sex", "IS", "F")]
    [InlineData("ORC-12.9.1", "Namespace ID", "IS", "ASIP-SANTE-PS")]
    [InlineData("ORC-21.10", "Organization identifier", "ST", "1690000017")]
    [InlineData("OBX-5.1", "Identifier", "ST", "MR")] // by OBX-2 = CE
    [InlineData("OBX[4]-5", "Observation value", "FT", "HTA\ndiabète")]
    [InlineData("OBX[6]-5", "Observation value", "NM", "68.5")]
    public void A_value_has_its_name_and_type(string path, string name, string type, string value)
    {
        var explained = Find(Fixtures.Flux1, path);

        Assert.Equal((name, type, value), (explained.Name, explained.DataType, explained.Value));
    }

    [Theory]
    [InlineData("PID-8", "0001")]
    [InlineData("PID-3.5", "0203")]
    [InlineData("OBX-11", "0085")]
    [InlineData("MSH-10", "")]
    public void A_coded_value_names_its_table(string path, string table) =>
        Assert.Equal(table, Find(Fixtures.Flux1, path).Table);

    [Theory]
    [InlineData("ORC-9", "R: date of the request")]
    [InlineData("MSH-17", "R: country")]
    [InlineData("OBX[2]-5.1", "R: code")]
    [InlineData("PID-8", null)]
    public void What_the_profile_says_of_it_stands_beside_it(string path, string? words) =>
        Assert.Equal(words, Find(Fixtures.Flux1, path).Profile);

    /// <summary>Nothing of a message is left out: its values joined again are its bytes, but for escapes.</summary>
    [Fact]
    public void Every_value_of_a_message_is_there()
    {
        string[] messages =
            [Fixtures.Flux1, Fixtures.Flux2, Fixtures.Flux3, Fixtures.Flux4, Fixtures.Mdm, Fixtures.Oru];
        foreach (var text in messages)
        {
            var message = Er7Text.Read(text);
            var shown = MessageExplanation.Of(message, null).SelectMany(s => s.Values).Where(v => !v.HasParts)
                .Select(v => (v.Path, Text: v.Value.Replace("\n", "", StringComparison.Ordinal))).ToList();

            Assert.Equal(shown.Count, shown.Select(v => v.Path).Distinct().Count());
            var withoutDelimiters = text.Replace(@"\.br\", "", StringComparison.Ordinal).Split('\r')
                .SelectMany(segment => segment.Split('|', '^', '&', '~').Skip(1)).Where(part => part.Length > 0)
                .Where(part => part is not "\\");
            Assert.Equal(
                string.Concat(withoutDelimiters),
                string.Concat(shown.Where(v => v.Path is not { Segment: "MSH", Field: 1 or 2 }).Select(v => v.Text)));
        }
    }

    [Fact]
    public void A_segment_and_a_field_that_HL7_does_not_have_are_shown_without_a_name()
    {
        var message = Er7Text.Insert(Fixtures.Flux1, "PV1", "ZBE|1|a^b");
        var segment = MessageExplanation.Of(Er7Text.Read(message), null).Single(s => s.Path.Segment == "ZBE");

        Assert.Equal("?", segment.Name);
        Assert.Equal(["1", "", "a", "b"], segment.Values.Select(v => v.Value));
    }

    [Fact]
    public void Text_of_8859_15_is_shown_as_text()
    {
        var text = Er7Text.Set(Er7Text.Set(Fixtures.Flux1, "MSH-18", "8859/15"), "OBR-13", "œdème");
        var message = Er7Message.TryRead(Er7Charset.Iso885915.GetBytes(text), out _)!;

        Assert.Contains("œdème", MessageExplanation.Of(message, null).SelectMany(s => s.Values).Select(v => v.Value));
    }

    private static ExplainedValue Find(string message, string path)
    {
        var reading = MessageValidator.Read(Encoding.UTF8.GetBytes(message), MessageCatalog.All)!;
        return MessageExplanation.Of(reading.Message, reading.Profile).SelectMany(s => s.Values)
            .Single(v => v.Path.ToString() == path);
    }
}
