using System.Collections.Concurrent;
using Drimbox.Core;

namespace Drimbox.Storage.Sqlite;

/// <summary>A few reading connections. A read is short: whoever streams gives the connection back between pages, so
/// that a slow peer never keeps the write-ahead log from being checkpointed.</summary>
internal sealed class SqliteReaders(string path) : IDisposable
{
    private readonly ConcurrentBag<SqliteDatabase> _idle = [];
    private readonly SemaphoreSlim _free = new(Limits.DatabaseReadersMax);

    public async Task<T> ReadAsync<T>(Func<SqliteDatabase, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        try
        {
            var db = _idle.TryTake(out var idle) ? idle : SqliteDatabase.OpenReader(path);
            try
            {
                T value;
                await using (cancellationToken.UnsafeRegister(static db => ((SqliteDatabase)db!).Interrupt(), db))
                    value = read(db);
                _idle.Add(db);
                return value;
            }
            catch (StorageFaultException) when (cancellationToken.IsCancellationRequested)
            {
                db.Dispose();
                throw new OperationCanceledException(cancellationToken);
            }
            catch
            {
                // A statement may have stopped half-way, and would hold its snapshot of the database.
                db.Dispose();
                throw;
            }
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var db)) db.Dispose();
        _free.Dispose();
    }
}
