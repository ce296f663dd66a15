using Drimbox.Core;
using SQLitePCL;

namespace Drimbox.Storage.Sqlite;

/// <summary>One connection, for one thread at a time, with its prepared statements.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly sqlite3 _db;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    private readonly Dictionary<string, (SqliteStatement Statement, long LastUse)> _built =
        new(StringComparer.Ordinal);
    private long _uses;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 db) => _db = db;

    /// <summary>True outside of a transaction: SQLite ends one by itself on some faults.</summary>
    public bool IsAutocommit => raw.sqlite3_get_autocommit(_db) != 0;

    /// <summary>Rows changed by the last statement.</summary>
    public int Changes => raw.sqlite3_changes(_db);

    public long LastInsertRowId => raw.sqlite3_last_insert_rowid(_db);

    public static SqliteDatabase OpenWriter(string path)
    {
        var db = Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        // FULL: a COMMIT returns after fsync of the write-ahead log. NORMAL would lose commits at a power cut.
        db.Execute("PRAGMA journal_mode = WAL");
        db.Execute("PRAGMA synchronous = FULL");
        db.Execute("PRAGMA foreign_keys = ON");
        db.Execute("PRAGMA cache_size = -16000");
        return db;
    }

    /// <summary>For a copy that no one else opens: without a log beside it, so that it can be renamed.</summary>
    public static SqliteDatabase OpenExclusive(string path)
    {
        var db = Open(path, raw.SQLITE_OPEN_READWRITE);
        db.Execute("PRAGMA journal_mode = DELETE");
        db.Execute("PRAGMA synchronous = FULL");
        return db;
    }

    public static SqliteDatabase OpenReader(string path)
    {
        var db = Open(path, raw.SQLITE_OPEN_READWRITE);
        db.Execute("PRAGMA query_only = ON");
        db.Execute("PRAGMA cache_size = -8000");
        return db;
    }

    public void Execute(string sql) => Check(raw.sqlite3_exec(_db, sql));

    /// <summary>From any thread: makes the statement that runs end with a fault.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_db);

    /// <summary>A prepared statement of this connection, reset and without values. For fixed texts only: it is kept
    /// as long as the connection.</summary>
    public SqliteStatement Use(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = Prepare(sql);
            _statements.Add(sql, statement);
        }

        statement.Reset();
        return statement;
    }

    /// <summary>As <see cref="Use"/>, for texts that are built from a query: the
    /// <see cref="Limits.BuiltStatementsMax"/> that were used last are kept.</summary>
    public SqliteStatement UseBuilt(string sql)
    {
        if (_built.Remove(sql, out var kept)) kept.Statement.Reset();
        else kept = (Prepare(sql), 0);
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
    public SqliteStatement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_db, sql, out var statement));
        return new SqliteStatement(this, statement);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        foreach (var (statement, _) in _built.Values) statement.Dispose();
        _db.Dispose();
    }

    internal void Check(int code)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE) return;
        var fault = code switch
        {
            raw.SQLITE_FULL => StorageFault.Full,
            raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY => StorageFault.Io,
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => StorageFault.InUse,
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => StorageFault.Corrupt,
            _ => StorageFault.Other,
        };
        throw new StorageFaultException(
            fault, $"Database: {raw.sqlite3_errmsg(_db).utf8_to_string()} ({raw.sqlite3_extended_errcode(_db)}).");
    }

    private static SqliteDatabase Open(string path, int flags)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        var db = new SqliteDatabase(handle);
        try
        {
            db.Check(code);
            db.Check(raw.sqlite3_busy_timeout(handle, 5_000));
            return db;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }
}
