using System.Buffers.Binary;
using System.Text;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Tests.Pdf;

public sealed class TrueTypeSubsetTests
{
    private static TrueTypeFont Font => TrueTypeFont.DejaVuSans;

    private static ReadOnlySpan<byte> Table(byte[] program, string tag)
    {
        for (var record = 12; ; record += 16)
        {
            if (Encoding.ASCII.GetString(program, record, 4) != tag) continue;
            var offset = BinaryPrimitives.ReadInt32BigEndian(program.AsSpan(record + 8));
            return program.AsSpan(offset, BinaryPrimitives.ReadInt32BigEndian(program.AsSpan(record + 12)));
        }
    }

    private static byte[] Outline(byte[] program, int cid)
    {
        var loca = Table(program, "loca");
        var start = BinaryPrimitives.ReadInt32BigEndian(loca[(4 * cid)..]);
        return Table(program, "glyf")[start..BinaryPrimitives.ReadInt32BigEndian(loca[((4 * cid) + 4)..])].ToArray();
    }

    private static int Part(ReadOnlySpan<byte> composite) => BinaryPrimitives.ReadUInt16BigEndian(composite[12..]);

    [Fact]
    public void A_composite_glyph_brings_its_parts_under_their_new_numbers()
    {
        var glyph = Font.GlyphOf(new Rune('é'));
        Assert.True(BinaryPrimitives.ReadInt16BigEndian(Font.Outline(glyph)) < 0, "é is no longer composed");
        var subset = new TrueTypeSubset(Font);
        subset.CidOf(new Rune('Z'));
        var cid = subset.CidOf(new Rune('é'));
        var program = subset.Build();

        Assert.Equal(5, subset.Count); // .notdef, Z, é, e and the accent
        var base_ = Outline(program, Part(Outline(program, cid)));
        var expected = Font.Outline(Part(Font.Outline(glyph)));
        Assert.Equal(expected.ToArray(), base_.AsSpan(0, expected.Length).ToArray());
        Assert.Equal(Font.GlyphOf(new Rune('e')), Part(Font.Outline(glyph)));
    }

    [Fact]
    public void A_character_is_asked_for_twice_and_embedded_once()
    {
        var subset = new TrueTypeSubset(Font);
        Assert.Equal(subset.CidOf(new Rune('a')), subset.CidOf(new Rune('a')));
        Assert.Equal(2, subset.Count);
        Assert.Equal(subset.CidOf(new Rune('?')), subset.CidOf(new Rune(0x1F984)));
    }

    [Fact]
    public void Metrics_follow_the_glyphs_and_the_checksum_closes()
    {
        var subset = new TrueTypeSubset(Font);
        var cid = subset.CidOf(new Rune('W'));
        var program = subset.Build();
        Assert.Equal(
            Font.MetricsOf(Font.GlyphOf(new Rune('W'))).Advance,
            BinaryPrimitives.ReadUInt16BigEndian(Table(program, "hmtx")[(4 * cid)..]));
        Assert.Equal(989, subset.WidthOf(cid)); // DejaVu Sans: W is 2025 of 2048 units wide
        Assert.Equal(subset.Count, BinaryPrimitives.ReadUInt16BigEndian(Table(program, "maxp")[4..]));

        // OpenType, head: all 32-bit words of the font add up to this number.
        var sum = 0u;
        for (var i = 0; i < program.Length; i += 4)
            sum = unchecked(sum + BinaryPrimitives.ReadUInt32BigEndian(program.AsSpan(i)));
        Assert.Equal(0xB1B0AFBA, sum);
    }
}
