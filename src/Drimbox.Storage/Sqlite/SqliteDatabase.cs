using Drimbox.Core;
using Drimbox.Storage.Database;
using SQLitePCL;

namespace Drimbox.Storage.Sqlite;

/// <summary>One connection to a file of SQLite.</summary>
internal sealed class SqliteDatabase : DatabaseConnection
{
    private readonly sqlite3 _db;
    private SqliteCheckpointer? _checkpointer;
    private int _committedPages;
    private int _logPages;

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

    /// <summary>From now on checkpoints are done beside the writer, not by its commits.</summary>
    public void CheckpointBeside(string path)
    {
        _checkpointer = new SqliteCheckpointer(path);
        Execute("PRAGMA wal_autocheckpoint = 0");
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

    public override void Commit()
    {
        Use("COMMIT").Run();
        if (_checkpointer is null) return;
        raw.sqlite3_db_status(_db, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, resetFlg: 1);
        _committedPages += pages;
        if (_committedPages < Limits.CheckpointPages) return;
        _committedPages = 0;
        _logPages += Limits.CheckpointPages;
        // One that runs beside commits never reaches the end of the log, which then grows: the writer itself does.
        if (_logPages > Limits.LogPagesMax && Checkpoint()) _logPages = 0;
        else _checkpointer.Want();
    }

    /// <summary>Copies what no reader needs from the log into the file, as far as that can be done without waiting. A fault
    /// is told by the commits that come after it, as with SQLite's own checkpoints.</summary>
    /// <returns>True if all of the log was copied: the next commit begins it anew.</returns>
    public bool Checkpoint() =>
        raw.sqlite3_wal_checkpoint_v2(_db, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var pages, out var copied)
            == raw.SQLITE_OK && pages == copied;

    public override void Rollback() => Use("ROLLBACK").Run();

    public override void Savepoint() => Use("SAVEPOINT job").Run();

    public override void RollbackToSavepoint() => Use("ROLLBACK TO job").Run();

    public override void ReleaseSavepoint() => Use("RELEASE job").Run();

    public override void Dispose()
    {
        _checkpointer?.Dispose();
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
