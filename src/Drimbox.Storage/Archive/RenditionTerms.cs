namespace Drimbox.Storage;

/// <summary>The further renditions of an instance i in a query. Almost no instance has one, and its own row says so:
/// only of those that have is the other table read.</summary>
internal static class RenditionTerms
{
    /// <summary>The column of <see cref="AnyHas"/>.</summary>
    public const string Column = "f.transfer_syntax_uid";

    private const string Standing =
        "FROM further_file f WHERE f.instance = i.id AND f.version = i.version AND f.damaged_at IS NULL";

    /// <summary>All transfer syntaxes, separated by backslashes, that of the row first.</summary>
    public const string Value = "CASE WHEN i.renditions = 0 THEN i.transfer_syntax_uid ELSE i.transfer_syntax_uid || "
        + "coalesce((SELECT group_concat('\\' || uid, '') FROM (SELECT f.transfer_syntax_uid AS uid "
        + Standing + " ORDER BY f.id) AS further), '') END";

    /// <summary>Some further rendition fulfils a term.</summary>
    public static string AnyHas(string term) => $"(i.renditions > 0 AND EXISTS (SELECT 1 {Standing} AND {term}))";
}
