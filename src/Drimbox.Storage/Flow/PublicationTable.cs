using Drimbox.Core.Publications;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The submissions of a node that may publish. Other nodes do not have the table at all.</summary>
internal static class PublicationTable
{
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS publication (
            submission_set TEXT PRIMARY KEY,
            lane           TEXT    NOT NULL,
            kind           TEXT    NOT NULL,
            document       TEXT,
            target         TEXT,
            decided_at     INTEGER NOT NULL,
            outcome        TEXT,
            detail         TEXT,
            ended_at       INTEGER
        ) STRICT;
        CREATE INDEX IF NOT EXISTS publication_open ON publication (decided_at) WHERE ended_at IS NULL;
        """;

    public static void Insert(DatabaseConnection db, PublicationRow row) =>
        db.Use("""
            INSERT INTO publication (submission_set, lane, kind, document, target, decided_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """)
            .Add(row.SubmissionSet).Add(row.Lane).Add(row.Kind).Add(row.Document).Add(row.Target).Add(row.DecidedAt)
            .Run();

    public static void End(DatabaseConnection db, PublicationEnd end) =>
        db.Use("UPDATE publication SET outcome = ?, detail = ?, ended_at = ? WHERE submission_set = ?")
            .Add(end.Outcome.ToString()).Add(end.Detail).Add(end.EndedAt).Add(end.SubmissionSet).Run();

    /// <summary>The newest first.</summary>
    public static IReadOnlyList<PublicationEntry> List(DatabaseConnection db, bool onlyOpen, int max)
    {
        var rows = db.Use("""
            SELECT submission_set, lane, kind, document, target, decided_at, outcome, detail, ended_at FROM publication
            WHERE ?1 = 0 OR ended_at IS NULL ORDER BY decided_at DESC LIMIT ?2
            """).Add(onlyOpen ? 1L : 0L).Add(max);
        var entries = new List<PublicationEntry>();
        while (rows.Step())
        {
            var row = new PublicationRow(
                rows.Text(0), rows.Text(1), rows.Text(2), rows.TextOrNull(3), rows.TextOrNull(4), rows.Time(5));
            var end = rows.TextOrNull(6) is { } outcome
                ? new PublicationEnd(
                    row.SubmissionSet, Enum.Parse<DispatchOutcome>(outcome), rows.TextOrNull(7), rows.Time(8))
                : null;
            entries.Add(new PublicationEntry(row, end));
        }

        rows.Reset();
        return entries;
    }
}
