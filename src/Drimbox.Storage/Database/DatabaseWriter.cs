using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;

namespace Drimbox.Storage.Database;

/// <summary>The result of a write, and whether what it wrote is kept.</summary>
internal readonly record struct Written<T>(T Value, bool Keep);

/// <summary>
/// The one thread at a time that writes to a database. What waits when it becomes free goes into one transaction with a
/// savepoint each (group commit): the fsync is shared, a failed write takes back only itself, and a lone writer never
/// waits for company, nor for another thread if its own may block.
/// </summary>
internal sealed class DatabaseWriter : IAsyncDisposable
{
    private readonly DatabaseConnection _db;
    private readonly Action _committed;
    private readonly string? _whole;
    private readonly int _groupMax;
    private readonly WorkQueue<Job> _queue = new(atOnce: 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _transactions;
    private int _disposed;

    /// <param name="committed">Called after each COMMIT, by the thread that did it.</param>
    /// <param name="whole">The name of all there is: each transaction locks it, in place of what its jobs name.</param>
    public DatabaseWriter(DatabaseConnection db, string name, Action committed, string? whole = null)
    {
        _db = db;
        _whole = whole;
        _groupMax = db.IsShared && whole is null ? Limits.SharedCommitGroupMax : Limits.CommitGroupMax;
        _committed = committed;
        // A thread of its own: fsync blocks, and a blocked pool thread would be one that a socket waits for.
        new Thread(Loop) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Transactions committed so far; tests see the grouping by it.</summary>
    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Runs <paramref name="work"/> inside a transaction and returns after its COMMIT.</summary>
    /// <param name="cancellationToken">Honoured until the work starts; from then on the true outcome is told.</param>
    /// <param name="mayBlock">The caller's thread may wait for the disk: if the database is free, it does the
    /// work.</param>
    /// <param name="names">Of what the work reads before it writes: locked before it begins, where other processes write
    /// too.</param>
    public Task<T> RunAsync<T>(
        Func<DatabaseConnection, Written<T>> work, CancellationToken cancellationToken, bool mayBlock = false,
        Func<DatabaseConnection, IEnumerable<string>>? names = null)
    {
        var job = new Job<T>(work, cancellationToken) { Names = names };
        if (mayBlock && _queue.TryEnter())
        {
            Run([job]);
            _queue.Leave();
            return job.Task;
        }

        return _queue.TryAdd(job) ? job.Task : throw new ObjectDisposedException("The store is closed.");
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _queue.Close();
        await _ended.Task;
        _db.Dispose();
    }

    private void Loop()
    {
        var batch = new List<Job>();
        while (_queue.TryTake(batch, _groupMax))
        {
            Run(batch);
            _queue.Leave();
        }

        _ended.SetResult();
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a batch: every caller of it is told, and the next batch is served.")]
    private void Run(List<Job> batch)
    {
        batch.RemoveAll(job => job.EndIfCanceled());
        try
        {
            if (batch.Count > 0 && _whole is not null && _db.IsShared) RunInTurn(batch);
            else if (batch.Count == 1) RunAlone(batch[0]);
            else if (batch.Count > 1) RunGroup(batch);
        }
        catch (Exception e)
        {
            foreach (var job in batch) job.Fail(e);
        }
    }

    /// <summary>Waits until no other process writes. What comes meanwhile could not be done before, and goes together: the
    /// more wait for each other, the fewer turns they need.</summary>
    private void RunInTurn(List<Job> batch)
    {
        Begin();
        if (TryLock(batch) is { } fault)
        {
            Rollback();
            throw fault;
        }

        _queue.TakeMore(batch, _groupMax);
        batch.RemoveAll(job => job.EndIfCanceled());
        if (batch.Count > 1)
        {
            RunJobs(batch);
            return;
        }

        if (batch.Count == 1 && batch[0].Run(_db)) Commit();
        else Rollback();
        foreach (var job in batch) job.End();
    }

    private void RunAlone(Job job)
    {
        for (var attempt = 1; ; attempt++)
        {
            Begin();
            var keep = TryLock([job]) is { } fault ? job.Missed(fault) : job.Run(_db);
            if (keep) Commit();
            else Rollback();
            // Whoever waited for it goes on meanwhile.
            if (!job.IsDeadlocked || attempt == Limits.DeadlockAttemptsMax) break;
        }

        job.End();
    }

    /// <summary>Locks what the jobs rest on: all names at once, so that two groups take them in one order.</summary>
    /// <returns>Why that could not be; the transaction is of no more use.</returns>
    private StorageFaultException? TryLock(IReadOnlyList<Job> jobs)
    {
        if (!_db.IsShared) return null;
        try
        {
            if (_whole is not null) _db.Lock([_whole]);
            else _db.Lock(jobs.SelectMany(job => job.Names?.Invoke(_db) ?? []).ToHashSet(StringComparer.Ordinal));
            return null;
        }
        catch (StorageFaultException e)
        {
            return e;
        }
    }

    private void RunGroup(List<Job> batch)
    {
        Begin();
        if (TryLock(batch) is { } fault)
        {
            Rollback();
            if (_whole is not null || fault.Fault is not (StorageFault.InUse or StorageFault.Deadlock)) throw fault;
            // One of them wants what another process keeps: the others are not held up by it.
            foreach (var job in batch) TryAlone(job);
            return;
        }

        RunJobs(batch);
    }

    private void RunJobs(List<Job> batch)
    {
        var ran = new List<Job>(batch.Count);
        var again = new List<Job>();
        for (var i = 0; i < batch.Count; i++)
        {
            var job = batch[i];
            _db.Savepoint();
            var keep = job.Run(_db);
            if (!_db.IsInTransaction)
            {
                // The database gave up the whole transaction (disk full, I/O error, connection lost): those before this job lost theirs.
                foreach (var lost in ran) lost.Fail(LostTransaction());
                ran.Clear();
                job.Fail(job.Error ?? LostTransaction());
                // The names of the rest went with it.
                if (_db.IsShared)
                {
                    List<Job> rest = [.. batch.Skip(i + 1), .. again];
                    if (rest.Count > 0) RunGroup(rest);
                    return;
                }

                Begin();
                continue;
            }

            if (!keep) _db.RollbackToSavepoint();
            _db.ReleaseSavepoint();
            if (job.IsDeadlocked) again.Add(job);
            else ran.Add(job);
        }

        // A job that kept nothing waits too: what it tells may rest on rows of this transaction (a duplicate, say).
        Commit();
        foreach (var job in ran) job.End();
        foreach (var job in again) TryAlone(job);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Handed to the caller that awaits this job; the others are done.")]
    private void TryAlone(Job job)
    {
        try
        {
            RunAlone(job);
        }
        catch (Exception e)
        {
            job.Fail(e);
        }
    }

    private void Begin()
    {
        if (_db.IsInTransaction) Rollback();
        _db.Begin();
    }

    private void Commit()
    {
        try
        {
            _db.Commit();
        }
        catch (StorageFaultException)
        {
            // Not tried again: the callers are told the fault, and tell their peers so.
            Rollback();
            throw;
        }

        Interlocked.Increment(ref _transactions);
        _committed();
    }

    private void Rollback()
    {
        if (_db.IsInTransaction) _db.Rollback();
    }

    private static StorageFaultException LostTransaction() =>
        new(StorageFault.Io, "The database gave up the transaction that this write was part of.");

    private abstract class Job(CancellationToken cancellationToken)
    {
        public Exception? Error { get; protected set; }

        public Func<DatabaseConnection, IEnumerable<string>>? Names { get; init; }

        /// <summary>It wrote nothing, and may do it again: a job is a function of the database.</summary>
        public bool IsDeadlocked => Error is StorageFaultException { Fault: StorageFault.Deadlock };

        public abstract bool Run(DatabaseConnection db);

        /// <summary>It could not be run.</summary>
        /// <returns>False: nothing is kept.</returns>
        public bool Missed(StorageFaultException fault)
        {
            Error = fault;
            return false;
        }

        public abstract void Fail(Exception error);

        /// <summary>Tells the caller what <see cref="Run"/> found.</summary>
        public void End()
        {
            if (Error is null) Complete();
            else Fail(Error);
        }

        protected abstract void Complete();

        public bool EndIfCanceled()
        {
            if (!cancellationToken.IsCancellationRequested) return false;
            Fail(new OperationCanceledException(cancellationToken));
            return true;
        }
    }

    private sealed class Job<T>(Func<DatabaseConnection, Written<T>> work, CancellationToken cancellationToken)
        : Job(cancellationToken)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _value = default!;

        public Task<T> Task => _completion.Task;

        [SuppressMessage("Design", "CA1031:Do not catch general exception types",
            Justification = "Handed to the caller that awaits this job, whatever it is; the writer serves the others.")]
        public override bool Run(DatabaseConnection db)
        {
            Error = null;
            try
            {
                (_value, var keep) = work(db);
                return keep;
            }
            catch (Exception e)
            {
                Error = e;
                return false;
            }
        }

        protected override void Complete() => _completion.TrySetResult(_value);

        public override void Fail(Exception error)
        {
            if (error is OperationCanceledException canceled) _completion.TrySetCanceled(canceled.CancellationToken);
            else _completion.TrySetException(error);
        }
    }
}
