using Drimbox.Storage.Database;

namespace Drimbox.Storage;

internal static class FlowSchema
{
    /// <summary>A flow as a store. Statistics are of some nodes only.</summary>
    public static StoreSchema Store => new(
        "the flow", Migrations, ["stream", "inbox", "alias", "link", "outbox", "audit", "resync_run", "statistic"],
        IsDerived: false)
    {
        HasPositions = true,
        Further = [("publication", PublicationTable.Schema), ("statistic", StatisticTable.Schema)],
        PeerKeys = new HashSet<string>(StringComparer.Ordinal)
        {
            "alias.key", "link.key", "inbox.control_id", "inbox.sending_application", "inbox.sending_facility",
            "inbox.receiving_application", "inbox.receiving_facility",
        },
    };

    /// <summary>The same with those further tables alone that a node has.</summary>
    public static StoreSchema StoreOf(FlowStoreOptions options) => Store with
    {
        Further =
        [
            .. Store.Further.Where(further => further.Table switch
            {
                "publication" => options.HasPublications,
                _ => options.HasStatistics,
            }),
        ],
    };

    public static IReadOnlyList<DatabaseMigration> Migrations { get; } =
    [
        new(1, """
            CREATE TABLE stream (
                stream     TEXT PRIMARY KEY,
                version    INTEGER NOT NULL,
                created_at INTEGER NOT NULL,
                changed_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE event (
                position    INTEGER PRIMARY KEY,
                stream      TEXT    NOT NULL,
                version     INTEGER NOT NULL,
                type        TEXT    NOT NULL,
                json        TEXT    NOT NULL,
                recorded_at INTEGER NOT NULL
            ) STRICT;
            CREATE UNIQUE INDEX event_stream ON event (stream, version);
            CREATE TABLE inbox (
                id                    INTEGER PRIMARY KEY,
                sending_application   TEXT    NOT NULL,
                sending_facility      TEXT    NOT NULL,
                receiving_application TEXT    NOT NULL,
                receiving_facility    TEXT    NOT NULL,
                control_id            TEXT    NOT NULL,
                sha256                TEXT    NOT NULL,
                message_type          TEXT    NOT NULL,
                ack_code              TEXT    NOT NULL,
                received_at           INTEGER NOT NULL,
                object_sha256         TEXT,
                object_length         INTEGER,
                ack                   TEXT    NOT NULL,
                body                  BLOB    NOT NULL
            ) STRICT;
            CREATE UNIQUE INDEX inbox_key ON inbox (
                control_id, sending_application, sending_facility, receiving_application, receiving_facility);
            CREATE TABLE alias (
                kind   TEXT NOT NULL,
                key    TEXT NOT NULL,
                target TEXT NOT NULL,
                PRIMARY KEY (kind, key)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE link (
                kind   TEXT NOT NULL,
                key    TEXT NOT NULL,
                target TEXT NOT NULL,
                PRIMARY KEY (kind, key, target)
            ) STRICT, WITHOUT ROWID;
            """ + OutboxSchema.Tables),
        new(2, OutboxSchema.LanesByKind),
        new(3, AuditSchema.Tables),
        new(4, ResyncTable.Schema),
    ];
}
