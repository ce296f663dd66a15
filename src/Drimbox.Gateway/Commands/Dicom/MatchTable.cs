using System.Globalization;
using System.Text;
using Drimbox.Dicom;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>Matches of a query as a table: a column for each key that was asked for, those in sequences too.</summary>
internal static class MatchTable
{
    // A description of 64 characters (LO) is shown whole; longer text is cut.
    private const int CellWidthMax = 64;

    public static IEnumerable<string> Lines(IReadOnlyList<DataSet> matches, DataSet identifier)
    {
        if (matches.Count == 0) yield break;
        var columns = ColumnsOf(identifier).ToList();
        var rows = matches.Select(m => columns.ConvertAll(c => Cell(m, c))).ToList();
        var names = columns.ConvertAll(c => DataDictionary.KeywordOf(c[^1]));
        var widths = names.Select((name, i) => Math.Max(name.Length, rows.Max(r => r[i].Length))).ToList();
        yield return Join(names, widths);
        foreach (var row in rows) yield return Join(row, widths);
    }

    /// <summary>Text of a peer for a terminal: control characters would move its cursor.</summary>
    public static string Printable(string text, int lengthMax)
    {
        var isLong = text.Length > lengthMax;
        var builder = new StringBuilder(Math.Min(text.Length, lengthMax));
        foreach (var c in isLong ? text.AsSpan(0, lengthMax - 1) : text)
            builder.Append(char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? '·' : c);
        return isLong ? builder.Append('…').ToString() : builder.ToString();
    }

    private static IEnumerable<Tag[]> ColumnsOf(DataSet identifier)
    {
        for (var i = 0; i < identifier.Count; i++)
        {
            var element = identifier[i];
            if (element.Tag == Tag.SpecificCharacterSet || element.Tag == Tag.QueryRetrieveLevel) continue;
            if (element.Sequence is not { Count: > 0 } sequence)
            {
                yield return [element.Tag];
                continue;
            }

            foreach (var inner in ColumnsOf(sequence[0])) yield return [element.Tag, .. inner];
        }
    }

    private static string Cell(DataSet match, Tag[] path)
    {
        var dataSet = match;
        foreach (var step in path[..^1])
        {
            if (dataSet.GetItems(step) is not [var item, ..]) return "";
            dataSet = item;
        }

        var values = dataSet.GetStrings(path[^1]);
        return Printable(string.Join('\\', values), CellWidthMax);
    }

    private static string Join(IEnumerable<string> cells, List<int> widths) =>
        string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();
}
