using Drimbox.Core;
using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;
using Drimbox.Storage.Sqlite;

namespace Drimbox.Storage;

/// <summary>
/// The flow of a node: inbox, event streams, names and outbox, in one SQLite file (<c>flow.db</c>) or one schema of
/// PostgreSQL, which nothing else can restore. What a decision writes is one transaction; what <see cref="CommitAsync"/>
/// reports as committed is fsynced. One process holds the file or the schema, unless the options share it
/// (docs/adr/0035).
/// </summary>
public sealed partial class FlowStore : IAsyncDisposable
{
    private readonly FlowStoreOptions _options;
    private readonly IDisposable _held;
    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly OutboxTable _outbox;
    private readonly ProcessSharing? _sharing;

    private FlowStore(FlowStoreOptions options, DatabaseStore store)
    {
        var db = store.Writer;
        // Of a schema that is shared they are made while nobody else has it.
        if (!db.IsShared)
        {
            foreach (var (_, schema) in FlowSchema.StoreOf(options).Further) db.Execute(db.Dialect.Schema(schema));
        }

        _options = options;
        _held = store.Held;
        var work = new WorkSignal(options.Clock);
        _outbox = new OutboxTable(options.Clock, options.CoalesceDelayMax, options.BlockingKinds);
        if (db.IsShared) _sharing = new ProcessSharing(options.Postgres!, options.Clock, _outbox, () => Heard(work));
        _sharing?.Register(db);
        if (_sharing is not null) AuditTable.Begin(db, _sharing.Trail);
        _readers = new DatabaseReaders(store.OpenReader);
        _writer = new DatabaseWriter(db, options.FileName + ".db", () =>
        {
            var lanes = _outbox.Signal(work);
            if (SignalAudit() | lanes) _sharing?.Committed();
        });
        _sharing?.Start(_writer);
        Outbox = new OutboxQueue(_outbox, _writer, _readers, work, _sharing);
    }

    /// <summary>Transactions committed since the store was opened.</summary>
    public long Transactions => _writer.Transactions;

    /// <summary>The outbox alone.</summary>
    public OutboxQueue Outbox { get; }

    /// <exception cref="StorageFaultException">In use by another process, written by a newer program, in the other kind
    /// of database than the options say, or the disk or the server failed.</exception>
    public static Task<FlowStore> OpenAsync(FlowStoreOptions options, CancellationToken cancellationToken) =>
        Task.Run(() => Open(options).OwnedBy(store => new FlowStore(options, store)), cancellationToken);

    /// <summary>The events of a stream after a version (0: all), in order; empty for an unknown stream.</summary>
    public Task<IReadOnlyList<StoredEvent>> LoadAsync(
        StreamId stream, long afterVersion, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<StoredEvent>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT version, type, json, recorded_at FROM event
                    WHERE stream = ? AND version > ? ORDER BY version
                    """).Add(stream.Value).Add(afterVersion);
                var events = new List<StoredEvent>();
                while (rows.Step())
                    events.Add(new StoredEvent(rows.Long(0), rows.Text(1), rows.Text(2), rows.Time(3)));
                rows.Reset();
                return events;
            },
            cancellationToken);

    /// <summary>Writes all of a commit, or nothing and says why.</summary>
    /// <exception cref="StorageFaultException">The disk or database failed; nothing may be acknowledged.</exception>
    public async Task<CommitResult> CommitAsync(FlowCommit commit, CancellationToken cancellationToken)
    {
        if (commit.Inbox is { } inbox)
        {
            // architecture.md, Stores: bodies over 64 KiB are objects first.
            Invariant.Holds(inbox.Body.Length <= Limits.InlineBodyBytesMax);
            await inbox.BodyDurable;
        }

        return await _writer.RunAsync(
            db =>
            {
                var result = Write(db, commit);
                return new Written<CommitResult>(result, result is CommitResult.Committed);
            },
            cancellationToken,
            names: db => NamesOf(db, commit, AuditName));
    }

    public Task<string?> FindAliasAsync(string kind, string key, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => TargetOf(db, kind, key), cancellationToken);

    /// <summary>The targets of a key in ordinal order; empty if it has none.</summary>
    /// <param name="max">No more than these, the first in order.</param>
    public Task<IReadOnlyList<string>> FindLinksAsync(
        string kind, string key, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<string>>(
            db =>
            {
                var rows = db.Use("SELECT target FROM link WHERE kind = ? AND key = ? ORDER BY target LIMIT ?")
                    .Add(kind).Add(db.Dialect.Indexable(key)).Add(max);
                var targets = new List<string>();
                while (rows.Step()) targets.Add(rows.Text(0));
                rows.Reset();
                return targets;
            },
            cancellationToken);

    /// <summary>The stored answer to a message, if it was committed before.</summary>
    public Task<(string Ack, string AckCode, string Sha256)?> FindInboxAsync(
        InboxKey key, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => FindInbox(db, key), cancellationToken);

    /// <summary>Other processes write to the flow too.</summary>
    public bool IsShared => _sharing is not null;

    /// <summary>Looks from time to time at what other processes have written, until <paramref name="stop"/>; ends at once where
    /// there are none.</summary>
    /// <param name="look">May find the server away: the next look sees.</param>
    public async Task FollowOthersAsync(Func<CancellationToken, Task> look, CancellationToken stop)
    {
        while (IsShared && !stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Limits.SharedLookInterval, _options.Clock, stop);
                await look(stop);
            }
            catch (Exception e) when (e is OperationCanceledException or StorageFaultException)
            {
                // The stop, or the next look sees.
            }
        }
    }

    /// <summary>True for the one process that does what is done once for all: where no other writes, this one.</summary>
    /// <param name="duty">What is done.</param>
    /// <exception cref="StorageFaultException">The server cannot be reached: nobody knows.</exception>
    public async Task<bool> HasDutyAsync(string duty, CancellationToken cancellationToken) =>
        _sharing is null || await _sharing.TryHoldAsync(duty, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_sharing is not null) await _sharing.DisposeAsync();
        await _writer.DisposeAsync();
        _readers.Dispose();
        _held.Dispose();
        _options.Bucket?.Dispose();
    }

    // A flow that begins anew beside the one that is there would answer every repeated message as a new one, and never
    // send what the other holds.
    private static DatabaseStore Open(FlowStoreOptions options)
    {
        var file = Path.Combine(options.Folder, options.FileName + ".db");
        if (options.Postgres is { } postgres)
        {
            if (!options.Disk.FileExists(file))
            {
                return PostgresStore.Open(
                    postgres, options.Folder, options.FileName, options.Disk, FlowSchema.StoreOf(options),
                    options.Bucket?.IdentityOf(options.FileName));
            }

            throw new StorageFaultException(
                StorageFault.Exists,
                $"The flow is in '{file}', and PostgreSQL is configured: 'drimbox copy' moves it there, or take Database "
                + "out of the configuration of the node. To begin without what the file holds, move it away with all that "
                + "begins with its name.");
        }

        var identity = PostgresIdentity.PathIn(options.Folder, options.FileName);
        if (!options.Disk.FileExists(identity))
            return SqliteStore.Open(options.Folder, options.FileName, options.Disk, FlowSchema.Migrations);
        throw new StorageFaultException(
            StorageFault.Absent,
            $"'{identity}' says that the flow is in PostgreSQL, and no database is configured: put Database into the "
            + "configuration of the node. To begin without what PostgreSQL holds, move that file away.");
    }

    private void Heard(WorkSignal work)
    {
        work.Set();
        WakeAuditReaders();
    }

    /// <summary>What a commit reads before it writes: others that want to write it wait, or have done so before.</summary>
    private static HashSet<string> NamesOf(DatabaseConnection db, FlowCommit commit, string audit)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (commit.Inbox?.Key is { } key)
        {
            names.Add(string.Join(
                '\0', "message", key.ControlId, key.SendingApplication, key.SendingFacility, key.ReceivingApplication,
                key.ReceivingFacility));
        }

        foreach (var append in commit.Appends) names.Add("stream " + append.Stream.Value);
        foreach (var alias in commit.Aliases.Concat(commit.AliasMoves)) names.Add($"alias {alias.Kind}\0{alias.Key}");
        foreach (var row in commit.Outbox) names.Add(OutboxTable.NameOf(row.Lane));
        if (commit.Audit.Count > 0) names.Add(audit);
        if (commit.Resent is { } resent) names.Add(OutboxTable.NameOf(resent.Lane));
        if (commit.Result is { } result) names.UnionWith(OutboxTable.NamesOf(db, result.Id));
        return names;
    }

    private CommitResult Write(DatabaseConnection db, FlowCommit commit)
    {
        if (commit.Inbox is { } message)
        {
            if (FindInbox(db, message.Key) is var (ack, ackCode, sha256))
                return new CommitResult.DuplicateMessage(ack, ackCode, sha256 == message.Sha256);
            InsertInbox(db, message);
        }

        if (commit.Resent is { } resent) _outbox.Resend(db, resent);
        if (commit.Result is { } result && !_outbox.Complete(db, result)) return new CommitResult.LeaseLost();
        foreach (var append in commit.Appends)
        {
            if (!Append(db, append)) return new CommitResult.VersionConflict(append.Stream);
        }

        foreach (var alias in commit.Aliases)
        {
            var target = TargetOf(db, alias.Kind, alias.Key);
            if (target is null) Put(db, "INSERT INTO alias (kind, key, target) VALUES (?, ?, ?)", alias);
            else if (target != alias.Target) return new CommitResult.AliasTaken(alias with { Target = target });
        }

        foreach (var alias in commit.AliasMoves)
        {
            Put(db, """
                INSERT INTO alias (kind, key, target) VALUES (?, ?, ?)
                ON CONFLICT (kind, key) DO UPDATE SET target = excluded.target
                """, alias);
        }

        foreach (var link in commit.Links)
        {
            db.Use("INSERT INTO link (kind, key, target) VALUES (?, ?, ?) ON CONFLICT (kind, key, target) DO NOTHING")
                .Add(link.Kind).Add(db.Dialect.Indexable(link.Key)).Add(link.Target).Run();
        }

        Invariant.Holds(_options.HasPublications || (commit.Publications.Count == 0 && commit.PublicationEnd is null));
        foreach (var publication in commit.Publications) PublicationTable.Insert(db, publication);
        if (commit.PublicationEnd is { } end) PublicationTable.End(db, end);
        var ids = new List<long>(commit.Outbox.Count);
        foreach (var row in commit.Outbox) ids.Add(_outbox.Insert(db, row));
        foreach (var record in commit.Audit) InsertAudit(db, record);
        return new CommitResult.Committed(ids);
    }

    private bool Append(DatabaseConnection db, StreamAppend append)
    {
        var stream = append.Stream.Value;
        var version = db.Use("SELECT version FROM stream WHERE stream = ?").Add(stream).LongOrNone() ?? 0;
        if (version != append.ExpectedVersion) return false;
        if (append.Events.Count == 0) return true;
        var now = Now(db);
        foreach (var row in append.Events)
        {
            version++;
            db.Use("INSERT INTO event (stream, version, type, json, recorded_at) VALUES (?, ?, ?, ?, ?)")
                .Add(stream).Add(version).Add(row.Type).Add(row.Json).Add(now).Run();
        }

        db.Use("""
            INSERT INTO stream (stream, version, created_at, changed_at) VALUES (?1, ?2, ?3, ?3)
            ON CONFLICT (stream) DO UPDATE SET version = ?2, changed_at = ?3
            """).Add(stream).Add(version).Add(now).Run();
        return true;
    }

    private DateTimeOffset Now(DatabaseConnection db) => _options.Clock.DatabaseNow(db);

    private static string? TargetOf(DatabaseConnection db, string kind, string key) =>
        db.Use("SELECT target FROM alias WHERE kind = ? AND key = ?")
            .Add(kind).Add(db.Dialect.Indexable(key)).TextOrNone();

    private static void Put(DatabaseConnection db, string sql, AliasRow alias) =>
        db.Use(sql).Add(alias.Kind).Add(db.Dialect.Indexable(alias.Key)).Add(alias.Target).Run();

    private static void InsertInbox(DatabaseConnection db, InboxRow row) =>
        AddKey(db, row.Key, db.Use("""
            INSERT INTO inbox (
                control_id, sending_application, sending_facility, receiving_application, receiving_facility,
                sha256, message_type, ack_code, received_at, object_sha256, object_length, ack, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """))
            .Add(row.Sha256).Add(row.MessageType).Add(row.AckCode).Add(row.ReceivedAt)
            .Add(row.BodyObject?.Sha256).Add(row.BodyObject?.Length).Add(row.Ack).AddBlob(row.Body.Span).Run();

    private static (string Ack, string AckCode, string Sha256)? FindInbox(DatabaseConnection db, InboxKey key)
    {
        var row = AddKey(db, key, db.Use("""
            SELECT ack, ack_code, sha256 FROM inbox
            WHERE control_id = ? AND sending_application = ? AND sending_facility = ?
              AND receiving_application = ? AND receiving_facility = ?
            """));
        (string, string, string)? found = row.Step() ? (row.Text(0), row.Text(1), row.Text(2)) : null;
        row.Reset();
        return found;
    }

    private static DatabaseStatement AddKey(DatabaseConnection db, InboxKey key, DatabaseStatement statement)
    {
        foreach (var part in (ReadOnlySpan<string>)
            [
                key.ControlId, key.SendingApplication, key.SendingFacility, key.ReceivingApplication,
                key.ReceivingFacility,
            ])
        {
            statement.Add(db.Dialect.Indexable(part));
        }

        return statement;
    }
}
