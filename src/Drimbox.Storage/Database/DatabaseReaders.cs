using System.Collections.Concurrent;
using Drimbox.Core;

namespace Drimbox.Storage.Database;

/// <summary>A few reading connections. A read is short: whoever streams gives the connection back between pages, so
/// that a slow peer never keeps the write-ahead log from being checkpointed.</summary>
internal sealed class DatabaseReaders(Func<DatabaseConnection> open) : IDisposable
{
    private readonly ConcurrentBag<DatabaseConnection> _idle = [];
    private readonly SemaphoreSlim _free = new(Limits.DatabaseReadersMax);

    /// <param name="read">Begins anew when it is called again.</param>
    public async Task<T> ReadAsync<T>(Func<DatabaseConnection, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                var wasIdle = _idle.TryTake(out var db);
                db ??= open();
                try
                {
                    return await ReadAsync(db, read, cancellationToken);
                }
                catch (StorageFaultException) when (cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(cancellationToken);
                }
                catch (StorageFaultException) when (wasIdle && db.IsLost)
                {
                    // The server went and came while nobody read; what else lies idle is lost as well.
                }
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

    private async Task<T> ReadAsync<T>(
        DatabaseConnection db, Func<DatabaseConnection, T> read, CancellationToken cancellationToken)
    {
        try
        {
            T value;
            await using (cancellationToken.UnsafeRegister(static db => ((DatabaseConnection)db!).Interrupt(), db))
                value = read(db);
            // An interruption that came too late could end what is read next.
            if (cancellationToken.IsCancellationRequested) db.Dispose();
            else _idle.Add(db);
            return value;
        }
        catch
        {
            // A statement may have stopped half-way, and would hold its snapshot of the database.
            db.Dispose();
            throw;
        }
    }
}
