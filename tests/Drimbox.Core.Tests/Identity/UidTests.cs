using Drimbox.Core.Identity;

namespace Drimbox.Tests.Identity;

public sealed class UidTests
{
    [Theory]
    [InlineData("1.2.840.10008.1.1", true)]
    [InlineData("0.1", true)]
    [InlineData("2.25.329800735698586629295641978511506172918", true)]
    [InlineData("1.02.3", false)] // PS3.5 9.1: no leading zero
    [InlineData("1..2", false)]
    [InlineData("1.2.", false)]
    [InlineData("", false)]
    [InlineData("../../etc/passwd", false)]
    [InlineData("1.2.٣", false)] // a digit, but not an ASCII one
    [InlineData("1.2 ", false)]
    [InlineData("12345678901234567890123456789012.12345678901234567890123456789012", false)] // 65 characters
    public void A_uid_is_digits_and_dots_as_in_PS35_9_1(string text, bool expected) =>
        Assert.Equal(expected, Uid.TryParse(text, out _));

    [Fact]
    public void A_uuid_becomes_a_uid_under_2_25() =>
        Assert.Equal(
            "2.25.329800735698586629295641978511506172918",
            Uid.FromGuid(Guid.Parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")).ToString());
}
