using System.Buffers.Binary;
using System.Text;

namespace Drimbox.Hl7.Pdf;

/// <summary>The glyphs of a font that one file uses, renumbered in the order of their first use: the number is the CID
/// of the PDF font and the glyph of the embedded font alike.</summary>
internal sealed class TrueTypeSubset
{
    private readonly List<int> _glyphs = [0];
    private readonly Dictionary<int, int> _cids = new() { [0] = 0 };
    private readonly SortedDictionary<int, Rune> _characters = [];

    public TrueTypeSubset(TrueTypeFont font)
    {
        Font = font;
        Replacement = font.GlyphOf(new Rune('?'));
    }

    public TrueTypeFont Font { get; }

    /// <summary>The characters shown, by CID; parts of composite glyphs have none.</summary>
    public IReadOnlyDictionary<int, Rune> Characters => _characters;

    public int Count => _glyphs.Count;

    private int Replacement { get; }

    /// <summary>The CID of a character, which the subset holds from now on. A character that the font does not have
    /// shows as a question mark.</summary>
    public int CidOf(Rune character)
    {
        var glyph = Font.GlyphOf(character);
        if (glyph == 0) (glyph, character) = (Replacement, new Rune('?'));
        var cid = Add(glyph);
        _characters.TryAdd(cid, character);
        return cid;
    }

    /// <summary>Width in thousandths of the font size, as the W array of the PDF font gives it.</summary>
    public int WidthOf(int cid) => PerMille(Font.MetricsOf(_glyphs[cid]).Advance);

    public int PerMille(int fontUnits) =>
        (int)Math.Round(fontUnits * 1000.0 / Font.UnitsPerEm, MidpointRounding.AwayFromZero);

    /// <summary>The embedded font program: the tables that PDF 1.4 5.8 asks for (glyf, head, hhea, hmtx, loca, maxp)
    /// and the hinting ones that the outlines call.</summary>
    public byte[] Build()
    {
        var outlines = new MemoryStream();
        var offsets = new List<int>();
        // The list grows while composite glyphs name their parts.
        for (var cid = 0; cid < _glyphs.Count; cid++)
        {
            offsets.Add((int)outlines.Length);
            var outline = Font.Outline(_glyphs[cid]).ToArray();
            RenumberParts(outline);
            outlines.Write(outline);
            while (outlines.Length % 4 != 0) outlines.WriteByte(0);
        }

        offsets.Add((int)outlines.Length);

        var head = Font.Table("head").ToArray();
        Put32(head, 8, 0); // checkSumAdjustment, set when the whole is known
        Put16(head, 50, 1); // indexToLocFormat: long
        var hhea = Font.Table("hhea").ToArray();
        Put16(hhea, 34, Count);
        var maxp = Font.Table("maxp").ToArray();
        Put16(maxp, 4, Count);
        var tables = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["glyf"] = outlines.ToArray(),
            ["head"] = head,
            ["hhea"] = hhea,
            ["hmtx"] = Metrics(),
            ["loca"] = Offsets(offsets),
            ["maxp"] = maxp,
        };
        foreach (var hinting in new[] { "cvt ", "fpgm", "prep" })
        {
            if (Font.HasTable(hinting)) tables[hinting] = Font.Table(hinting).ToArray();
        }

        return Assemble(tables);
    }

    private int Add(int glyph)
    {
        if (_cids.TryGetValue(glyph, out var cid)) return cid;
        _glyphs.Add(glyph);
        return _cids[glyph] = _glyphs.Count - 1;
    }

    // A composite outline: numberOfContours < 0, a box, then parts of flags, glyph, placement and scale (glyf table).
    private void RenumberParts(byte[] outline)
    {
        if (outline.Length == 0 || TrueTypeFont.I16(outline, 0) >= 0) return;
        const int WordArguments = 0x1, Scale = 0x8, MoreParts = 0x20, TwoScales = 0x40, Matrix = 0x80;
        var at = 10;
        int flags;
        do
        {
            flags = TrueTypeFont.U16(outline, at);
            Put16(outline, at + 2, Add(TrueTypeFont.U16(outline, at + 2)));
            at += 4 + ((flags & WordArguments) != 0 ? 4 : 2);
            at += (flags & Scale) != 0 ? 2 : (flags & TwoScales) != 0 ? 4 : (flags & Matrix) != 0 ? 8 : 0;
        }
        while ((flags & MoreParts) != 0);
    }

    private byte[] Metrics()
    {
        var hmtx = new byte[4 * Count];
        for (var cid = 0; cid < Count; cid++)
        {
            var (advance, bearing) = Font.MetricsOf(_glyphs[cid]);
            Put16(hmtx, 4 * cid, advance);
            BinaryPrimitives.WriteInt16BigEndian(hmtx.AsSpan((4 * cid) + 2), (short)bearing);
        }

        return hmtx;
    }

    private static byte[] Offsets(List<int> offsets)
    {
        var loca = new byte[4 * offsets.Count];
        for (var i = 0; i < offsets.Count; i++) Put32(loca, 4 * i, (uint)offsets[i]);
        return loca;
    }

    private static byte[] Assemble(SortedDictionary<string, byte[]> tables)
    {
        var directory = 12 + (16 * tables.Count);
        var font = new byte[directory + tables.Values.Sum(table => Padded(table.Length))];
        var log = 31 - System.Numerics.BitOperations.LeadingZeroCount((uint)tables.Count);
        Put32(font, 0, 0x00010000);
        Put16(font, 4, tables.Count);
        Put16(font, 6, 16 << log);
        Put16(font, 8, log);
        Put16(font, 10, (16 * tables.Count) - (16 << log));
        int record = 12, at = directory, head = 0;
        foreach (var (tag, table) in tables)
        {
            if (tag == "head") head = at;
            table.CopyTo(font, at);
            Encoding.ASCII.GetBytes(tag, font.AsSpan(record));
            Put32(font, record + 4, Checksum(font.AsSpan(at, Padded(table.Length))));
            Put32(font, record + 8, (uint)at);
            Put32(font, record + 12, (uint)table.Length);
            record += 16;
            at += Padded(table.Length);
        }

        Put32(font, head + 8, unchecked(0xB1B0AFBA - Checksum(font)));
        return font;
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i += 4)
            sum = unchecked(sum + BinaryPrimitives.ReadUInt32BigEndian(bytes[i..]));
        return sum;
    }

    private static void Put16(byte[] bytes, int at, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), (ushort)value);

    private static void Put32(byte[] bytes, int at, uint value) =>
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), value);
}
