using Drimbox.Core;

namespace Drimbox.Storage.Sqlite;

/// <summary>Copies what is committed from the write-ahead log into the database file, on a thread and a connection of its
/// own: with SQLite's own arrangement the writer does that every 1,000 pages, and all who wait for a commit wait for it.
/// Source: sqlite.org/wal.html, "Checkpointing".</summary>
internal sealed class SqliteCheckpointer : IDisposable
{
    private readonly object _gate = new();
    private readonly SqliteDatabase _db;
    private readonly Thread _thread;
    private bool _isWanted;
    private bool _isClosed;

    public SqliteCheckpointer(string path)
    {
        _db = SqliteDatabase.OpenReader(path);
        _thread = new Thread(Run) { IsBackground = true, Name = "checkpoint" };
        _thread.Start();
    }

    /// <summary>Enough was committed; returns at once.</summary>
    public void Want()
    {
        lock (_gate)
        {
            _isWanted = true;
            Monitor.Pulse(_gate);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _db.Dispose();
    }

    private void Run()
    {
        while (IsWanted()) _db.Checkpoint();
    }

    private bool IsWanted()
    {
        lock (_gate)
        {
            while (!_isWanted && !_isClosed) Monitor.Wait(_gate);
            _isWanted = false;
            return !_isClosed;
        }
    }
}
