using System.Text;

namespace Drimbox.Tests.Source;

/// <summary>Compares a dumped data set, or an item in it, with what it is to have: each difference is noted, so that
/// one run shows all of them.</summary>
/// <param name="where">Names the data set in the differences.</param>
/// <param name="print">How the program prints a text.</param>
internal sealed class DumpCheck(
    DumpedDataSet dumped, string where, Func<string, string> print, ICollection<string> differences)
{
    private readonly HashSet<string> _expected = [];

    /// <summary>dcmdump with <c>+U8 +L</c>: as it is.</summary>
    public static string AsDcmdump(string text) => text;

    /// <summary>gdcmdump: a full stop for each byte that is not ASCII, and 256 bytes at most.</summary>
    /// <param name="encoding">Of the data set.</param>
    public static Func<string, string> AsGdcmdump(Encoding encoding) => text =>
        string.Concat(encoding.GetBytes(text).Take(256).Select(b => b < 0x80 ? (char)b : '.'));

    /// <summary>Type 1: it is there with this value.</summary>
    /// <param name="tags">One or several that have the same.</param>
    public void Is(string value, string vr, params IEnumerable<string> tags)
    {
        foreach (var tag in tags)
        {
            if (Find(tag, vr) is not { } element) continue;
            var printed = print(value);
            if (element.Value != printed.TrimEnd(' ')) Note(tag, $"is [{element.Value}] and not [{printed}]");
        }
    }

    /// <summary>Type 2: it is there without a value, or without items.</summary>
    public void IsEmpty(string vr, params IEnumerable<string> tags)
    {
        foreach (var tag in tags)
        {
            if (Find(tag, vr) is { } element && (element.Value.Length > 0 || element.Items.Count > 0))
                Note(tag, $"is not empty: [{element.Value}], {element.Items.Count} items");
        }
    }

    /// <summary>The values of an attribute whose value is not known beforehand.</summary>
    public string Value(string tag, string vr) => Find(tag, vr)?.Value ?? "";

    /// <summary>The items of a sequence, of which there are so many.</summary>
    public IReadOnlyList<DumpCheck> Items(string tag, int count)
    {
        if (Find(tag, "SQ") is not { } element) return [];
        if (element.Items.Count != count) Note(tag, $"has {element.Items.Count} items and not {count}");
        return [.. element.Items.Select(
            (item, i) => new DumpCheck(item, $"{where}/{tag}[{i + 1}]", print, differences))];
    }

    /// <summary>No attribute beyond those that were asked for.</summary>
    public void IsNothingElse()
    {
        foreach (var tag in dumped.Tags.Except(_expected)) Note(tag, "is not expected");
    }

    /// <summary>Notes a difference of a whole.</summary>
    public void Same<T>(string what, IEnumerable<T> expected, IEnumerable<T> actual)
    {
        var (missing, surplus) = (expected.Except(actual).ToList(), actual.Except(expected).ToList());
        if (missing.Count + surplus.Count > 0)
            Note(what, $"without {string.Join(", ", missing)}; beside {string.Join(", ", surplus)}");
    }

    private DumpedElement? Find(string tag, string vr)
    {
        _expected.Add(tag);
        if (dumped[tag] is not { } element)
        {
            Note(tag, "is not there");
            return null;
        }

        if (element.Vr != vr) Note(tag, $"is {element.Vr} and not {vr}");
        return element;
    }

    private void Note(string what, string difference) => differences.Add($"{where} {what} {difference}");
}
