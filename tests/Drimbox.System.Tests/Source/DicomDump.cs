using System.Text.RegularExpressions;

namespace Drimbox.Tests.Source;

/// <summary>An element as a foreign program prints it.</summary>
/// <param name="Tag"><c>0008,0050</c>, hexadecimal digits in lower case.</param>
/// <param name="Value">Without its padding; empty where it has none.</param>
/// <param name="Items">Of a sequence.</param>
internal sealed record DumpedElement(string Tag, string Vr, string Value, List<DumpedDataSet> Items);

/// <summary>A data set, or an item of a sequence, as a foreign program prints it.</summary>
internal sealed class DumpedDataSet
{
    private readonly Dictionary<string, DumpedElement> _elements = [];

    public IEnumerable<string> Tags => _elements.Keys;

    public DumpedElement? this[string tag] => _elements.GetValueOrDefault(tag);

    public void Add(DumpedElement element) => _elements.Add(element.Tag, element);

    /// <summary>The value of an element that may be in the first item of a sequence, or of several: their tags with a
    /// slash between. Empty where it is not there.</summary>
    public string Value(string path)
    {
        var tags = path.Split('/');
        var set = this;
        foreach (var tag in tags[..^1])
        {
            if (set[tag]?.Items is not [var first, ..]) return "";
            set = first;
        }

        return set[tags[^1]]?.Value ?? "";
    }
}

/// <summary>Reads what dcmdump (DCMTK) and gdcmdump (GDCM) print: they share a form, in which the indentation tells
/// what is in which item.</summary>
internal static partial class DicomDump
{
    /// <summary>The data sets of one or several files, without their meta information.</summary>
    public static List<DumpedDataSet> Read(string text)
    {
        var read = new List<DumpedDataSet>();
        // By the columns of indentation: what elements belong to, and the sequence that items belong to.
        var owners = new Dictionary<int, DumpedDataSet>();
        var sequences = new Dictionary<int, DumpedElement>();
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i] == "# Dicom-Data-Set") read.Add(owners[0] = new DumpedDataSet());
            if (read.Count == 0 || Start().Match(lines[i]) is not { Success: true } start) continue;
            var (indent, tag, rest) = (start.Groups[1].Length, start.Groups[2].Value, start.Groups[4].Value);
            if (tag == "fffe,e000") sequences[indent - 2].Items.Add(owners[indent + 2] = new DumpedDataSet());
            if (tag.StartsWith("fffe", StringComparison.Ordinal)) continue;
            // A text with line feeds goes on in the next line.
            while (rest.StartsWith('[') && !Bracketed().IsMatch(rest)) rest += "\n" + lines[++i];
            var element = new DumpedElement(tag, start.Groups[3].Value, ValueOf(rest), []);
            owners[indent].Add(element);
            if (element.Vr == "SQ") sequences[indent] = element;
        }

        return read;
    }

    private static string ValueOf(string rest)
    {
        if (rest.StartsWith('(')) return "";
        var value = rest.StartsWith('[') ? Bracketed().Match(rest) : Bare().Match(rest);
        return value.Groups[1].Value.TrimEnd(' ', '\0');
    }

    [GeneratedRegex(@"^( *)\(([0-9a-f]{4},[0-9a-f]{4})\) ([A-Za-z?]{2}) (.*)$")]
    private static partial Regex Start();

    // [value]   #  10, 1 Name
    [GeneratedRegex(@"^\[(.*)\] +# +[0-9]+, ?[0-9]\S* .*$", RegexOptions.Singleline)]
    private static partial Regex Bracketed();

    [GeneratedRegex("^(.*?) +# .*$")]
    private static partial Regex Bare();
}
