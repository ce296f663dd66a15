using System.Security.Cryptography;
using System.Text;
using Drimbox.Storage.Database;

namespace Drimbox.Storage.Postgres;

/// <inheritdoc/>
internal sealed class PostgresDialect : SqlDialect
{
    public static readonly PostgresDialect Instance = new();

    // A row of a B-tree has 2704 bytes at most (PostgreSQL, "B-Tree Indexes", a third of a page), and an index of ours
    // has at most four texts of a peer's length beside a control id of 199 characters.
    private const int IndexedBytesMax = 448;
    private const int IndexedCharactersKept = 64;
    private const string HashMark = "… sha256:";

    private PostgresDialect()
    {
    }

    public override string ColumnsOfTable => """
        SELECT CAST(column_name AS text) FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = ?1 AND column_name <> 'id' ORDER BY ordinal_position
        """;

    public override string ColumnsOfIndex => """
        SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = to_regclass(?1) ORDER BY attnum
        """;

    public override string HasColumn(string schema) => $"""
        SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('{schema}.' || ?1) AND attname = ?2 AND NOT attisdropped
        """;

    public override (string Prefix, int Column) Explain => ("EXPLAIN ", 0);

    public override string Matches(string column, string parameter) => $"{column} LIKE {parameter}";

    public override string PatternOf(string pattern)
    {
        var like = new StringBuilder(pattern.Length + 8);
        foreach (var c in pattern)
        {
            if (c is '%' or '_' or '\\') like.Append('\\');
            like.Append(c switch { '*' => '%', '?' => '_', _ => c });
        }

        return like.ToString();
    }

    // A text of PostgreSQL has no NUL; what replaces it is the same in the index and in a query.
    public override string Storable(string text) => text.Replace('\0', '\uFFFD');

    public override string Indexable(string text)
    {
        // Three bytes are the most that a character takes.
        if (text.Length <= IndexedBytesMax / 3 || Encoding.UTF8.GetByteCount(text) <= IndexedBytesMax) return text;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        return $"{text[..IndexedCharactersKept]}{HashMark}{hash}";
    }

    public override bool IsShortened(string text) =>
        text.Length == IndexedCharactersKept + HashMark.Length + (2 * SHA256.HashSizeInBytes)
        && text.AsSpan(IndexedCharactersKept).StartsWith(HashMark, StringComparison.Ordinal);

    public override string Schema(string sql) => PostgresText.Schema(sql);

    // An array and not a subquery: it can be looked up in an index.
    public override string IsAnyOf(string column, string parameter) =>
        $"{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST({parameter} AS json))))";

    public override string OneItem(string columns) =>
        $"CAST(json_build_array(json_build_array({columns})) AS text)";

    public override string Items(string columns, string rows) =>
        $"(SELECT coalesce(CAST(json_agg(json_build_array({columns}) ORDER BY r.position) AS text), '[]') {rows})";

    // Eighteen digits are always a bigint.
    public override string LeadingNumber(string column) =>
        $"coalesce(CAST(substring({column} FROM '^\\s*([-+]?[0-9]{{1,18}})') AS bigint), 0)";

    public override string TextsOf(string column) => $"payload_texts({column}) j (atom)";
}
