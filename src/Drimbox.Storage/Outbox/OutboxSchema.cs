namespace Drimbox.Storage;

/// <summary>The tables of an outbox.</summary>
internal static class OutboxSchema
{
    /// <summary>The schema, the same in each database that has an outbox. <c>unsettled</c> is 1 while it is unknown
    /// whether the row had its effect (in flight, ambiguous) and for a quarantined row that blocks: such a row is the
    /// head of its lane whatever its priority. <c>open</c> is 1 while the row holds its place in the lane.</summary>
    public const string Tables = """
        CREATE TABLE outbox (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            lane         TEXT    NOT NULL,
            kind         TEXT    NOT NULL,
            payload      TEXT    NOT NULL,
            priority     INTEGER NOT NULL,
            due_at       INTEGER NOT NULL,
            created_at   INTEGER NOT NULL,
            coalesce_key TEXT,
            state        TEXT    NOT NULL DEFAULT 'Pending',
            open         INTEGER NOT NULL DEFAULT 1,
            unsettled    INTEGER NOT NULL DEFAULT 0,
            attempts     INTEGER NOT NULL DEFAULT 0,
            faults       INTEGER NOT NULL DEFAULT 0,
            epoch        INTEGER NOT NULL DEFAULT 0,
            lease_owner  TEXT,
            lease_until  INTEGER,
            last_outcome TEXT,
            last_detail  TEXT,
            finished_at  INTEGER
        ) STRICT;
        CREATE INDEX outbox_lane ON outbox (lane, unsettled DESC, priority DESC, id) WHERE open = 1;
        CREATE INDEX outbox_coalesce ON outbox (lane, coalesce_key) WHERE open = 1 AND coalesce_key IS NOT NULL;
        CREATE INDEX outbox_state ON outbox (state, id);
        CREATE TABLE lane (
            lane     TEXT PRIMARY KEY,
            head     INTEGER NOT NULL,
            ready_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX lane_ready ON lane (ready_at) WHERE ready_at IS NOT NULL;
        CREATE TABLE outbox_intervention (
            id     INTEGER PRIMARY KEY,
            row_id INTEGER NOT NULL,
            action TEXT    NOT NULL,
            actor  TEXT    NOT NULL,
            at     INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX outbox_intervention_row ON outbox_intervention (row_id);
        """;

    /// <summary>Since then a claim is for kinds, and a withdrawal of any lane goes before the publications of
    /// others.</summary>
    public const string LanesByKind = """
        ALTER TABLE lane ADD COLUMN kind TEXT NOT NULL DEFAULT '';
        ALTER TABLE lane ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
        UPDATE lane SET
            kind = (SELECT outbox.kind FROM outbox WHERE outbox.id = lane.head),
            priority = (SELECT outbox.priority FROM outbox WHERE outbox.id = lane.head);
        DROP INDEX lane_ready;
        CREATE INDEX lane_ready ON lane (kind, priority, ready_at) WHERE ready_at IS NOT NULL;
        """;
}
