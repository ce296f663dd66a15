namespace Drimbox.Storage.Database;

/// <summary>What SQLite and PostgreSQL say differently, where no text serves both. Names of functions, hints and the
/// form of parameters are not here: those are translated when a statement is prepared.</summary>
internal abstract class SqlDialect
{
    /// <summary>A condition that a text matches a pattern, of which <c>*</c> and <c>?</c> are the wildcards and case
    /// counts.</summary>
    /// <param name="parameter">Has what <see cref="PatternOf"/> says.</param>
    public abstract string Matches(string column, string parameter);

    /// <summary>The value of a pattern of <c>*</c> and <c>?</c>.</summary>
    public abstract string PatternOf(string pattern);

    /// <summary>A text as the database can hold it.</summary>
    public abstract string Storable(string text);

    /// <summary>A text that a peer chose the length of, as an index can hold it. Texts that differ stay different.</summary>
    public abstract string Indexable(string text);

    /// <summary>True for what <see cref="Indexable"/> made of a longer text.</summary>
    public virtual bool IsShortened(string text) => false;

    /// <summary>The statements of a schema, which are written in the words of SQLite.</summary>
    public abstract string Schema(string sql);

    /// <summary>A condition that a column has one of the texts of a JSON array.</summary>
    public abstract string IsAnyOf(string column, string parameter);

    /// <summary>The texts of an item of a sequence as a JSON array of one array: <c>[["a","b"]]</c>.</summary>
    public abstract string OneItem(string columns);

    /// <summary>The items of a sequence, in their order, as a JSON array of arrays; <c>[]</c> if there is none.</summary>
    /// <param name="rows">FROM and WHERE of the items, with the alias r.</param>
    public abstract string Items(string columns, string rows);

    /// <summary>The number that a text begins with, 0 if it begins with none: for an order.</summary>
    public abstract string LeadingNumber(string column);

    /// <summary>A table <c>j</c> whose column <c>atom</c> has each text of a JSON value, or all of what is none.</summary>
    public abstract string TextsOf(string column);

    /// <summary>The columns of the table ?1 but <c>id</c>, in their order.</summary>
    public abstract string ColumnsOfTable { get; }

    /// <summary>The columns of the index ?1, in their order.</summary>
    public abstract string ColumnsOfIndex { get; }

    /// <summary>A statement that has a row if the table ?1 of a schema has the column ?2.</summary>
    /// <param name="schema">As it stands in a statement.</param>
    public abstract string HasColumn(string schema);

    /// <summary>Before a statement: how it would be run; the step is in the column that it is told.</summary>
    public abstract (string Prefix, int Column) Explain { get; }
}
