using Drimbox.Storage.Database;
using Drimbox.Storage.Postgres;

namespace Drimbox.Storage;

internal static class ArchiveSchema
{
    /// <summary>An index as a store.</summary>
    public static StoreSchema Store => new(
        "the index of an archive", Migrations, ["instance", "quarantined_file"], IsDerived: true)
    {
        IsLockedWhole = true,
    };

    public static IReadOnlyList<DatabaseMigration> Migrations { get; } =
    [
        // A patient row is one combination of attributes as received: an identifier that two sites gave to two persons
        // never shows one under the name of the other. What belongs together is for the reader to say.
        // visible_instances is kept up to date, so that counts and visibility of a study cost a look at its series.
        new(1, """
            CREATE TABLE patient (
                id          INTEGER PRIMARY KEY,
                patient_id  TEXT NOT NULL,
                issuer      TEXT NOT NULL,
                name        TEXT NOT NULL,
                birth_date  TEXT NOT NULL,
                sex         TEXT NOT NULL,
                name_folded TEXT NOT NULL,
                ideographic TEXT NOT NULL,
                phonetic    TEXT NOT NULL
            ) STRICT;
            CREATE UNIQUE INDEX patient_attributes ON patient (patient_id, issuer, name, birth_date, sex);
            CREATE INDEX patient_name_folded ON patient (name_folded);
            CREATE INDEX patient_ideographic ON patient (ideographic) WHERE ideographic <> '';
            CREATE INDEX patient_phonetic ON patient (phonetic) WHERE phonetic <> '';
            CREATE TABLE study (
                id                  INTEGER PRIMARY KEY,
                patient             INTEGER NOT NULL REFERENCES patient (id),
                study_instance_uid  TEXT NOT NULL,
                study_date          TEXT NOT NULL,
                study_time          TEXT NOT NULL,
                study_time_key      TEXT NOT NULL,
                accession_number    TEXT NOT NULL,
                study_id            TEXT NOT NULL,
                study_description   TEXT NOT NULL,
                referring_physician TEXT NOT NULL,
                referring_folded    TEXT NOT NULL
            ) STRICT;
            CREATE UNIQUE INDEX study_uid ON study (study_instance_uid);
            CREATE INDEX study_patient ON study (patient);
            CREATE INDEX study_study_date ON study (study_date, study_time_key);
            CREATE INDEX study_accession_number ON study (accession_number);
            CREATE TABLE series (
                id                  INTEGER PRIMARY KEY,
                study               INTEGER NOT NULL REFERENCES study (id),
                series_instance_uid TEXT NOT NULL,
                modality            TEXT NOT NULL,
                series_number       TEXT NOT NULL,
                series_description  TEXT NOT NULL,
                series_date         TEXT NOT NULL,
                series_time         TEXT NOT NULL,
                series_time_key     TEXT NOT NULL,
                visible_instances   INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            CREATE UNIQUE INDEX series_of_study ON series (study, series_instance_uid);
            CREATE INDEX series_uid ON series (series_instance_uid);
            CREATE TABLE instance (
                id                  INTEGER PRIMARY KEY AUTOINCREMENT,
                series              INTEGER NOT NULL REFERENCES series (id),
                sop_instance_uid    TEXT NOT NULL,
                sop_class_uid       TEXT NOT NULL,
                transfer_syntax_uid TEXT NOT NULL,
                instance_number     TEXT NOT NULL,
                number_of_frames    INTEGER NOT NULL,
                rows                INTEGER NOT NULL,
                columns             INTEGER NOT NULL,
                file_name           TEXT NOT NULL,
                length              INTEGER NOT NULL,
                sha256              BLOB NOT NULL,
                data_set_sha256     BLOB NOT NULL,
                received_at         INTEGER NOT NULL,
                sender_ae           TEXT NOT NULL,
                visible             INTEGER NOT NULL DEFAULT 1,
                hidden_reason       TEXT,
                hidden_at           INTEGER
            ) STRICT;
            CREATE UNIQUE INDEX instance_uid ON instance (sop_instance_uid);
            CREATE INDEX instance_series ON instance (series);
            CREATE TABLE mark (
                one           INTEGER PRIMARY KEY CHECK (one = 1),
                verified_to   INTEGER NOT NULL,
                stopped_clean INTEGER NOT NULL
            ) STRICT;
            INSERT INTO mark VALUES (1, 0, 1);
            """ + OutboxSchema.Tables),

        // Duplicates (docs/adr/0017). The row of an instance names the first rendition of the version that stands;
        // further_file has the other renditions and the prior versions. Identifiers have their issuers.
        new(2, """
            ALTER TABLE instance ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
            ALTER TABLE instance ADD COLUMN renditions INTEGER NOT NULL DEFAULT 0;
            CREATE TABLE further_file (
                id                  INTEGER PRIMARY KEY AUTOINCREMENT,
                instance            INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
                version             INTEGER NOT NULL,
                sop_class_uid       TEXT NOT NULL,
                transfer_syntax_uid TEXT NOT NULL,
                file_name           TEXT NOT NULL,
                length              INTEGER NOT NULL,
                sha256              BLOB NOT NULL,
                data_set_sha256     BLOB NOT NULL,
                received_at         INTEGER NOT NULL,
                sender_ae           TEXT NOT NULL
            ) STRICT;
            CREATE INDEX further_file_instance ON further_file (instance, version);
            CREATE TABLE quarantined_file (
                id                  INTEGER PRIMARY KEY AUTOINCREMENT,
                sop_instance_uid    TEXT NOT NULL,
                sop_class_uid       TEXT NOT NULL,
                study_instance_uid  TEXT NOT NULL,
                series_instance_uid TEXT NOT NULL,
                transfer_syntax_uid TEXT NOT NULL,
                file_name           TEXT NOT NULL,
                length              INTEGER NOT NULL,
                sha256              BLOB NOT NULL,
                data_set_sha256     BLOB NOT NULL,
                received_at         INTEGER NOT NULL,
                sender_ae           TEXT NOT NULL,
                reason              TEXT NOT NULL
            ) STRICT;
            CREATE INDEX quarantined_file_uid ON quarantined_file (sop_instance_uid);
            CREATE UNIQUE INDEX quarantined_file_name ON quarantined_file (file_name);
            CREATE TABLE archive_event (
                id               INTEGER PRIMARY KEY AUTOINCREMENT,
                at               INTEGER NOT NULL,
                actor            TEXT NOT NULL,
                action           TEXT NOT NULL,
                sop_instance_uid TEXT NOT NULL,
                detail           TEXT NOT NULL
            ) STRICT;
            CREATE INDEX archive_event_uid ON archive_event (sop_instance_uid);
            ALTER TABLE mark ADD COLUMN further_verified_to INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE patient ADD COLUMN issuer_entity TEXT NOT NULL DEFAULT '';
            ALTER TABLE patient ADD COLUMN issuer_entity_type TEXT NOT NULL DEFAULT '';
            DROP INDEX patient_attributes;
            CREATE UNIQUE INDEX patient_attributes ON patient (
                patient_id, issuer, issuer_entity, name, birth_date, sex);
            CREATE TABLE other_patient_id (
                patient            INTEGER NOT NULL REFERENCES patient (id) ON DELETE CASCADE,
                patient_id         TEXT NOT NULL,
                issuer             TEXT NOT NULL,
                issuer_entity      TEXT NOT NULL,
                issuer_entity_type TEXT NOT NULL,
                PRIMARY KEY (patient, patient_id, issuer, issuer_entity)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX other_patient_id_value ON other_patient_id (patient_id, issuer, issuer_entity);
            ALTER TABLE study ADD COLUMN accession_issuer TEXT NOT NULL DEFAULT '';
            ALTER TABLE study ADD COLUMN accession_issuer_entity TEXT NOT NULL DEFAULT '';
            ALTER TABLE study ADD COLUMN accession_issuer_entity_type TEXT NOT NULL DEFAULT '';
            """),
        new(3, FindSchema.Sql, FindSchema.Postgres),
        new(4, LifeCycleWrites.Schema, PostgresText.Schema(LifeCycleWrites.Schema) + PostgresTriggers.PayloadTexts),
        new(
            5, CommitmentTable.Schema + CompletenessTable.Schema,
            PostgresText.Schema(CommitmentTable.Schema + CompletenessTable.Tables) + PostgresTriggers.Completeness),
        new(6, CorrectionWrites.Schema, PostgresText.Schema(CorrectionWrites.Schema)),
        new(7, OutboxSchema.LanesByKind, PostgresText.Schema(OutboxSchema.LanesByKind)),
        // The process that reports it, of several (docs/adr/0040): the association of the request may be there.
        new(8, "ALTER TABLE commitment ADD COLUMN owner TEXT;"),
    ];
}
