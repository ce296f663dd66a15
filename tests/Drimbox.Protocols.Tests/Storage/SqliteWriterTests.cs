using Drimbox.Core;
using Drimbox.Storage;
using Drimbox.Storage.Database;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Tests.Storage;

public sealed class SqliteWriterTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private SqliteDatabase _db = null!;
    private DatabaseWriter _writer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _db = SqliteDatabase.OpenWriter(Path.Combine(_folder.Path, "test.db"));
        _db.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
        _writer = new DatabaseWriter(_db, "test", () => { });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_write_that_fails_takes_back_only_itself()
    {
        var (good, bad, after) = await InOneGroupAsync(
            () => InsertAsync(1, "a"),
            () => _writer.RunAsync<int>(
                db =>
                {
                    Insert(db, 2, "b");
                    throw new FormatException("a bug");
                },
                Token),
            () => InsertAsync(3, "c"));

        Assert.Equal(1, await good);
        await Assert.ThrowsAsync<FormatException>(() => bad);
        Assert.Equal(3, await after);
        Assert.Equal([1, 3], await IdsAsync());
        Assert.Equal(2, _writer.Transactions);
    }

    [Fact]
    public async Task A_caller_that_may_block_writes_on_its_own_thread_and_what_comes_meanwhile_goes_together()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var (caller, worker) = (0, 0);
        var first = new Thread(() =>
        {
            caller = Environment.CurrentManagedThreadId;
            var written = _writer.RunAsync(
                db =>
                {
                    worker = Environment.CurrentManagedThreadId;
                    entered.Set();
                    release.Wait(Token);
                    return Inserted(db, 1, "a");
                },
                Token, mayBlock: true);
            Assert.True(written.IsCompletedSuccessfully);
        });
        first.Start();
        entered.Wait(Token);
        // The second may block too, and waits for its turn like the third.
        var others = new[]
        {
            _writer.RunAsync(db => Inserted(db, 2, "b"), Token, mayBlock: true),
            _writer.RunAsync(db => Inserted(db, 3, "c"), Token),
        };
        Assert.All(others, other => Assert.False(other.IsCompleted));
        release.Set();
        first.Join();
        Assert.Equal(caller, worker);
        await Task.WhenAll(others);
        Assert.Equal(2, _writer.Transactions);
        Assert.Equal([1, 2, 3], await IdsAsync());
    }

    [Fact]
    public async Task What_is_committed_is_copied_into_the_file_while_the_writer_goes_on()
    {
        var path = Path.Combine(_folder.Path, "test.db");
        _db.CheckpointBeside(path);
        var body = new string('x', 40_000);
        var id = 0;
        // The log alone would have it all until the end, and its own checkpoint is off.
        while (new FileInfo(path).Length < Limits.CheckpointPages * 4096L)
        {
            Token.ThrowIfCancellationRequested();
            await InsertAsync(++id, body);
        }

        Assert.True(id >= Limits.CheckpointPages / 10);
        Assert.Equal(id, (await IdsAsync()).Count);
    }

    [Fact]
    public async Task The_end_waits_for_a_caller_that_writes_itself()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var written = Task.Run(() => _writer.RunAsync(
            db =>
            {
                entered.Set();
                release.Wait(Token);
                return Inserted(db, 1, "a");
            },
            Token, mayBlock: true));
        entered.Wait(Token);
        var ended = _writer.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => InsertAsync(2, "b"));
        Assert.False(ended.IsCompleted);
        release.Set();
        Assert.Equal(1, await written);
        await ended;
    }

    [Fact]
    public async Task A_write_that_breaks_a_constraint_takes_back_only_itself()
    {
        var (good, bad, after) = await InOneGroupAsync(
            () => InsertAsync(1, "a"), () => InsertAsync(1, "again"), () => InsertAsync(2, "c"));

        Assert.Equal(1, await good);
        await Assert.ThrowsAsync<StorageFaultException>(() => bad);
        Assert.Equal(2, await after);
        Assert.Equal([1, 2], await IdsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_database_fails_who_it_must_and_recovers_by_itself(bool alone)
    {
        await _writer.RunAsync(Limit(6), Token);
        var big = new string('x', 100_000);

        if (alone)
        {
            await FailsAsFullAsync(() => InsertAsync(9, big));
        }
        else
        {
            var (before, full, after) = await InOneGroupAsync(
                () => InsertAsync(1, "a"), () => InsertAsync(9, big), () => InsertAsync(2, "c"));
            await FailsAsFullAsync(() => full);
            // Whoever was told of success is there; SQLite chose whether the group survived.
            var there = await IdsAsync();
            Assert.Equal(there.Contains(1), await SucceedsAsync(before));
            Assert.Equal(there.Contains(2), await SucceedsAsync(after));
            Assert.DoesNotContain(9, there);
        }

        await _writer.RunAsync(Limit(1000), Token);
        Assert.Equal(10, await InsertAsync(10, big));
        Assert.Contains(10, await IdsAsync());

        static Func<DatabaseConnection, Written<bool>> Limit(int pages) => db =>
        {
            _ = db.Use($"PRAGMA max_page_count = {pages}").LongOrNone();
            return new(true, true);
        };
    }

    [Fact]
    public async Task A_transaction_that_is_lost_is_lost_for_all_that_were_in_it()
    {
        // What SQLITE_FULL or SQLITE_IOERR may do in the middle of a group, done by hand.
        var (before, lost, after) = await InOneGroupAsync(
            () => InsertAsync(1, "a"),
            () => _writer.RunAsync<int>(
                db =>
                {
                    db.Execute("ROLLBACK");
                    throw new StorageFaultException(StorageFault.Full, "full");
                },
                Token),
            () => InsertAsync(2, "c"));

        await Assert.ThrowsAsync<StorageFaultException>(() => before);
        await FailsAsFullAsync(() => lost);
        Assert.Equal(2, await after);
        Assert.Equal([2], await IdsAsync());
    }

    [Fact]
    public async Task A_commit_that_fails_fails_the_group()
    {
        _ = await _writer.RunAsync(
            db =>
            {
                db.Execute("""
                    CREATE TABLE child (t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED);
                    """);
                return new Written<bool>(true, true);
            },
            Token);
        var (good, orphan, reader) = await InOneGroupAsync(
            () => InsertAsync(1, "a"),
            () => _writer.RunAsync(
                db =>
                {
                    // A deferred constraint is looked at by COMMIT.
                    db.Use("INSERT INTO child VALUES (77)").Run();
                    return new Written<int>(77, true);
                },
                Token),
            () => _writer.RunAsync(
                db => new Written<long?>(db.Use("SELECT id FROM t WHERE id = 1").LongOrNone(), Keep: false), Token));

        await Assert.ThrowsAsync<StorageFaultException>(() => good);
        await Assert.ThrowsAsync<StorageFaultException>(() => orphan);
        // It saw the first, which is not durable: "there already" may be told as little as "done".
        await Assert.ThrowsAsync<StorageFaultException>(() => reader);
        Assert.Empty(await IdsAsync());
        Assert.Equal(3, await InsertAsync(3, "d"));
    }

    [Fact]
    public async Task A_long_read_ends_when_its_reader_gives_up()
    {
        using var readers = new DatabaseReaders(
            () => SqliteDatabase.OpenReader(Path.Combine(_folder.Path, "test.db")));
        using var cancel = new CancellationTokenSource();
        var running = new TaskCompletionSource();
        var endless = Task.Run(() => readers.ReadAsync(
            db =>
            {
                var rows = db.Use("WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c");
                while (rows.Step()) running.TrySetResult();
                return 0;
            },
            cancel.Token));
        await running.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
        Assert.Equal(0, await readers.ReadAsync(db => db.Use("SELECT count(*) FROM t").LongOrNone(), Token));
    }

    private static void Insert(DatabaseConnection db, int id, string body) =>
        db.Use("INSERT INTO t (id, body) VALUES (?, ?)").Add(id).Add(body).Run();

    private static async Task FailsAsFullAsync(Func<Task> work) =>
        Assert.Equal(StorageFault.Full, (await Assert.ThrowsAsync<StorageFaultException>(work)).Fault);

    private static async Task<bool> SucceedsAsync(Task task)
    {
        var error = await Record.ExceptionAsync(() => task);
        if (error is not null) Assert.IsType<StorageFaultException>(error);
        return error is null;
    }

    private static Written<int> Inserted(DatabaseConnection db, int id, string body)
    {
        Insert(db, id, body);
        return new Written<int>(id, true);
    }

    private Task<int> InsertAsync(int id, string body) => _writer.RunAsync(db => Inserted(db, id, body), Token);

    private Task<List<int>> IdsAsync() => _writer.RunAsync(
        db =>
        {
            var ids = new List<int>();
            var rows = db.Use("SELECT id FROM t ORDER BY id");
            while (rows.Step()) ids.Add(rows.Int(0));
            rows.Reset();
            return new Written<List<int>>(ids, false);
        },
        Token);

    /// <summary>Holds the writer until all three wait, so that they are one group.</summary>
    private async Task<(Task<TA> First, Task<TB> Second, Task<TC> Third)> InOneGroupAsync<TA, TB, TC>(
        Func<Task<TA>> first, Func<Task<TB>> second, Func<Task<TC>> third)
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource();
        var holder = _writer.RunAsync(
            _ =>
            {
                entered.SetResult();
                gate.Wait(Token);
                return new Written<bool>(true, true);
            },
            Token);
        await entered.Task;
        var tasks = (first(), second(), third());
        gate.Set();
        await holder;
        return tasks;
    }
}
