using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>
/// The index of an archive (<c>archive.db</c>, or a schema of PostgreSQL): which instances it holds, in which files, and what a query finds of
/// them. It can be made again from the files. What an insertion reports is fsynced; insertions that wait together
/// share a transaction. One process holds it, unless the options share it (docs/adr/0040).
/// </summary>
public sealed partial class ArchiveIndex : IAsyncDisposable
{
    private readonly DatabaseStore _store;
    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly FindReader _finds;
    private readonly OutboxTable _outbox;
    private readonly TimeProvider _clock;
    private bool _filesAreWhole;
    private int _disposed;

    private ArchiveIndex(ArchiveIndexOptions options, DatabaseStore store)
    {
        _store = store;
        _clock = options.Clock;
        (VerifiedTo, FurtherVerifiedTo, StoppedCleanly) = ArchiveMark.Open(store.Writer);
        _filesAreWhole = StoppedCleanly;

        var work = new WorkSignal(options.Clock);
        _outbox = new OutboxTable(options.Clock, options.CoalesceDelayMax, options.BlockingKinds);
        _readers = new DatabaseReaders(store.OpenReader);
        _finds = new FindReader(_readers, store.Writer.Dialect);
        RequireClock(store.Writer, options.Clock);
        if (store.Writer.IsShared) _sharing = new ProcessSharing(options.Postgres!, options.Clock, _outbox, work.Set);
        _sharing?.Register(store.Writer);
        _writer = new DatabaseWriter(
            store.Writer, "archive.db",
            () =>
            {
                if (_outbox.Signal(work)) _sharing?.Committed();
            },
            Whole);
        _sharing?.Start(_writer);
        Outbox = new OutboxQueue(_outbox, _writer, _readers, work, _sharing);
        Commitments = new CommitmentTable(_writer, _readers, options.Clock, _sharing?.Name);
        Completeness = new CompletenessTable(_writer, _readers, _outbox, options.Clock);
        Corrections = new CorrectionsTable(_writer, _readers, options.Clock);
    }

    /// <summary>What other roles are told, with the instances that it is about.</summary>
    public OutboxQueue Outbox { get; }

    /// <summary>Requests for storage commitment.</summary>
    public CommitmentTable Commitments { get; }

    /// <summary>Which studies are still on their way.</summary>
    public CompletenessTable Completeness { get; }

    /// <summary>Corrections of patients.</summary>
    public CorrectionsTable Corrections { get; }

    /// <summary>False if the process that held the index before did not dispose it: the files of the rows after
    /// <see cref="VerifiedTo"/> may not be whole.</summary>
    public bool StoppedCleanly { get; }

    /// <summary>As of the opening: rows up to this one were marked as whole.</summary>
    public long VerifiedTo { get; }

    /// <summary>Transactions committed since the index was opened.</summary>
    public long Transactions => _writer.Transactions;

    /// <exception cref="StorageFaultException">In use by another process, written by a newer program, not the index of
    /// this folder, or the disk or database failed.</exception>
    public static Task<ArchiveIndex> OpenAsync(ArchiveIndexOptions options, CancellationToken cancellationToken) =>
        Task.Run(
            () => Open(options).OwnedBy(store => new ArchiveIndex(options, store)),
            cancellationToken);

    /// <summary>Whether there is an index to be opened: opening makes one.</summary>
    /// <exception cref="StorageFaultException">The database cannot be reached.</exception>
    public static Task<bool> ExistsAsync(ArchiveIndexOptions options, CancellationToken cancellationToken) =>
        Task.Run(
            () => options.Postgres is { } postgres
                ? PostgresStore.Exists(postgres)
                : options.Disk.FileExists(Path.Combine(options.Folder, "archive.db")),
            cancellationToken);

    /// <summary>Takes an instance in; nothing of it if the instance is known.</summary>
    /// <exception cref="StorageFaultException">The disk or database failed; nothing may be acknowledged.</exception>
    /// <param name="mayBlock">The caller's thread may wait for the disk, which spares the way to another one.</param>
    public Task<InsertResult> InsertAsync(
        InstanceRecord record, CancellationToken cancellationToken, bool mayBlock = false) =>
        _writer.RunAsync(
            db =>
            {
                RequireYoung(db, record.File);
                var result = ArchiveWrites.Insert(db, record);
                if (result is InsertResult.Inserted inserted && Hide(db, record.Hides) is > 0 and var hidden)
                    result = inserted with { Hidden = hidden };
                return new Written<InsertResult>(result, result is InsertResult.Inserted);
            },
            cancellationToken, mayBlock);

    /// <summary>Adds to the outbox alone.</summary>
    public Task<IReadOnlyList<long>> EnqueueAsync(
        IReadOnlyList<OutboxRow> outbox, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<long>>(
            db => outbox.Select(row => _outbox.Insert(db, row)).ToList(), cancellationToken);

    /// <summary>Hides instances from every query and retrieval (IOCM); files and rows stay. Unknown and hidden ones
    /// are passed over.</summary>
    /// <returns>How many were hidden now.</returns>
    public Task<int> HideAsync(InstanceHiding hiding, CancellationToken cancellationToken) =>
        WriteAsync(db => Hide(db, hiding), cancellationToken);

    /// <summary>Drops rows whose files are not whole, and what becomes empty above them.</summary>
    /// <returns>How many rows there were.</returns>
    public Task<int> RemoveAsync(IReadOnlyList<long> rowIds, CancellationToken cancellationToken) =>
        WriteAsync(db => ArchiveWrites.Remove(db, rowIds), cancellationToken);

    /// <summary>States that the files of all rows up to <paramref name="rowId"/> are whole and durable, so that a
    /// start after a crash need not read them again.</summary>
    public Task MarkVerifiedAsync(long rowId, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                db.Use("UPDATE mark SET verified_to = ?1 WHERE verified_to < ?1").Add(rowId).Run();
                return true;
            },
            cancellationToken);

    /// <summary>States that what an unclean stop left has been checked to the end. Before that a stop leaves no mark of
    /// a clean one: a start that is cut short must not hide from the next what it did not look at.</summary>
    public void ConfirmFilesAreWhole() => _filesAreWhole = true;

    /// <summary>A row whose file is not whole could not be taken back: the next start looks for it.</summary>
    public void DoubtFiles() => _filesAreWhole = false;

    /// <summary>The instance of a UID, hidden or not; null if there is none.</summary>
    public Task<IndexedInstance?> FindInstanceAsync(Uid sopInstanceUid, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => ArchiveWrites.FindInstance(db, sopInstanceUid), cancellationToken);

    /// <summary>Instances after a row, hidden ones too, in the order of insertion: for the start-up check and the
    /// scrubber.</summary>
    public Task<IReadOnlyList<IndexedInstance>> ListAsync(
        long afterRowId, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<IndexedInstance>>(
            db =>
            {
                var rows = db.Use(ArchiveWrites.InstanceColumns + " WHERE i.id > ? ORDER BY i.id LIMIT ?")
                    .Add(afterRowId).Add(max);
                var instances = new List<IndexedInstance>();
                while (rows.Step()) instances.Add(ArchiveWrites.ReadInstance(db, rows));
                rows.Reset();
                return instances;
            },
            cancellationToken);

    /// <summary>Streams what a query matches; the order is the database's. What appears or disappears while it runs
    /// may be passed over.</summary>
    public async IAsyncEnumerable<FindRow> FindAsync(
        FindQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in _finds.PagesAsync(query, cancellationToken))
        {
            for (var row = 0; row < page.Count; row++) yield return page.Row(row);
        }
    }

    /// <summary>As <see cref="FindAsync"/>, without an object for each value.</summary>
    public IAsyncEnumerable<FindPage> FindPagesAsync(FindQuery query, CancellationToken cancellationToken) =>
        _finds.PagesAsync(query, cancellationToken);

    /// <summary>Streams the visible instances below what a query matches, in the order of insertion within a
    /// page.</summary>
    public async IAsyncEnumerable<IndexedInstance> InstancesOfAsync(
        FindQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ids = await _finds.InstanceIdsAsync(query, cancellationToken);
        await foreach (var instance in _finds.InstancesAsync(ids, query.ShownReasons, cancellationToken))
            yield return instance;
    }

    /// <summary>How the database answers a query (EXPLAIN), a step a line.</summary>
    public Task<IReadOnlyList<string>> ExplainAsync(FindQuery query, CancellationToken cancellationToken) =>
        _finds.ExplainAsync(query, query.Level, cancellationToken);

    /// <summary>Ends what was begun and leaves the mark of a clean stop, unless the files of an unclean one are still
    /// to be checked.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        try
        {
            if (_filesAreWhole && !IsShared) await MarkStoppedAsync();
        }
        catch (StorageFaultException)
        {
            // Without the mark the next start checks the files: the safe way round.
        }

        if (_sharing is not null) await _sharing.DisposeAsync();
        await _writer.DisposeAsync();
        _readers.Dispose();
        _store.Held.Dispose();
    }

    private static DatabaseStore Open(ArchiveIndexOptions options)
    {
        if (options.Postgres is { } postgres)
            return PostgresStore.Open(postgres, options.Folder, "archive", options.Disk, ArchiveSchema.Store);
        // A file of before knows nothing of what came since: its start would take all of that for remains of a crash.
        if (PostgresOptions.IsUsedBy(options.Disk, options.Folder))
        {
            throw new StorageFaultException(
                StorageFault.Absent,
                $"The index of '{options.Folder}' is in PostgreSQL, and no database is configured.");
        }

        return SqliteStore.Open(options.Folder, "archive", options.Disk, ArchiveSchema.Migrations);
    }

    private int Hide(DatabaseConnection db, InstanceHiding? hiding)
    {
        if (hiding is null) return 0;
        var hidden = ArchiveWrites.Hide(db, hiding.SopInstanceUids, hiding.Reason, _clock.DatabaseNow());
        if (hidden == 0) return 0;
        foreach (var row in hiding.Outbox) _outbox.Insert(db, row);
        return hidden;
    }

    private Task<bool> MarkStoppedAsync() => WriteAsync(
        db =>
        {
            ArchiveMark.Close(db);
            return true;
        },
        CancellationToken.None);

    private Task<T> WriteAsync<T>(Func<DatabaseConnection, T> work, CancellationToken cancellationToken) =>
        _writer.RunAsync(db => new Written<T>(work(db), Keep: true), cancellationToken);
}
