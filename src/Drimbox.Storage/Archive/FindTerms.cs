using System.Globalization;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The conditions of a query. A value of the peer is a parameter, never text (attack A13).</summary>
internal sealed class FindTerms(SqlDialect dialect)
{
    /// <summary>Sorts after every text that begins with what stands before it.</summary>
    private const string AfterAll = "\U0010FFFF";

    // PS3.5 6.2.1.2: family, given, middle, prefix, suffix.
    private const int PersonNameComponents = 5;

    private readonly List<object> _parameters = [];

    /// <summary>Text or long, ?1 first.</summary>
    public IReadOnlyList<object> Parameters => _parameters;

    /// <returns>Null for what matches everything.</returns>
    public string? Of(FindMatch match)
    {
        var column = ArchiveColumns.Of(match.Attribute);
        if (column.Kind == ColumnKind.Count) return null;
        return match.Kind switch
        {
            FindMatchKind.Universal => null,
            FindMatchKind.Sequence => Sequence(match),
            FindMatchKind.Range => Range(column, match.Values[0], match.Values[1]),
            FindMatchKind.DateTimeRange => DateTimeRange(column, match.Values),
            FindMatchKind.List => List(column, match.Values),
            _ => Value(column, match.Values[0], match.Kind == FindMatchKind.Wildcard),
        };
    }

    /// <summary>What an item must be to match all keys; null if any does.</summary>
    public string? Items(IReadOnlyList<FindMatch> matches)
    {
        var terms = matches.Select(Of).OfType<string>().ToList();
        return terms.Count == 0 ? null : string.Join(" AND ", terms);
    }

    /// <summary>A condition that the literal beginning of a value is there, for an index to begin with.</summary>
    /// <returns>Null if the value begins with a wildcard.</returns>
    public string? Beginning(string column, string value)
    {
        var first = value.AsSpan().IndexOfAny('*', '?');
        if (first == 0 || value.Length == 0) return null;
        var prefix = first < 0 ? value : value[..first];
        return $"{column} >= {Parameter(prefix)} AND {column} < {Parameter(prefix + AfterAll)}";
    }

    /// <summary>The condition on one folded component group of a person name; null if there is none.</summary>
    public string? Group(string column, string folded, bool isPattern)
    {
        if (folded.Length == 0) return null;
        if (!isPattern) return Equal(column, folded);
        var terms = new List<string>();
        foreach (var variant in VariantsOf(folded))
        {
            if (Text(column, variant, isPattern) is not { } term) return null;
            terms.Add(term);
        }

        return terms.Count == 1 ? terms[0] : $"({string.Join(" OR ", terms)})";
    }

    /// <summary>Empty components at the end of a name may be left away (PS3.5 6.2.1.2), so "DUPONT^*" is also "DUPONT".
    /// The shortest first; each begins with it.</summary>
    public static IEnumerable<string> VariantsOf(string folded)
    {
        var components = folded.Split('^');
        var kept = components.Length;
        if (kept <= PersonNameComponents)
        {
            while (kept > 1 && components[kept - 1].All(c => c == '*')) kept--;
        }

        for (var count = kept; count <= components.Length; count++) yield return string.Join('^', components[..count]);
    }

    /// <summary>Twelve digits: HHMMSS and the fraction (PS3.5 6.2, TM), the missing ones filled with
    /// <paramref name="fill"/>; "" for no time.</summary>
    public static string TimeKey(string time, char fill)
    {
        var digits = new StringBuilder(12);
        foreach (var c in time)
        {
            // A fraction only follows whole seconds, so its digits come in their place.
            if (char.IsAsciiDigit(c) && digits.Length < 12) digits.Append(c);
        }

        return digits.Length == 0 ? "" : digits.ToString().PadRight(12, fill);
    }

    private string? Sequence(FindMatch match)
    {
        if (Items(match.ItemMatches) is not { } items) return null;
        var rows = ArchiveColumns.SequenceOf(match.Attribute).Rows;
        return rows is null ? items : $"EXISTS (SELECT 1 {rows} AND {items})";
    }

    private string? Value(ArchiveColumn column, string value, bool isPattern) => column.Kind switch
    {
        ColumnKind.PersonName => PersonName(column, value, isPattern),
        ColumnKind.Time => isPattern ? Text(column.Value, value, isPattern) : Equal(column.Match, TimeKey(value, '0')),
        // 0 in the column is an attribute that is not there.
        ColumnKind.Number => long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            && number != 0
                ? $"{column.Match} = {Parameter(number)}"
                : "1 = 0",
        ColumnKind.Modalities => Modality(value, isPattern),
        ColumnKind.TransferSyntaxes when Text(column.Match, value, isPattern) is { } own =>
            $"({own} OR {RenditionTerms.AnyHas(Text(RenditionTerms.Column, value, isPattern)!)})",
        _ => Text(column.Match, value, isPattern),
    };

    private string? List(ArchiveColumn column, IReadOnlyList<string> values)
    {
        Invariant.Holds(values.Count <= Limits.UidListMax);
        if (column.Kind is ColumnKind.Text or ColumnKind.Item or ColumnKind.TransferSyntaxes)
        {
            var texts = values.Select(dialect.Storable);
            var parameter = Parameter(JsonSerializer.Serialize(texts));
            return column.Kind == ColumnKind.TransferSyntaxes
                ? $"({dialect.IsAnyOf(column.Match, parameter)} OR "
                    + $"{RenditionTerms.AnyHas(dialect.IsAnyOf(RenditionTerms.Column, parameter))})"
                : dialect.IsAnyOf(column.Match, parameter);
        }

        var terms = values.Select(value => Value(column, value, isPattern: false)).ToList();
        // A name of delimiters alone says nothing, and matches everything.
        if (terms.Contains(null)) return null;
        return terms.Count == 0 ? "1 = 0" : $"({string.Join(" OR ", terms)})";
    }

    // The column has all modalities of the visible series; a pattern is for each of them.
    private string? Modality(string value, bool isPattern)
    {
        if (!isPattern) return $"instr('\\' || s.modalities || '\\', {Parameter($"\\{value}\\")}) > 0";
        return Text("e2.modality", value, isPattern) is { } term
            ? "EXISTS (SELECT 1 FROM series e2 INDEXED BY series_of_study " +
                $"WHERE e2.study = s.id AND e2.visible_instances > 0 AND {term})"
            : null;
    }

    /// <summary>PS3.4 C.2.2.2.5: both ends included, an empty end is open. A value that is not there is in no
    /// range.</summary>
    private string? Range(ArchiveColumn column, string from, string to)
    {
        if (from.Length == 0 && to.Length == 0) return null;
        var isTime = column.Kind == ColumnKind.Time;
        var low = from.Length == 0 ? $"{column.Match} > ''"
            : $"{column.Match} >= {Parameter(isTime ? TimeKey(from, '0') : from)}";
        if (to.Length == 0) return low;
        return $"{low} AND {column.Match} <= {Parameter(isTime ? TimeKey(to, '9') : to)}";
    }

    /// <summary>PS3.4 C.2.2.2.5.4: one interval from a date and time to a date and time. An entity without a time counts
    /// from the beginning of its day. The dates alone come first, for an index.</summary>
    private string? DateTimeRange(ArchiveColumn date, IReadOnlyList<string> values)
    {
        if (Range(date, values[0], values[2]) is not { } term) return null;
        var moment = $"({date.Match}, {date.TimeKey})";
        if (values[0].Length > 0)
            term += $" AND {moment} >= ({Parameter(values[0])}, {Parameter(EarliestKey(values[1]))})";
        if (values[2].Length > 0)
            term += $" AND {moment} <= ({Parameter(values[2])}, {Parameter(TimeKey(values[3], '9'))})";
        return term;
    }

    // Midnight is where an entity without a time stands.
    private static string EarliestKey(string time)
    {
        var key = TimeKey(time, '0');
        return key.AsSpan().ContainsAnyExcept('0') ? key : "";
    }

    /// <summary>A name without '=' is looked for in each of the three groups; one with it, group by group (PS3.4
    /// C.2.2.2.1.1).</summary>
    private string? PersonName(ArchiveColumn column, string value, bool isPattern)
    {
        var (alphabetic, ideographic, phonetic) = NameFolding.FoldPersonName(value);
        if (column.Match != "p.name_folded") return Group(column.Match, alphabetic, isPattern);
        if (value.Contains('=', StringComparison.Ordinal))
        {
            string?[] groups =
            [
                Group("p.name_folded", alphabetic, isPattern),
                Group("p.ideographic", ideographic, isPattern),
                Group("p.phonetic", phonetic, isPattern),
            ];
            var given = groups.OfType<string>().ToList();
            return given.Count == 0 ? null : string.Join(" AND ", given);
        }

        if (Group("p.name_folded", alphabetic, isPattern) is not { } first) return null;
        return $"({first} OR (p.ideographic <> '' AND {Group("p.ideographic", alphabetic, isPattern)})" +
            $" OR (p.phonetic <> '' AND {Group("p.phonetic", alphabetic, isPattern)}))";
    }

    /// <summary>PS3.4 C.2.2.2.4: <c>*</c> is any sequence, <c>?</c> any one character. The
    /// literal beginning is a range besides, which an index can serve.</summary>
    private string? Text(string column, string value, bool isPattern)
    {
        if (!isPattern) return Equal(column, value);
        // "^*" leaves an empty name, which is no pattern that matches everything.
        if (value.Length > 0 && value.All(c => c == '*')) return null;
        if (value.AsSpan().IndexOfAny('*', '?') < 0) return Equal(column, value);
        var matches = dialect.Matches(column, Parameter(dialect.PatternOf(value)));
        return Beginning(column, value) is { } beginning ? $"({beginning} AND {matches})" : matches;
    }

    private string Equal(string column, string value) => $"{column} = {Parameter(value)}";

    private string Parameter(object value)
    {
        _parameters.Add(value);
        return "?" + _parameters.Count.ToString(CultureInfo.InvariantCulture);
    }
}
