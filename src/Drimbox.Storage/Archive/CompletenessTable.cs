using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>A study that is on its way, as the database knows it.</summary>
/// <param name="LastArrival">Of an image.</param>
public sealed record ReceivingStudy(Uid StudyInstanceUid, DateTimeOffset LastArrival);

/// <summary>The instances that an ended procedure step made of a study.</summary>
public sealed record AnnouncedStudy(Uid StudyInstanceUid, IReadOnlyList<Uid> SopInstanceUids);

/// <summary>How complete a study is, as operations see it.</summary>
/// <param name="Reason">Of the last completion; null if there was none.</param>
/// <param name="Completions">How often it was complete.</param>
/// <param name="ChangedAt">When it became so.</param>
public sealed record CompletenessEntry(
    Uid StudyInstanceUid, bool IsComplete, CompletenessReason? Reason, int Completions, DateTimeOffset ChangedAt);

/// <summary>Which studies are complete. An image that is inserted opens its study again, in the same
/// transaction.</summary>
public sealed class CompletenessTable
{
    /// <summary>By triggers, so that no way into the index passes by. A study of before has no row: it is
    /// complete.</summary>
    internal const string Schema = Tables + Triggers;

    internal const string Tables = """
        CREATE TABLE completeness (
            study       INTEGER PRIMARY KEY REFERENCES study (id),
            is_complete INTEGER NOT NULL,
            reason      TEXT,
            completions INTEGER NOT NULL DEFAULT 0,
            changed_at  INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX completeness_open ON completeness (study) WHERE is_complete = 0;
        CREATE TABLE announcement (
            study_instance_uid TEXT PRIMARY KEY,
            instances          TEXT    NOT NULL,
            announced_at       INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        """;

    private const string Triggers = """
        CREATE TRIGGER completeness_arrival AFTER INSERT ON instance BEGIN
            INSERT INTO completeness (study, is_complete, changed_at)
            SELECT study, 0, NEW.received_at FROM series WHERE id = NEW.series
            ON CONFLICT (study) DO UPDATE SET is_complete = 0, changed_at = NEW.received_at WHERE is_complete = 1;
        END;
        CREATE TRIGGER completeness_gone BEFORE DELETE ON study BEGIN
            DELETE FROM completeness WHERE study = OLD.id;
        END;
        """;

    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly OutboxTable _outbox;
    private readonly TimeProvider _clock;

    internal CompletenessTable(DatabaseWriter writer, DatabaseReaders readers, OutboxTable outbox, TimeProvider clock)
    {
        _writer = writer;
        _readers = readers;
        _outbox = outbox;
        _clock = clock;
    }

    /// <summary>Every study that is not complete.</summary>
    /// <param name="openedBefore">Those alone that have been on their way since before that.</param>
    public Task<IReadOnlyList<ReceivingStudy>> ListReceivingAsync(
        CancellationToken cancellationToken, DateTimeOffset? openedBefore = null) =>
        _readers.ReadAsync<IReadOnlyList<ReceivingStudy>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT s.study_instance_uid, max(i.received_at)
                    FROM completeness c JOIN study s ON s.id = c.study JOIN series e ON e.study = s.id
                    JOIN instance i ON i.series = e.id
                    WHERE c.is_complete = 0 AND c.changed_at < ? GROUP BY s.id
                    """).Add(openedBefore ?? DateTimeOffset.MaxValue);
                var studies = new List<ReceivingStudy>();
                while (rows.Step()) studies.Add(new ReceivingStudy(Uid.Parse(rows.Text(0)), rows.Time(1)));
                rows.Reset();
                return studies;
            },
            cancellationToken);

    /// <summary>What was announced of studies that are not complete, or not here at all.</summary>
    public Task<IReadOnlyList<AnnouncedStudy>> ListAnnouncedAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<AnnouncedStudy>>(
            db =>
            {
                var rows = db.Use("SELECT study_instance_uid, instances FROM announcement");
                var studies = new List<AnnouncedStudy>();
                while (rows.Step())
                {
                    studies.Add(new AnnouncedStudy(
                        Uid.Parse(rows.Text(0)), rows.Text(1).Split(' ').Select(uid => Uid.Parse(uid)).ToList()));
                }

                rows.Reset();
                return studies;
            },
            cancellationToken);

    /// <summary>Keeps what a procedure step made, until the study is complete.</summary>
    public Task AnnounceAsync(AnnouncedStudy study, CancellationToken cancellationToken) => WriteAsync(
        db =>
        {
            var now = _clock.DatabaseNow();
            db.Use("DELETE FROM announcement WHERE announced_at < ?").Add(now - Limits.AnnouncementsKept).Run();
            db.Use("""
                INSERT INTO announcement (study_instance_uid, instances, announced_at) VALUES (?, ?, ?)
                ON CONFLICT (study_instance_uid)
                DO UPDATE SET instances = excluded.instances, announced_at = excluded.announced_at
                """)
                .Add(study.StudyInstanceUid.ToString()).Add(string.Join(' ', study.SopInstanceUids)).Add(now).Run();
            return true;
        },
        cancellationToken);

    /// <summary>Closes a study, with what that sets off; if it is complete already or not here, what was announced of
    /// it is forgotten and no more.</summary>
    /// <param name="newest">It stays open if an image came after that: to another process, which closes it. Null:
    /// whatever came.</param>
    /// <returns>True if it was closed now.</returns>
    public Task<bool> CompleteAsync(
        Uid studyInstanceUid,
        CompletenessReason reason,
        IReadOnlyList<OutboxRow> outbox,
        CancellationToken cancellationToken,
        DateTimeOffset? newest = null) => WriteAsync(
        db =>
        {
            var uid = studyInstanceUid.ToString();
            if (newest is { } last && CameAfter(db, uid, last)) return false;
            var closed = db.Use("""
                UPDATE completeness SET is_complete = 1, reason = ?, completions = completions + 1, changed_at = ?
                WHERE study = (SELECT id FROM study WHERE study_instance_uid = ?) AND is_complete = 0 RETURNING study
                """).Add(reason.ToString()).Add(_clock.DatabaseNow()).Add(uid).LongOrNone();
            db.Use("DELETE FROM announcement WHERE study_instance_uid = ?").Add(uid).Run();
            if (closed is null) return false;
            foreach (var row in outbox) _outbox.Insert(db, row);
            return true;
        },
        cancellationToken);

    /// <summary>As operations see them, what changed last first.</summary>
    /// <param name="isComplete">Only such; null for all.</param>
    public Task<IReadOnlyList<CompletenessEntry>> ListAsync(
        bool? isComplete, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<CompletenessEntry>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT s.study_instance_uid, c.is_complete, c.reason, c.completions, c.changed_at
                    FROM completeness c JOIN study s ON s.id = c.study
                    WHERE ?1 IS NULL OR c.is_complete = ?1
                    ORDER BY c.changed_at DESC LIMIT ?2
                    """).Add(isComplete is { } only ? (only ? 1L : 0L) : (long?)null).Add(max);
                var entries = new List<CompletenessEntry>();
                while (rows.Step())
                {
                    entries.Add(new CompletenessEntry(
                        Uid.Parse(rows.Text(0)), rows.Long(1) == 1,
                        rows.TextOrNull(2) is { } reason ? Enum.Parse<CompletenessReason>(reason) : null,
                        rows.Int(3), rows.Time(4)));
                }

                rows.Reset();
                return entries;
            },
            cancellationToken);

    private static bool CameAfter(DatabaseConnection db, string study, DateTimeOffset last) => db.Use("""
        SELECT 1 FROM study s JOIN series e ON e.study = s.id JOIN instance i ON i.series = e.id
        WHERE s.study_instance_uid = ? AND i.received_at > ? LIMIT 1
        """).Add(study).Add(last).LongOrNone() is not null;

    /// <summary>Opens a study again whose instances were corrected: no row is inserted then that a trigger would
    /// see.</summary>
    internal static void Reopen(DatabaseConnection db, Uid study, DateTimeOffset at) =>
        db.Use("""
            INSERT INTO completeness (study, is_complete, changed_at)
            SELECT id, 0, ? FROM study WHERE study_instance_uid = ?
            ON CONFLICT (study) DO UPDATE SET is_complete = 0, changed_at = excluded.changed_at
            WHERE completeness.is_complete = 1
            """).Add(at).Add(study.ToString()).Run();

    private Task<T> WriteAsync<T>(Func<DatabaseConnection, T> work, CancellationToken cancellationToken) =>
        _writer.RunAsync(db => new Written<T>(work(db), Keep: true), cancellationToken);
}
