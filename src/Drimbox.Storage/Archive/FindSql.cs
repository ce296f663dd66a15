using System.Globalization;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>The statement for a query. A value of the peer is a parameter, never text (attack A13).</summary>
internal sealed class FindSql
{
    // PS3.5 6.2.1.2: family, given, middle, prefix, suffix.
    private const int PersonNameComponents = 5;

    private readonly List<string> _terms = [];
    private readonly List<object> _parameters = [];
    private FindLevel _highest;

    private FindSql(FindLevel from) => _highest = from;

    /// <summary>Selects the row ids of what a query matches at its level.</summary>
    public static (string Sql, IReadOnlyList<object> Parameters) Matches(FindQuery query) =>
        Build(query, query.Level, query.ResultsMax);

    /// <summary>Selects the row ids of the visible instances below what a query matches.</summary>
    public static (string Sql, IReadOnlyList<object> Parameters) Instances(FindQuery query) =>
        Build(query, FindLevel.Image, long.MaxValue);

    /// <summary>Reads the values of one match by its row id.</summary>
    public static string Row(FindLevel level, IReadOnlyList<ArchiveAttribute> attributes)
    {
        var columns = attributes.Select(ArchiveColumns.Of).ToList();
        var alias = Alias(level);
        return $"SELECT {string.Join(", ", columns.Select(c => c.Value))} " +
            $"FROM {Tables(level, columns.Min(c => c.Level))} WHERE {alias}.id = ?";
    }

    public static SqliteStatement Prepare(SqliteDatabase db, (string Sql, IReadOnlyList<object> Parameters) built)
    {
        var statement = db.Prepare(built.Sql);
        foreach (var parameter in built.Parameters)
        {
            if (parameter is long number) statement.Add(number);
            else statement.Add((string)parameter);
        }

        return statement;
    }

    private static (string, IReadOnlyList<object>) Build(FindQuery query, FindLevel from, long max)
    {
        var sql = new FindSql(from);
        foreach (var match in query.Matches)
        {
            Invariant.Holds(ArchiveColumns.Of(match.Attribute).Level <= query.Level);
            sql.Add(match);
        }

        // What rejection notes hid is not there, at any level.
        sql._terms.Add(from switch
        {
            FindLevel.Patient => "EXISTS (SELECT 1 FROM study s2 JOIN series e2 ON e2.study = s2.id " +
                "WHERE s2.patient = p.id AND e2.visible_instances > 0)",
            FindLevel.Study => "EXISTS (SELECT 1 FROM series e2 WHERE e2.study = s.id AND e2.visible_instances > 0)",
            FindLevel.Series => "e.visible_instances > 0",
            _ => "i.visible = 1",
        });
        sql._parameters.Add(max);
        var text = $"SELECT {Alias(from)}.id FROM {Tables(from, sql._highest)} " +
            $"WHERE {string.Join(" AND ", sql._terms)} LIMIT ?";
        return (text, sql._parameters);
    }

    private void Add(FindMatch match)
    {
        var column = ArchiveColumns.Of(match.Attribute);
        if (match.Kind == FindMatchKind.Universal || column.Kind == ColumnKind.Count) return;
        var term = match.Kind switch
        {
            FindMatchKind.Range => Range(column, match.Values[0], match.Values[1]),
            FindMatchKind.List => List(column, match.Values),
            _ => Value(column, match.Values[0], match.Kind == FindMatchKind.Wildcard),
        };
        if (term is null) return;
        if (column.Level < _highest) _highest = column.Level;
        _terms.Add(column.Kind == ColumnKind.Modalities
            ? $"EXISTS (SELECT 1 FROM series e2 WHERE e2.study = s.id AND e2.visible_instances > 0 AND {term})"
            : term);
    }

    private string? Value(ArchiveColumn column, string value, bool isPattern) => column.Kind switch
    {
        ColumnKind.PersonName => PersonName(column, value, isPattern),
        ColumnKind.Time => isPattern ? Text(column.Value, value, isPattern) : Equal(column.Match, TimeKey(value, '0')),
        ColumnKind.Number => long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? $"{column.Match} = {Parameter(number)}"
            : "0",
        _ => Text(column.Match, value, isPattern),
    };

    private string? List(ArchiveColumn column, IReadOnlyList<string> values)
    {
        Invariant.Holds(values.Count <= Limits.UidListMax);
        if (column.Kind is ColumnKind.Text or ColumnKind.Modalities)
            return $"{column.Match} IN (SELECT value FROM json_each({Parameter(JsonSerializer.Serialize(values))}))";
        var terms = values.Select(value => Value(column, value, isPattern: false)).ToList();
        return terms.Count == 0 ? "0" : $"({string.Join(" OR ", terms)})";
    }

    /// <summary>PS3.4 C.2.2.2.5: both ends included, an empty end is open. A value that is not there is in no
    /// range.</summary>
    private string? Range(ArchiveColumn column, string from, string to)
    {
        if (from.Length == 0 && to.Length == 0) return null;
        var isTime = column.Kind == ColumnKind.Time;
        var low = from.Length == 0 ? $"{column.Match} <> ''"
            : $"{column.Match} >= {Parameter(isTime ? TimeKey(from, '0') : from)}";
        if (to.Length == 0) return low;
        return $"{low} AND {column.Match} <= {Parameter(isTime ? TimeKey(to, '9') : to)}";
    }

    /// <summary>A name without '=' is looked for in each of the three groups; one with it, group by group (PS3.4
    /// C.2.2.2.1.3).</summary>
    private string? PersonName(ArchiveColumn column, string value, bool isPattern)
    {
        var (alphabetic, ideographic, phonetic) = NameFolding.FoldPersonName(value);
        if (column.Match != "p.name_folded") return Group(column.Match, alphabetic, isPattern);
        if (value.Contains('=', StringComparison.Ordinal))
        {
            var groups = new[]
            {
                Group("p.name_folded", alphabetic, isPattern),
                Group("p.ideographic", ideographic, isPattern),
                Group("p.phonetic", phonetic, isPattern),
            };
            var given = groups.Where(term => term is not null).ToList();
            return given.Count == 0 ? null : string.Join(" AND ", given);
        }

        if (Group("p.name_folded", alphabetic, isPattern) is not { } first) return null;
        return $"({first} OR (p.ideographic <> '' AND {Group("p.ideographic", alphabetic, isPattern)})" +
            $" OR (p.phonetic <> '' AND {Group("p.phonetic", alphabetic, isPattern)}))";
    }

    private string? Group(string column, string folded, bool isPattern)
    {
        if (folded.Length == 0) return null;
        if (!isPattern) return Equal(column, folded);
        // Empty components at the end of a name may be left away (PS3.5 6.2.1.2), so "DUPONT^*" is also "DUPONT".
        var components = folded.Split('^');
        var kept = components.Length;
        if (kept <= PersonNameComponents)
        {
            while (kept > 1 && components[kept - 1].All(c => c == '*')) kept--;
        }

        var terms = new List<string>();
        for (var count = kept; count <= components.Length; count++)
        {
            if (Text(column, string.Join('^', components[..count]), isPattern) is not { } term) return null;
            terms.Add(term);
        }

        return terms.Count == 1 ? terms[0] : $"({string.Join(" OR ", terms)})";
    }

    /// <summary>PS3.4 C.2.2.2.4: <c>*</c> is any sequence, <c>?</c> any one character. GLOB has just these and minds
    /// the case; the literal beginning is a range besides, which an index can serve.</summary>
    private string? Text(string column, string value, bool isPattern)
    {
        if (!isPattern) return Equal(column, value);
        if (value.All(c => c == '*')) return null;
        var first = value.AsSpan().IndexOfAny('*', '?');
        if (first < 0) return Equal(column, value);
        var glob = $"{column} GLOB {Parameter(Glob(value))}";
        if (first == 0) return glob;
        var prefix = value[..first];
        // U+10FFFF sorts after every character.
        return $"({column} >= {Parameter(prefix)} AND {column} < {Parameter(prefix + "\U0010FFFF")} AND {glob})";
    }

    private string Equal(string column, string value) => $"{column} = {Parameter(value)}";

    private string Parameter(object value)
    {
        _parameters.Add(value);
        return "?" + _parameters.Count.ToString(CultureInfo.InvariantCulture);
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

    private static string Glob(string pattern) => pattern.Replace("[", "[[]", StringComparison.Ordinal);

    private static string Alias(FindLevel level) => level switch
    {
        FindLevel.Patient => "p",
        FindLevel.Study => "s",
        FindLevel.Series => "e",
        _ => "i",
    };

    /// <summary>The table of a level and those above it as far as the query has to do with them.</summary>
    private static string Tables(FindLevel level, FindLevel highest)
    {
        var tables = level switch
        {
            FindLevel.Patient => "patient p",
            FindLevel.Study => "study s",
            FindLevel.Series => "series e",
            _ => "instance i",
        };
        if (level >= FindLevel.Image && highest < FindLevel.Image) tables += " JOIN series e ON e.id = i.series";
        if (level >= FindLevel.Series && highest < FindLevel.Series) tables += " JOIN study s ON s.id = e.study";
        if (level >= FindLevel.Study && highest < FindLevel.Study) tables += " JOIN patient p ON p.id = s.patient";
        return tables;
    }
}
