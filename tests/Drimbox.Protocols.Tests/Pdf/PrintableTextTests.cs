using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Pdf;

public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("one two three", "one two|three")]
    [InlineData("one  two", "one  two")]
    [InlineData("exactly8 x", "exactly8|x")]
    [InlineData("unbreakable", "unbreaka|ble")]
    [InlineData("a unbreakable b", "a|unbreaka|ble b")]
    [InlineData("bien-être", "bien-|être")]
    [InlineData("a\n\nb", "a||b")]
    [InlineData("", "")]
    [InlineData("        x", "|x")]
    [InlineData("😀😀😀😀😀😀😀😀😀", "😀😀😀😀😀😀😀😀|😀")]
    public void Lines_break_at_spaces_and_hyphens_or_within_a_long_word(string text, string expected) =>
        Assert.Equal(expected.Split('|'), PrintableText.Lines(text, 8, _ => 1));

    [Fact]
    public void Control_characters_do_not_survive() =>
        Assert.Equal("a\nb    c\uFFFDd", PrintableText.Clean("a\r\nb\tc\ud800\0\u001B\uFFFEd"));
}
