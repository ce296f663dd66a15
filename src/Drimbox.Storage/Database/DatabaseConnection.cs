using Drimbox.Core;

namespace Drimbox.Storage.Database;

/// <summary>One connection, for one thread at a time, with its prepared statements: what the stores need of a database
/// and no more. The text of a statement is one that SQLite and PostgreSQL both take; where there is none,
/// <see cref="Dialect"/> has it.</summary>
internal abstract class DatabaseConnection : IDisposable
{
    private readonly Dictionary<string, DatabaseStatement> _statements = new(StringComparer.Ordinal);

    private readonly Dictionary<string, (DatabaseStatement Statement, long LastUse)> _built =
        new(StringComparer.Ordinal);
    private long _uses;

    public abstract SqlDialect Dialect { get; }

    /// <summary>False outside of a transaction: a database ends one by itself on some faults.</summary>
    public abstract bool IsInTransaction { get; }

    /// <summary>True once the connection is of no more use to a reader: what it was asked may be asked of another.
    /// </summary>
    public virtual bool IsLost => false;

    /// <summary>True if other processes write to the database too: then what a write rests on is locked first.</summary>
    public virtual bool IsShared => false;

    /// <summary>The clock of a database that is shared, as it was at the BEGIN; null: that of the process.</summary>
    public virtual DateTimeOffset? ServerTime => null;

    /// <summary>Rows changed by the last statement.</summary>
    public abstract int Changes { get; }

    /// <summary>Runs statements without values, separated by semicolons.</summary>
    public abstract void Execute(string sql);

    /// <summary>From any thread: makes the statement that runs end with a fault.</summary>
    public abstract void Interrupt();

    /// <summary>Begins the transaction of the one writer.</summary>
    /// <exception cref="StorageFaultException">The database cannot be written to now.</exception>
    public abstract void Begin();

    /// <summary>Makes the transaction durable.</summary>
    /// <exception cref="StorageFaultException">Nothing of it is kept.</exception>
    public abstract void Commit();

    public abstract void Rollback();

    /// <summary>Keeps others from writing what has these names until the end of the transaction, and waits for whoever
    /// does. Taken in one order, so that two who want the same names wait for each other only across statements. Nothing
    /// to do where nobody else writes.</summary>
    public virtual void Lock(IReadOnlyCollection<string> names)
    {
    }

    /// <summary>The same without waiting.</summary>
    /// <param name="max">No more than so many.</param>
    /// <returns>Those that were free.</returns>
    public virtual IReadOnlyList<string> TryLock(IReadOnlyList<string> names, int max) => [.. names.Take(max)];

    /// <summary>The clock of a database that is shared, now; null: that of the process.</summary>
    public virtual DateTimeOffset? AskTime() => null;

    /// <summary>Marks a point of the transaction that it can go back to; there is one at a time.</summary>
    public abstract void Savepoint();

    public abstract void RollbackToSavepoint();

    public abstract void ReleaseSavepoint();

    /// <summary>A prepared statement of this connection, reset and without values. For fixed texts only: it is kept
    /// as long as the connection.</summary>
    public DatabaseStatement Use(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = Create(sql, isKept: true);
            _statements.Add(sql, statement);
        }

        statement.Reset();
        return statement;
    }

    /// <summary>As <see cref="Use"/>, for texts that are built from a query: the
    /// <see cref="Limits.BuiltStatementsMax"/> that were used last are kept.</summary>
    public DatabaseStatement UseBuilt(string sql)
    {
        if (_built.Remove(sql, out var kept)) kept.Statement.Reset();
        else kept = (Create(sql, isKept: true), 0);
        if (_built.Count == Limits.BuiltStatementsMax)
        {
            var oldest = _built.MinBy(pair => pair.Value.LastUse);
            _built.Remove(oldest.Key);
            oldest.Value.Statement.Dispose();
        }

        _built.Add(sql, (kept.Statement, ++_uses));
        return kept.Statement;
    }

    /// <summary>A statement of its own, for texts that are built; the caller disposes it.</summary>
    public DatabaseStatement Prepare(string sql) => Create(sql, isKept: false);

    public abstract void Dispose();

    /// <param name="isKept">It will be used again and again.</param>
    protected abstract DatabaseStatement Create(string sql, bool isKept);

    protected void DisposeStatements()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        foreach (var (statement, _) in _built.Values) statement.Dispose();
    }
}
