using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Tests.Hl7;

public sealed class Er7MessageTests
{
    [Theory]
    [InlineData("MSH-1", "|")]
    [InlineData("MSH-2", @"^~\&")]
    [InlineData("MSH-3", "RIS")]
    [InlineData("MSH-9.2", "O01")]
    [InlineData("PID-3.4.2", "1.2.250.1.213.1.4.10")]
    [InlineData("PID-3[2].1", "IPP7")]
    [InlineData("PID-3", "279035121518989")] // a field alone is its first leaf
    [InlineData("PID-3[2].4", "SITE")]
    [InlineData("OBX[3]-5.1", "24028007")]
    [InlineData("NTE[2]-3", "sans injection")]
    [InlineData("PID-99.9.9", "")]
    [InlineData("ZZZ-1", "")]
    public void A_value_is_found_by_its_path(string path, string expected) =>
        Assert.Equal(expected, Er7Text.Read(Fixtures.Flux1).Get(path));

    [Theory]
    [InlineData("OBX[3]-5.1", "OBX^3^5^1^1")]
    [InlineData("MSH-12", "MSH^1^12")]
    [InlineData("PV1", "PV1^1")]
    [InlineData("PID-3[2].4.2", "PID^1^3^2^4^2")]
    public void A_path_is_written_as_ERL(string path, string expected)
    {
        Assert.True(Er7Path.TryParse(path, out var parsed));
        Assert.Equal(path, parsed.ToString());
        Assert.Equal(expected, parsed.ToErl());
    }

    [Theory]
    [InlineData("")]
    [InlineData("PI-1")]
    [InlineData("PID-0")]
    [InlineData("PID-1.2.3.4")]
    [InlineData("PID[x]-1")]
    [InlineData("PID-1[")]
    [InlineData("pid-1")]
    public void What_is_no_path_is_refused(string text) => Assert.False(Er7Path.TryParse(text, out _));

    [Theory]
    [InlineData(@"\F\\S\\T\\R\\E\", @"|^&~\")]
    [InlineData(@"a\.br\b", "a\nb")]
    [InlineData(@"\X0D0A\", "\r\n")]
    [InlineData(@"\XC3A9\", "é")] // in the character set of the message
    [InlineData(@"\H\gras\N\", "gras")]
    [InlineData(@"C:\dossier", @"C:\dossier")] // no sequence: kept as it is
    [InlineData(@"\Zlocal\", @"\Zlocal\")]
    [InlineData(@"\XZZ\", @"\XZZ\")]
    [InlineData(@"\X1\", @"\X1\")]
    [InlineData(@"\", @"\")]
    public void Escape_sequences_are_resolved(string raw, string expected) =>
        Assert.Equal(expected, Er7Text.Read(Er7Text.Set(Fixtures.Flux1, "OBR-13", raw)).Get("OBR-13"));

    [Fact]
    public void The_declared_delimiters_are_used()
    {
        var message = Er7Text.Read("MSH$*!?%$A$B$C$D$2026$$ORM*O01$1$P$2.5.1\rPID$$$1*2%3!4\r");

        Assert.Equal("O01", message.Get("MSH-9.2"));
        Assert.Equal("3", message.Get("PID-3.2.2"));
        Assert.Equal("4", message.Get("PID-3[2]"));
    }

    [Fact]
    public void Text_of_8859_15_is_read_as_MSH_18_says()
    {
        var text = Er7Text.Set(Er7Text.Set(Fixtures.Flux1, "MSH-18", "8859/15"), "OBR-13", "cœur à 5 €");
        var message = Er7Message.TryRead(Er7Charset.Iso885915.GetBytes(text), out var refusal);

        Assert.Null(refusal);
        Assert.Equal("cœur à 5 €", message!.Get("OBR-13"));
    }

    [Fact]
    public void Bytes_that_are_not_of_the_declared_character_set_are_refused()
    {
        var bytes = Encoding.Latin1.GetBytes(Fixtures.Flux1);
        var message = Er7Message.TryRead(bytes, out var refusal);

        Assert.NotNull(message);
        Assert.Equal((RefusalReason.DataType, "MSH^1^18"), (refusal!.Reason, refusal.Location));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Files_with_other_line_ends_are_read(string lineEnd)
    {
        var message = Er7Text.Read(Fixtures.Flux1.Replace("\r", lineEnd, StringComparison.Ordinal));

        Assert.Equal(Er7Text.Read(Fixtures.Flux1).SegmentCount, message.SegmentCount);
        Assert.Equal("O", message.Get("OBX[7]-11"));
    }

    [Fact]
    public void The_HL7_null_is_no_content()
    {
        var pid = Er7Text.Read(Er7Text.Set(Fixtures.Flux1, "PID-8", "\"\"")).Find("PID")!.Value;

        Assert.True(pid[8].IsNull);
        Assert.False(pid[8].HasContent);
        Assert.Equal("", pid[8].Text);
    }

    [Fact]
    public void A_typed_delimiter_does_not_cut_free_text() =>
        Assert.Equal("bras & jambe^droits",
            Er7Text.Read(Er7Text.Set(Fixtures.Flux1, "OBR-13", "bras & jambe^droits")).Find("OBR")!.Value[13].FreeText);

    [Theory]
    [InlineData("")]
    [InlineData("MSH")]
    [InlineData("MSH|^~\\")]
    [InlineData("PID|1\rMSH|^~\\&|A")]
    [InlineData("MSH|^^\\&|A|B")] // a delimiter twice
    [InlineData("MSHA^~\\&AB")] // a letter as delimiter
    [InlineData("GET / HTTP/1.1\r\n")]
    public void Without_a_readable_header_there_is_no_message(string text) =>
        Assert.Null(Er7Message.TryRead(Er7Text.Bytes(text), out _));

    [Theory]
    [InlineData("\uFEFF", "", RefusalReason.Malformed)] // byte order mark
    [InlineData("", "xx|1\r", RefusalReason.Malformed)]
    [InlineData("", "MSH|^~\\&|again\r", RefusalReason.Malformed)]
    public void A_message_broken_below_its_header_keeps_its_header(string before, string after, RefusalReason reason)
    {
        var message = Er7Message.TryRead(Er7Text.Bytes(before + Fixtures.Flux1 + after), out var refusal);

        Assert.Equal(reason, refusal!.Reason);
        Assert.Equal("MSG00001", message!.Get("MSH-10"));
    }

    [Theory]
    [InlineData('\r')]
    [InlineData('|')]
    [InlineData('~')]
    public void Too_many_parts_are_refused_and_not_stored(char part)
    {
        var header = Fixtures.Flux1.Split('\r')[0];
        var flood = part == '\r'
            ? string.Concat(Enumerable.Repeat("NTE\r", Limits.Er7SegmentsMax))
            : "NTE|" + new string(part, Math.Max(Limits.Er7FieldsMax, Limits.Er7RepetitionsMax));
        var message = Er7Message.TryRead(Er7Text.Bytes(header + "\r" + flood), out var refusal);

        Assert.NotNull(message);
        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
    }

    [Fact]
    public void A_header_of_too_many_fields_can_still_be_answered()
    {
        var message = Er7Message.TryRead(
            Er7Text.Bytes(@"MSH|^~\&|A|B|C|D|2026||ORM^O01^ORM_O01|M1" + new string('|', 5_000)), out var refusal);

        Assert.Equal(RefusalReason.OverLimit, refusal!.Reason);
        Assert.Equal("M1", message!.Get("MSH-10"));
    }

    [Fact]
    public void A_large_document_is_a_slice_of_the_frame()
    {
        var data = new string('A', 4 * 1024 * 1024);
        var bytes = Er7Text.Bytes(Er7Text.Set(Fixtures.Oru, "OBX-5.5", data));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Er7Message.TryRead(bytes, out _)!;
        var document = message.At(Er7Path.Parse("OBX-5.5"));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(data.Length, document.Raw.Length);
        Assert.Equal("F", message.Get("OBX-11"));
        Assert.InRange(allocated, 0, 64 * 1024);
    }

    [Theory]
    [InlineData("UHJvdG9jb2xl", "Protocole")]
    [InlineData("UHJvdG9jb2xlcw==", "Protocoles")]
    [InlineData("UHJvdG9jb2xlcw", "Protocoles")] // padding left away, as in the examples of the volet
    [InlineData("UHJv dG9j\nb2xl", "Protocole")]
    [InlineData("UHJvdG9j\\X0D0A\\b2xl", "Protocole")]
    [InlineData("UHJvd", null)]
    [InlineData("pas du base64 !", null)]
    [InlineData("", null)]
    public void Base64_is_decoded(string raw, string? expected)
    {
        var message = Er7Text.Read(Er7Text.Set(Fixtures.Flux3, "OBX-5.5", raw));
        var bytes = Er7Base64.TryDecode(message, message.At(Er7Path.Parse("OBX-5.5")), 100, out var reason);

        Assert.Equal(expected, bytes is { } b ? Encoding.UTF8.GetString(b.Span) : null);
        if (bytes is null) Assert.Equal(RefusalReason.DataType, reason);
    }

    [Fact]
    public void Base64_over_the_limit_is_refused_before_it_is_decoded()
    {
        var message = Er7Text.Read(Er7Text.Set(Fixtures.Flux3, "OBX-5.5", new string('A', 400)));

        Assert.Null(Er7Base64.TryDecode(message, message.At(Er7Path.Parse("OBX-5.5")), 100, out var reason));
        Assert.Equal(RefusalReason.OverLimit, reason);
    }
}
