using Drimbox.Storage.Database;

namespace Drimbox.Storage.Sqlite;

/// <inheritdoc/>
internal sealed class SqliteDialect : SqlDialect
{
    public static readonly SqliteDialect Instance = new();

    private SqliteDialect()
    {
    }

    public override string ColumnsOfTable => "SELECT name FROM pragma_table_info(?1) WHERE name <> 'id'";

    public override string ColumnsOfIndex => "SELECT name FROM pragma_index_info(?1) ORDER BY seqno";

    public override string HasColumn(string schema) => $"SELECT 1 FROM pragma_table_info(?1, '{schema}') WHERE name = ?2";

    public override (string Prefix, int Column) Explain => ("EXPLAIN QUERY PLAN ", 3);

    // GLOB has just these wildcards and minds the case.
    public override string Matches(string column, string parameter) => $"{column} GLOB {parameter}";

    public override string PatternOf(string pattern) => pattern.Replace("[", "[[]", StringComparison.Ordinal);

    public override string Storable(string text) => text;

    public override string Indexable(string text) => text;

    public override string Schema(string sql) => sql;

    public override string IsAnyOf(string column, string parameter) =>
        $"{column} IN (SELECT value FROM json_each({parameter}))";

    public override string OneItem(string columns) => $"json_array(json_array({columns}))";

    public override string Items(string columns, string rows) => $"(SELECT json_group_array(json_array({columns})) {rows})";

    public override string LeadingNumber(string column) => $"CAST({column} AS INTEGER)";

    public override string TextsOf(string column) =>
        $"json_tree(CASE WHEN json_valid({column}) THEN {column} ELSE json_quote({column}) END) j";
}
