using System.Text;

namespace Drimbox.Gateway.Conformance;

/// <summary>A table of a statement: every row has a cell for each column.</summary>
internal sealed record StatementTable(
    string Caption, IReadOnlyList<string> Columns, params IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>As Markdown, without the caption.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        Line(Columns);
        text.Append('|').Insert(text.Length, "---|", Columns.Count).Append('\n');
        foreach (var row in Rows) Line(row);
        return text.ToString();

        void Line(IReadOnlyList<string> cells) =>
            text.Append("| ").AppendJoin(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
    }
}

/// <summary>A section of a statement, under the number that its template has for it: a section that does not apply is left
/// out, and the others keep their numbers.</summary>
internal sealed record StatementSection(string Number, string Title)
{
    /// <summary>Paragraphs before the tables.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    public IReadOnlyList<StatementTable> Tables { get; init; } = [];

    public IReadOnlyList<StatementSection> Sections { get; init; } = [];

    /// <summary>It says something.</summary>
    public bool Applies => Text.Count > 0 || Tables.Count > 0 || Sections.Count > 0;
}

/// <summary>A conformance or integration statement: what it says and nothing of the moment, so that two of them can be
/// compared.</summary>
internal sealed record Statement(string Title, string Introduction, IReadOnlyList<StatementSection> Sections)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder($"# {Title}\n\n{Introduction}\n");
        foreach (var section in Sections) Append(text, section, depth: 2);
        return text.ToString();
    }

    private static void Append(StringBuilder text, StatementSection section, int depth)
    {
        text.Append('\n').Append('#', Math.Min(depth, 6)).Append($" {section.Number} {section.Title}".TrimEnd()).Append('\n');
        foreach (var paragraph in section.Text) text.Append('\n').Append(paragraph).Append('\n');
        foreach (var table in section.Tables)
        {
            if (table.Caption.Length > 0) text.Append('\n').Append(table.Caption).Append(":\n");
            text.Append('\n').Append(table.ToMarkdown());
        }

        foreach (var inner in section.Sections) Append(text, inner, depth + 1);
    }
}
