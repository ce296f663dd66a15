namespace Drimbox.Storage;

/// <summary>The tables of an audit trail. Rows are inserted, and removed from the oldest on once their time is over;
/// none is ever changed. <c>audit_chain</c> has a row for each trail: where it begins (what was removed ends there) and
/// where it ends. The number of a record says of which trail it is (<see cref="Core.Audit.AuditLink.Trail"/>).
/// <c>audit_target</c> has the place of each collector in each trail.</summary>
internal static class AuditSchema
{
    public const string Tables = """
        CREATE TABLE audit (
            id          INTEGER PRIMARY KEY,
            recorded_at INTEGER NOT NULL,
            event       TEXT    NOT NULL,
            type        TEXT    NOT NULL,
            outcome     INTEGER NOT NULL,
            message     TEXT    NOT NULL,
            sha256      TEXT    NOT NULL
        ) STRICT;
        CREATE INDEX audit_time ON audit (recorded_at);
        CREATE TABLE audit_key (
            kind  TEXT    NOT NULL,
            value TEXT    NOT NULL,
            audit INTEGER NOT NULL,
            PRIMARY KEY (kind, value, audit)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX audit_key_audit ON audit_key (audit);
        CREATE TABLE audit_chain (
            trail        INTEGER PRIMARY KEY,
            first_after  INTEGER NOT NULL,
            first_sha256 TEXT    NOT NULL,
            last         INTEGER NOT NULL,
            last_sha256  TEXT    NOT NULL
        ) STRICT;
        INSERT INTO audit_chain (trail, first_after, first_sha256, last, last_sha256) VALUES (1, 0, '', 0, '');
        CREATE TABLE audit_target (
            target TEXT PRIMARY KEY,
            sent   INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """;
}
