using System.Text.Json;
using Drimbox.Core.Mail;

namespace Drimbox.Tests.Mail;

public sealed class MailAddressTests
{
    [Theory]
    [InlineData("adam.hoda@test-ci-sis.mssante.fr")]
    [InlineData("146026322000196@patient.mssante.fr")]
    [InlineData("radiologie@hopitalA.mssante.fr")]
    [InlineData("o'neill+tag@a.b")]
    public void An_address_keeps_its_spelling(string text)
    {
        Assert.True(MailAddress.TryParse(text, null, out var address));
        Assert.Equal(text, address.ToString());
        Assert.Equal(address, JsonSerializer.Deserialize<MailAddress>(JsonSerializer.Serialize(address)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("@a.fr")]
    [InlineData("a@")]
    [InlineData("a@b")]
    [InlineData("a b@c.fr")]
    [InlineData(".a@c.fr")]
    [InlineData("a..b@c.fr")]
    [InlineData("a@.c.fr")]
    [InlineData("a@c..fr")]
    [InlineData("a@-c.fr")]
    [InlineData("é@c.fr")]
    [InlineData("a@é.fr")]
    [InlineData("\"a\"@c.fr")]
    // A line break would be a command of SMTP, and a header of the mail.
    [InlineData("a@c.fr\r\nRCPT TO:<b@d.fr>")]
    [InlineData("a\r\n@c.fr")]
    [InlineData("a@c.fr> NOTIFY=NEVER")]
    public void What_is_no_address_is_refused(string text) => Assert.False(MailAddress.TryParse(text, null, out _));

    [Fact]
    public void A_local_part_has_64_characters_and_an_address_254_at_most()
    {
        Assert.True(MailAddress.TryParse(new string('a', 64) + "@c.fr", null, out _));
        Assert.False(MailAddress.TryParse(new string('a', 65) + "@c.fr", null, out _));
        Assert.False(MailAddress.TryParse("a@" + new string('b', 250) + ".fr", null, out _));
    }

    [Fact]
    public void Case_makes_no_other_mailbox() => Assert.Equal(
        MailAddress.Parse("Adam.HODA@Test.mssante.FR"), MailAddress.Parse("adam.hoda@test.mssante.fr"));

    [Theory]
    [InlineData("a@mssante.fr", true)]
    [InlineData("a@hopital.MSSANTE.fr", true)]
    [InlineData("a@mssante.fr.example", false)]
    [InlineData("a@notmssante.fr", false)]
    [InlineData("mssante.fr@example.org", false)]
    public void A_domain_is_within_another_label_by_label(string address, bool isWithin) =>
        Assert.Equal(isWithin, MailAddress.Parse(address).IsWithin("mssante.fr"));
}
