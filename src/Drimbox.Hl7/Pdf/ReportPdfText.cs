using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Hl7.Pdf;

/// <summary>One line of a page.</summary>
/// <param name="Size">Of the font, in points.</param>
/// <param name="IsStrong">Set with stroked outlines: a heading, the title, the signature.</param>
internal readonly record struct PrintedLine(double Size, bool IsStrong, string Text);

/// <summary>
/// Reads the text of a PDF that <see cref="ReportPdf"/> wrote, and of no other: such a file is known by its identifier,
/// which is the hash of all that it holds (docs/adr/0013), so that nothing was added to it since, and nothing is in it
/// that is not looked at here.
/// </summary>
public sealed class ReportPdfText
{
    // The sizes of ReportLayout: small print is what each page repeats.
    private const double SmallSize = 8;
    private const double HeadingSize = 11;
    private const double TitleSize = 15;

    // A line of 20 bytes for each of the 65,535 codes that there can be.
    private const int CharacterMapBytesMax = 20 * 65_536;

    private readonly IReadOnlyList<PrintedLine> _lines;
    private readonly string _objects;

    private ReportPdfText(IReadOnlyList<PrintedLine> lines, string objects)
    {
        _lines = lines;
        _objects = objects;
    }

    /// <summary>The parts of the report: what stands above the first heading under an empty one, then its sections,
    /// then the signature under an empty one.</summary>
    public IReadOnlyList<PrintedSection> Sections
    {
        get
        {
            var sections = new List<(string Heading, StringBuilder Text)> { ("", new StringBuilder()) };
            foreach (var line in _lines)
            {
                if (line.Size == SmallSize) continue;
                if (line is { IsStrong: true, Size: HeadingSize })
                    sections.Add((line.Text, new StringBuilder()));
                else if (line is { IsStrong: true, Size: not TitleSize } && sections[^1].Heading.Length > 0)
                    sections.Add(("", Append(new StringBuilder(), line.Text)));
                else
                    Append(sections[^1].Text, line.Text);
            }

            return sections.ConvertAll(section => new PrintedSection(section.Heading, section.Text.ToString()));
        }
    }

    /// <summary>All that the file says: every line of every page, the link and the metadata.</summary>
    public string Everything => string.Join('\n', _lines.Select(line => line.Text)) + "\n" + _objects;

    /// <returns>Null: not written by this program, altered since, or over a limit.</returns>
    public static ReportPdfText? TryRead(ReadOnlyMemory<byte> pdf)
    {
        if (ReportPdfObjects.TryRead(pdf) is not { } objects || objects.Pages is not { } pages) return null;
        if (ReadCharacters(objects.ToUnicode) is not { } characters) return null;
        var lines = new List<PrintedLine>();
        // No content is shown twice, and what pages repeat is less than what the report says.
        if (pages.Sum(page => (long)page.Length) > pdf.Length) return null;
        var left = 2 * Limits.ReportCharactersMax;
        foreach (var page in pages)
        {
            if (!TryReadPage(page.Span, characters, lines, ref left)) return null;
        }

        return new ReportPdfText(lines, objects.Rest);
    }

    // A line that was broken behind a hyphen goes on without a space.
    private static StringBuilder Append(StringBuilder text, string line)
    {
        if (text.Length > 0 && !(text[^1] == '-' && text.Length > 1 && char.IsLetter(text[^2]))) text.Append('\n');
        return text.Append(line);
    }

    // <0001> <0043>, one a line (ReportPdf.ToUnicode).
    private static Dictionary<int, string>? ReadCharacters(ReadOnlyMemory<byte> map)
    {
        if (map.Length > CharacterMapBytesMax) return null;
        var characters = new Dictionary<int, string>();
        foreach (var line in Encoding.Latin1.GetString(map.Span).Split('\n'))
        {
            var parts = line.Split(' ');
            if (parts is not [['<', .. var cid, '>'], ['<', .. var text, '>']] || text.Length > 8) continue;
            if (!int.TryParse(cid, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
                || !TryDecode(text, out var bytes))
            {
                return null;
            }

            characters[number] = Encoding.BigEndianUnicode.GetString(bytes);
        }

        return characters;
    }

    // BT 0 0 0 rg 0 Tr /F1 10 Tf 56 700 Td <00010002> Tj ET (ReportLayout.Text). The other operators draw.
    private static bool TryReadPage(
        ReadOnlySpan<byte> page, Dictionary<int, string> characters, List<PrintedLine> lines, ref int left)
    {
        foreach (var range in page.Split((byte)'\n'))
        {
            var line = page[range];
            if (!line.StartsWith("BT "u8)) continue;
            var font = line.IndexOf("/F1 "u8);
            var begin = line.IndexOf((byte)'<');
            var end = line.IndexOf("> Tj ET"u8);
            if (font < 0 || begin < font || end < begin) return false;
            if (!Utf8Parser.TryParse(line[(font + 4)..], out double size, out _)) return false;
            var text = new StringBuilder();
            var codes = line[(begin + 1)..end];
            for (var at = 0; at < codes.Length; at += 4)
            {
                if (codes.Length - at < 4 || !Utf8Parser.TryParse(codes.Slice(at, 4), out int cid, out var used, 'X')
                    || used != 4 || !characters.TryGetValue(cid, out var character))
                {
                    return false;
                }

                text.Append(character);
            }

            left -= text.Length;
            if (left < 0) return false;
            lines.Add(new PrintedLine(size, line.IndexOf(" 2 Tr "u8) >= 0, text.ToString()));
        }

        return true;
    }

    private static bool TryDecode(string hexadecimal, out byte[] bytes)
    {
        bytes = new byte[hexadecimal.Length / 2];
        return Convert.FromHexString(hexadecimal, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
