using Drimbox.Storage.Database;
using SQLitePCL;

namespace Drimbox.Storage.Sqlite;

/// <summary>One connection to a file of SQLite.</summary>
internal sealed class SqliteDatabase : DatabaseConnection
{
    private readonly sqlite3 _db;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 db) => _db = db;

    public override SqlDialect Dialect => SqliteDialect.Instance;

    public override bool IsInTransaction => raw.sqlite3_get_autocommit(_db) == 0;

    public override int Changes => raw.sqlite3_changes(_db);

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

    public override void Execute(string sql) => Check(raw.sqlite3_exec(_db, sql));

    public override void Interrupt() => raw.sqlite3_interrupt(_db);

    public override void Begin() => Use("BEGIN IMMEDIATE").Run();

    public override void Commit() => Use("COMMIT").Run();

    public override void Rollback() => Use("ROLLBACK").Run();

    public override void Savepoint() => Use("SAVEPOINT job").Run();

    public override void RollbackToSavepoint() => Use("ROLLBACK TO job").Run();

    public override void ReleaseSavepoint() => Use("RELEASE job").Run();

    public override void Dispose()
    {
        DisposeStatements();
        _db.Dispose();
    }

    protected override SqliteStatement Create(string sql, bool isKept)
    {
        Check(raw.sqlite3_prepare_v2(_db, sql, out var statement));
        return new SqliteStatement(this, statement);
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
