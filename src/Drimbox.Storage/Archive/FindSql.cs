using System.Globalization;
using Drimbox.Core;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The statements for a query. The order of the tables and the indexes are fixed in the text (CROSS JOIN,
/// INDEXED BY), so that the plan is the same in an empty archive and in one of a million studies.</summary>
internal sealed class FindSql
{
    private readonly FindLevel _target;
    private readonly SqlDialect _dialect;
    private readonly FindTerms _terms;
    private readonly List<string> _conditions = [];
    private readonly FindLevel _highest;
    private readonly string _extra;
    private readonly IReadOnlyList<string> _shownReasons;

    /// <param name="target">The level whose rows are selected: that of the query, or instances below it.</param>
    public FindSql(SqlDialect dialect, FindQuery query, FindLevel target)
    {
        _dialect = dialect;
        _terms = new FindTerms(dialect);
        _target = target;
        _highest = target;
        _shownReasons = query.ShownReasons;
        var paths = new List<FindPath>();
        foreach (var match in query.Matches)
        {
            var column = ArchiveColumns.Of(match.Attribute);
            Invariant.Holds(column.Level <= query.Level && column.Kind != ColumnKind.Item);
            if (_terms.Of(match) is not { } term) continue;
            _conditions.Add(term);
            if (column.Level < _highest) _highest = column.Level;
            if (FindPath.Of(match, term, _terms) is { } path) paths.Add(path);
        }

        // What rejection notes hid is not there, at any level.
        _conditions.Add(target switch
        {
            FindLevel.Patient => "EXISTS (SELECT 1 FROM study s2 INDEXED BY study_patient " +
                "WHERE s2.patient = p.id AND s2.visible_instances > 0)",
            FindLevel.Study => "s.visible_instances > 0",
            FindLevel.Series => "e.visible_instances > 0",
            _ => "i.visible = 1",
        });
        var best = paths.Count == 0 ? 0 : paths.Min(path => path.Rank);
        // Without an index the table of the highest condition is the smallest that can be searched.
        Paths = paths.Count == 0 ? [FindPath.Scan(_highest)] : [.. paths.Where(path => path.Rank == best)];

        // Among the values of items there may be conditions too, so their parameters come before the last one.
        Values = [.. query.Matches.Where(match => ArchiveColumns.Of(match.Attribute).Kind == ColumnKind.Sequence)
            .Select(match => (match.Attribute, ItemsValue(match)))];
        _extra = "?" + (_terms.Parameters.Count + 1).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>At least one; where there are several, <see cref="FindPath.Probe"/> tells the shortest.</summary>
    public IReadOnlyList<FindPath> Paths { get; }

    private IReadOnlyList<(ArchiveAttribute Attribute, string Sql)> Values { get; }

    /// <summary>Row ids and values of what the query matches. The extra parameter is the limit.</summary>
    public string Rows(FindPath path, IReadOnlyList<ArchiveAttribute> attributes) => Select(
        $"{Alias(_target)}.id, {string.Join(", ", attributes.Select(ValueOf))}", path,
        Higher(_highest, attributes.Min(attribute => ArchiveColumns.Of(attribute).Level)));

    /// <summary>Row ids of what the query matches. The extra parameter is the limit.</summary>
    public string Ids(FindPath path) => Select($"{Alias(_target)}.id", path, _highest);

    /// <summary>The values of one row. The extra parameter is its id.</summary>
    public string Row(IReadOnlyList<ArchiveAttribute> attributes)
    {
        var highest = attributes.Min(attribute => ArchiveColumns.Of(attribute).Level);
        return $"SELECT {string.Join(", ", attributes.Select(ValueOf))} " +
            $"FROM {Table(_target)} NOT INDEXED{Above(_target, Higher(highest, _target))} " +
            $"WHERE {Alias(_target)}.id = {_extra}";
    }

    /// <summary>Counts the rows that a path reads, up to the extra parameter.</summary>
    public string Probe(FindPath path) => $"SELECT count(*) FROM (SELECT 1 FROM ({path.Probe}) a LIMIT {_extra}) b";

    /// <summary>A statement that the connection keeps, with the parameters of the query and the extra one.</summary>
    public DatabaseStatement Prepare(DatabaseConnection db, string sql, long extra)
    {
        var statement = db.UseBuilt(ShownRejections.Rewrite(sql, _shownReasons));
        foreach (var parameter in _terms.Parameters)
        {
            if (parameter is long number) statement.Add(number);
            else statement.Add((string)parameter);
        }

        return statement.Add(extra);
    }

    /// <summary>The place of the extra parameter.</summary>
    public int ExtraParameter => _terms.Parameters.Count + 1;

    /// <summary>The shortest path, as of now.</summary>
    public FindPath Choose(DatabaseConnection db)
    {
        if (Paths.Count == 1) return Paths[0];
        var (shortest, least) = (Paths[0], long.MaxValue);
        foreach (var path in Paths)
        {
            var count = Prepare(db, Probe(path), FindPath.ProbeRows).LongOrNone() ?? 0;
            if (count < least) (shortest, least) = (path, count);
        }

        return shortest;
    }

    public static string Table(FindLevel level) => level switch
    {
        FindLevel.Patient => "patient p",
        FindLevel.Study => "study s",
        FindLevel.Series => "series e",
        _ => "instance i",
    };

    private string Select(string what, FindPath path, FindLevel highest)
    {
        return $"SELECT {what} FROM {path.From}{Above(path.Level, highest)}{Below(path.Level, _target)} " +
            $"WHERE {string.Join(" AND ", _conditions)} LIMIT {_extra}";
    }

    private string ValueOf(ArchiveAttribute attribute)
    {
        foreach (var (sequence, sql) in Values)
        {
            if (sequence == attribute) return sql;
        }

        return ArchiveColumns.Of(attribute).Value;
    }

    // C.2.2.2.6: the matching items, and of them what was asked for.
    private string ItemsValue(FindMatch match)
    {
        var (rows, all) = ArchiveColumns.SequenceOf(match.Attribute);
        var wanted = match.ItemMatches.Count == 0 ? all : [.. match.ItemMatches.Select(key => key.Attribute)];
        // One item, if any of its attributes is there; that it matches is a condition of the query.
        if (rows is null) return $"CASE WHEN {Columns(all, " || ")} = '' THEN '[]' ELSE {_dialect.OneItem(Columns(wanted))} END";
        var condition = _terms.Items(match.ItemMatches) is { } items ? $" AND {items}" : "";
        return _dialect.Items(Columns(wanted), rows + condition);

        static string Columns(IEnumerable<ArchiveAttribute> attributes, string separator = ", ") =>
            string.Join(separator, attributes.Select(attribute => ArchiveColumns.Of(attribute).Value));
    }

    private static FindLevel Higher(FindLevel one, FindLevel other) => one < other ? one : other;

    private static string Alias(FindLevel level) => Table(level)[^1..];

    /// <summary>From a table up to those that it belongs to, by their row ids.</summary>
    private static string Above(FindLevel from, FindLevel to)
    {
        var joins = "";
        if (from > FindLevel.Series && to <= FindLevel.Series)
            joins += " CROSS JOIN series e NOT INDEXED ON e.id = i.series";
        if (from > FindLevel.Study && to <= FindLevel.Study)
            joins += " CROSS JOIN study s NOT INDEXED ON s.id = e.study";
        if (from > FindLevel.Patient && to <= FindLevel.Patient)
            joins += " CROSS JOIN patient p NOT INDEXED ON p.id = s.patient";
        return joins;
    }

    /// <summary>From a table down to those that belong to it.</summary>
    private static string Below(FindLevel from, FindLevel to)
    {
        var joins = "";
        if (from < FindLevel.Study && to >= FindLevel.Study)
            joins += " CROSS JOIN study s INDEXED BY study_patient ON s.patient = p.id";
        if (from < FindLevel.Series && to >= FindLevel.Series)
            joins += " CROSS JOIN series e INDEXED BY series_of_study ON e.study = s.id";
        if (from < FindLevel.Image && to >= FindLevel.Image)
            joins += " CROSS JOIN instance i INDEXED BY instance_series ON i.series = e.id";
        return joins;
    }
}
