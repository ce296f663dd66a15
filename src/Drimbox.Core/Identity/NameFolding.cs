using System.Buffers;
using System.Globalization;
using System.Text;

namespace Drimbox.Core.Identity;

/// <summary>
/// The form of a name in which case and accents do not count (PS3.4 C.2.2.2.1.3: person names may be matched so). It is
/// computed here and stored in a column, the same in every database; the program runs without the culture tables of
/// the system, whose normalization it could not use.
/// </summary>
public static class NameFolding
{
    private static readonly Dictionary<char, string> _table = Build();

    private static readonly SearchValues<char> _asciiUnchanged = SearchValues.Create(
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`{|}~");

    /// <summary>Upper case, without accents; letters that stand for two become two (<c>Œ</c>: <c>OE</c>). Folding a
    /// folded text changes nothing, and wildcards pass through.</summary>
    public static string Fold(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(_asciiUnchanged)) return text;
        var folded = new StringBuilder(text.Length + 4);
        foreach (var c in text)
        {
            if (_table.TryGetValue(c, out var letters)) folded.Append(letters);
            else if (char.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark) folded.Append(char.ToUpperInvariant(c));
        }

        return folded.ToString();
    }

    /// <summary>The three groups of a person name (PS3.5 6.2.1: alphabetic=ideographic=phonetic), folded, without
    /// the empty components at the end of each (6.2.1.2: they may be left away) and the spaces around components.
    /// </summary>
    public static (string Alphabetic, string Ideographic, string Phonetic) FoldPersonName(string value)
    {
        var groups = value.Split('=', 3);
        return (Group(0), Group(1), Group(2));

        string Group(int index) => index < groups.Length ? FoldGroup(groups[index]) : "";
    }

    private static string FoldGroup(string group)
    {
        var folded = Fold(group);
        if (folded.Contains(' '))
            folded = string.Join('^', folded.Split('^').Select(component => component.Trim(' ')));
        return folded.TrimEnd('^');
    }

    private static Dictionary<char, string> Build()
    {
        var table = new Dictionary<char, string>();
        foreach (var (folded, characters) in NameFoldingTable.Rows)
        {
            foreach (var c in characters) table.Add(c, folded);
        }

        return table;
    }
}
