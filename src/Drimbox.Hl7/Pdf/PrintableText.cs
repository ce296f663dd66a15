using System.Text;

namespace Drimbox.Hl7.Pdf;

/// <summary>Text as it can be shown: without control characters, and in lines of a given width.</summary>
internal static class PrintableText
{
    /// <summary>Line ends as \n, tabulators as spaces, no other control characters; a broken surrogate pair becomes
    /// U+FFFD.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.ReplaceLineEndings("\n").EnumerateRunes())
        {
            if (rune.Value == '\t') clean.Append("    ");
            else if (rune.Value == '\n' || (!Rune.IsControl(rune) && rune.Value is not (0xFFFE or 0xFFFF)))
                clean.Append(rune.ToString());
        }

        return clean.ToString();
    }

    /// <summary>Breaks clean text at its line ends, and where a line would be wider than <paramref name="width"/>:
    /// after the last space or hyphen, or within a word that is wider than a line.</summary>
    /// <param name="widthOf">The width of a character, in the unit of <paramref name="width"/>.</param>
    public static IEnumerable<string> Lines(string text, double width, Func<Rune, double> widthOf)
    {
        foreach (var paragraph in text.Split('\n'))
        {
            int start = 0, breakAt = 0, at = 0;
            double used = 0, usedAtBreak = 0;
            foreach (var rune in paragraph.EnumerateRunes())
            {
                var next = widthOf(rune);
                var isSpace = rune.Value == ' ';
                // A space may hang over the edge: it is cut from the end of its line.
                while (!isSpace && used + next > width && at > start)
                {
                    if (breakAt <= start) (breakAt, usedAtBreak) = (at, used);
                    yield return paragraph[start..breakAt].TrimEnd(' ');
                    start = breakAt;
                    used -= usedAtBreak;
                    usedAtBreak = 0;
                }

                at += rune.Utf16SequenceLength;
                used += next;
                if (isSpace || rune.Value == '-') (breakAt, usedAtBreak) = (at, used);
            }

            yield return paragraph[start..].TrimEnd(' ');
        }
    }
}
