using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>Requests for storage commitment: what was accepted is kept until it was reported. Source: PS3.4 J.3.</summary>
public sealed class CommitmentTable
{
    /// <summary>A request is known by its transaction, its requester and what it asks for. <c>instances</c> has a line for
    /// each: class and instance; <c>outcome</c>, once it is known, one for each that failed: class, instance and
    /// reason.</summary>
    internal const string Schema = """
        CREATE TABLE commitment (
            id               INTEGER PRIMARY KEY,
            transaction_uid  TEXT    NOT NULL,
            requester_ae     TEXT    NOT NULL,
            called_ae        TEXT    NOT NULL,
            instances        TEXT    NOT NULL,
            instances_sha256 BLOB    NOT NULL,
            is_duplicate     INTEGER NOT NULL,
            outcome          TEXT,
            state            TEXT    NOT NULL DEFAULT 'Pending',
            requests         INTEGER NOT NULL DEFAULT 1,
            attempts         INTEGER NOT NULL DEFAULT 0,
            next_attempt_at  INTEGER,
            created_at       INTEGER NOT NULL,
            finished_at      INTEGER,
            last_detail      TEXT
        ) STRICT;
        CREATE UNIQUE INDEX commitment_request ON commitment (transaction_uid, requester_ae, instances_sha256);
        CREATE INDEX commitment_due ON commitment (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
        CREATE INDEX commitment_finished ON commitment (finished_at) WHERE finished_at IS NOT NULL;

        """;

    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly TimeProvider _clock;
    private readonly string? _owner;

    /// <param name="owner">The process, of several; null: there is one.</param>
    internal CommitmentTable(DatabaseWriter writer, DatabaseReaders readers, TimeProvider clock, string? owner)
    {
        _owner = owner;
        _writer = writer;
        _readers = readers;
        _clock = clock;
    }

    /// <summary>Keeps a request. The same one again is no second one: it waits for its report, or gets it once
    /// more.</summary>
    /// <returns>False if too many wait already.</returns>
    /// <exception cref="StorageFaultException">The disk or database failed; nothing may be acknowledged.</exception>
    public Task<bool> TryAddAsync(
        Uid transactionUid,
        AeTitle requesterAe,
        AeTitle calledAe,
        IReadOnlyList<(Uid SopClassUid, Uid SopInstanceUid)> instances,
        CancellationToken cancellationToken)
    {
        var lines = string.Join('\n', instances.Select(i => $"{i.SopClassUid} {i.SopInstanceUid}"));
        var sha256 = SHA256.HashData(Encoding.ASCII.GetBytes(lines));
        return WriteAsync(
            db => TryAdd(db, transactionUid, requesterAe, calledAe, lines, sha256), cancellationToken);
    }

    /// <summary>Takes over what waits of processes that are gone: they had the associations of the requests, if any
    /// had.</summary>
    /// <returns>How many.</returns>
    public async Task<int> TakeOverAsync(CancellationToken cancellationToken)
    {
        // Also of the time when the archive had one process.
        const string Left = """
            next_attempt_at IS NOT NULL
            AND (owner IS NULL OR NOT EXISTS (SELECT 1 FROM process WHERE process.name = commitment.owner))
            """;
        if (_owner is null) return 0;
        var left = await _readers.ReadAsync(
            db => db.Use($"SELECT count(*) FROM commitment WHERE {Left}").LongOrNone(), cancellationToken);
        if (left is null or 0) return 0;
        return await WriteAsync(
            db =>
            {
                db.Use($"UPDATE commitment SET owner = ? WHERE {Left}").Add(_owner).Run();
                return db.Changes;
            },
            cancellationToken);
    }

    /// <summary>What waits for this process, the next first.</summary>
    public Task<IReadOnlyList<PendingCommitment>> ListPendingAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<PendingCommitment>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT id, transaction_uid, requester_ae, requests, attempts, next_attempt_at FROM commitment
                    WHERE next_attempt_at IS NOT NULL AND (?1 IS NULL OR owner = ?1) ORDER BY next_attempt_at, id
                    """).Add(_owner);
                var pending = new List<PendingCommitment>();
                while (rows.Step())
                {
                    pending.Add(new PendingCommitment(
                        rows.Long(0), Uid.Parse(rows.Text(1)), AeTitle.Parse(rows.Text(2)), rows.Int(3), rows.Int(4),
                        rows.Time(5)));
                }

                rows.Reset();
                return pending;
            },
            cancellationToken);

    /// <summary>All of a request, or null if it is gone.</summary>
    public Task<CommitmentRow?> ReadAsync(long id, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db =>
            {
                var row = db.Use("""
                    SELECT transaction_uid, called_ae, instances, is_duplicate, outcome FROM commitment WHERE id = ?
                    """).Add(id);
                CommitmentRow? read = row.Step()
                    ? new CommitmentRow(
                        Uid.Parse(row.Text(0)), AeTitle.Parse(row.Text(1)), Instances(row.Text(2)), row.Long(3) == 1,
                        row.TextOrNull(4) is { } outcome ? Failures(outcome) : null)
                    : null;
                row.Reset();
                return read;
            },
            cancellationToken);

    /// <summary>Its report was taken, or is given up. Nothing if it was asked for again meanwhile: that waits for a report
    /// of its own.</summary>
    public Task FinishAsync(
        PendingCommitment pending, CommitmentState state, string? detail, CancellationToken cancellationToken)
    {
        Invariant.Holds(state != CommitmentState.Pending);
        return WriteAsync(
            db =>
            {
                db.Use("""
                    UPDATE commitment SET
                        state = ?, attempts = attempts + 1, next_attempt_at = NULL, finished_at = ?, last_detail = ?
                    WHERE id = ? AND requests = ?
                    """)
                    .Add(state.ToString()).Add(_clock.DatabaseNow()).Add(detail).Add(pending.Id).Add(pending.Requests)
                    .Run();
                return true;
            },
            cancellationToken);
    }

    /// <summary>Its report is tried again later. Nothing if it was asked for again meanwhile.</summary>
    /// <param name="failures">What the check said, if it was made: it is not made again.</param>
    public Task PostponeAsync(
        PendingCommitment pending,
        DateTimeOffset until,
        IReadOnlyList<CommitmentFailure>? failures,
        string detail,
        CancellationToken cancellationToken)
    {
        var outcome = failures is null
            ? null
            : string.Join('\n', failures.Select(f => string.Create(
                CultureInfo.InvariantCulture, $"{f.SopClassUid} {f.SopInstanceUid} {f.Reason:X4}")));
        return WriteAsync(
            db =>
            {
                db.Use("""
                    UPDATE commitment SET
                        attempts = attempts + 1, next_attempt_at = ?, outcome = coalesce(?, outcome), last_detail = ?
                    WHERE id = ? AND requests = ?
                    """).Add(until).Add(outcome).Add(detail).Add(pending.Id).Add(pending.Requests).Run();
                return true;
            },
            cancellationToken);
    }

    /// <summary>As operations see them, the newest first.</summary>
    public Task<IReadOnlyList<CommitmentEntry>> ListAsync(int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<CommitmentEntry>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT transaction_uid, requester_ae, state, attempts, next_attempt_at, created_at, finished_at,
                           last_detail
                    FROM commitment ORDER BY id DESC LIMIT ?
                    """).Add(max);
                var entries = new List<CommitmentEntry>();
                while (rows.Step())
                {
                    entries.Add(new CommitmentEntry(
                        Uid.Parse(rows.Text(0)), AeTitle.Parse(rows.Text(1)),
                        Enum.Parse<CommitmentState>(rows.Text(2)), rows.Int(3), rows.TimeOrNull(4), rows.Time(5),
                        rows.TimeOrNull(6), rows.TextOrNull(7)));
                }

                rows.Reset();
                return entries;
            },
            cancellationToken);

    private bool TryAdd(
        DatabaseConnection db, Uid transaction, AeTitle requester, AeTitle called, string lines, byte[] sha256)
    {
        var now = _clock.DatabaseNow();
        db.Use("DELETE FROM commitment WHERE finished_at < ?").Add(now - Limits.CommitmentsKept).Run();
        var known = db.Use("""
            SELECT id FROM commitment WHERE transaction_uid = ? AND requester_ae = ? AND instances_sha256 = ?
            """).Add(transaction.ToString()).Add(requester.ToString()).AddBlob(sha256).LongOrNone();
        if (known is { } id)
        {
            // The report of before may not have arrived, and the files may be others by now.
            db.Use("""
                UPDATE commitment SET
                    state = 'Pending', requests = requests + 1, attempts = 0, next_attempt_at = ?, outcome = NULL,
                    finished_at = NULL, called_ae = ?, owner = ?
                WHERE id = ?
                """).Add(now).Add(called.ToString()).Add(_owner).Add(id).Run();
            return true;
        }

        var pending = db.Use("SELECT count(*) FROM commitment WHERE next_attempt_at IS NOT NULL").LongOrNone();
        if (pending >= Limits.CommitmentsPendingMax) return false;
        var other = db.Use("SELECT 1 FROM commitment WHERE transaction_uid = ? LIMIT 1").Add(transaction.ToString())
            .LongOrNone();
        db.Use("""
            INSERT INTO commitment (
                transaction_uid, requester_ae, called_ae, instances, instances_sha256, is_duplicate, next_attempt_at,
                created_at, owner)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .Add(transaction.ToString()).Add(requester.ToString()).Add(called.ToString()).Add(lines).AddBlob(sha256)
            .Add(other is null ? 0 : 1).Add(now).Add(now).Add(_owner).Run();
        return true;
    }

    private static List<(Uid, Uid)> Instances(string lines) => lines.Split('\n')
        .Select(line => line.Split(' '))
        .Select(words => (Uid.Parse(words[0]), Uid.Parse(words[1])))
        .ToList();

    private static List<CommitmentFailure> Failures(string lines) => lines
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .Select(words => new CommitmentFailure(
            Uid.Parse(words[0]), Uid.Parse(words[1]),
            ushort.Parse(words[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
        .ToList();

    private Task<T> WriteAsync<T>(Func<DatabaseConnection, T> work, CancellationToken cancellationToken) =>
        _writer.RunAsync(db => new Written<T>(work(db), Keep: true), cancellationToken);
}
