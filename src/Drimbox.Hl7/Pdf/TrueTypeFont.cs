using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Hl7.Pdf;

/// <summary>Reads what a subset needs of a TrueType font of ours; a font of others never gets here. Source: ISO/IEC
/// 14496-22 (OpenType).</summary>
internal sealed class TrueTypeFont
{
    private readonly byte[] _font;
    private readonly Dictionary<string, Range> _tables = [];
    private readonly int _longMetrics;
    private readonly bool _hasLongOffsets;
    private readonly Range _characters;

    private TrueTypeFont(byte[] font)
    {
        _font = font;
        // Table directory: sfnt version, numTables, three search fields, then records of tag, checksum, offset, length.
        var count = U16(font, 4);
        for (var i = 0; i < count; i++)
        {
            var record = 12 + (16 * i);
            var offset = (int)U32(font, record + 8);
            _tables[Encoding.ASCII.GetString(font, record, 4)] = offset..(offset + (int)U32(font, record + 12));
        }

        var head = Table("head");
        UnitsPerEm = U16(head, 18);
        Box = [I16(head, 36), I16(head, 38), I16(head, 40), I16(head, 42)];
        _hasLongOffsets = I16(head, 50) == 1;
        var hhea = Table("hhea");
        Ascent = I16(hhea, 4);
        Descent = I16(hhea, 6);
        _longMetrics = U16(hhea, 34);
        _characters = FindCharacters();
    }

    /// <summary>DejaVu Sans 2.37 (Fonts/DejaVuSans-LICENSE.txt).</summary>
    public static TrueTypeFont DejaVuSans { get; } = Load("DejaVuSans.ttf");

    public int UnitsPerEm { get; }

    public int Ascent { get; }

    public int Descent { get; }

    /// <summary>xMin, yMin, xMax, yMax.</summary>
    public IReadOnlyList<int> Box { get; }

    public bool HasTable(string tag) => _tables.ContainsKey(tag);

    public ReadOnlySpan<byte> Table(string tag) => _font.AsSpan(_tables[tag]);

    /// <summary>The glyph of a character; 0, the missing glyph, if the font has none.</summary>
    public int GlyphOf(Rune character)
    {
        // cmap format 12: header of 16 bytes, then groups of first character, last character, first glyph, ascending.
        var groups = _font.AsSpan(_characters);
        int low = 0, high = (groups.Length / 12) - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var group = groups[(12 * middle)..];
            var first = U32(group, 0);
            if (character.Value < first) high = middle - 1;
            else if (character.Value > U32(group, 4)) low = middle + 1;
            else return (int)(U32(group, 8) + (character.Value - first));
        }

        return 0;
    }

    /// <summary>Advance width and left side bearing, in font units.</summary>
    public (int Advance, int Bearing) MetricsOf(int glyph)
    {
        var hmtx = Table("hmtx");
        // Glyphs beyond the long metrics share the last advance and have a bearing only.
        return glyph < _longMetrics
            ? (U16(hmtx, 4 * glyph), I16(hmtx, (4 * glyph) + 2))
            : (U16(hmtx, 4 * (_longMetrics - 1)), I16(hmtx, (4 * _longMetrics) + (2 * (glyph - _longMetrics))));
    }

    public ReadOnlySpan<byte> Outline(int glyph)
    {
        var loca = Table("loca");
        var (start, end) = _hasLongOffsets
            ? ((int)U32(loca, 4 * glyph), (int)U32(loca, (4 * glyph) + 4))
            : (2 * U16(loca, 2 * glyph), 2 * U16(loca, (2 * glyph) + 2));
        return Table("glyf")[start..end];
    }

    internal static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    internal static int I16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt16BigEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static TrueTypeFont Load(string resource)
    {
        using var stream = typeof(TrueTypeFont).Assembly.GetManifestResourceStream(resource);
        Invariant.Holds(stream is not null);
        var font = new byte[stream.Length];
        stream.ReadExactly(font);
        return new TrueTypeFont(font);
    }

    private Range FindCharacters()
    {
        var table = _tables["cmap"].Start.Value;
        var count = U16(_font, table + 2);
        for (var i = 0; i < count; i++)
        {
            var subtable = table + (int)U32(_font, table + 4 + (8 * i) + 4);
            if (U16(_font, subtable) == 12) return (subtable + 16)..(subtable + (int)U32(_font, subtable + 4));
        }

        throw Invariant.Unreachable(null);
    }
}
