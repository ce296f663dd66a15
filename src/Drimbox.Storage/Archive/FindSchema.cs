using Drimbox.Storage.Postgres;

namespace Drimbox.Storage;

internal static class FindSchema
{
    // What a study-level answer counts stands on its row. Triggers keep it: whatever changes the visible instances of a
    // series, its study follows in the same statement. Each instance changes one more page of the transaction, and no
    // index.
    //
    // request_attributes: the items of Request Attributes Sequence, in their order. The two identifiers that others ask
    // by have an index, which holds only the series that have them.
    public const string Sql = Columns + Counts + Requests;

    /// <summary>The same for PostgreSQL, whose stores never had rows without the columns.</summary>
    public static string Postgres { get; } =
        PostgresText.Schema(Columns) + PostgresTriggers.Counts + PostgresText.Schema(Requests);

    private const string Columns = """
        ALTER TABLE study ADD COLUMN visible_series INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE study ADD COLUMN visible_instances INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE study ADD COLUMN modalities TEXT NOT NULL DEFAULT '';
        ALTER TABLE series ADD COLUMN pps_start_date TEXT NOT NULL DEFAULT '';
        ALTER TABLE series ADD COLUMN pps_start_time TEXT NOT NULL DEFAULT '';
        ALTER TABLE series ADD COLUMN pps_start_time_key TEXT NOT NULL DEFAULT '';

        """;

    private const string Counts = """
        UPDATE study SET
            visible_series = (SELECT count(*) FROM series WHERE study = study.id AND visible_instances > 0),
            visible_instances = (SELECT coalesce(sum(visible_instances), 0) FROM series WHERE study = study.id),
            modalities = (SELECT coalesce(group_concat(modality, '\'), '') FROM (
                SELECT DISTINCT modality FROM series
                WHERE study = study.id AND visible_instances > 0 AND modality <> '' ORDER BY modality));
        CREATE TRIGGER study_counts_follow AFTER UPDATE OF visible_instances, modality ON series
        BEGIN
            UPDATE study SET
                visible_instances = visible_instances + new.visible_instances - old.visible_instances,
                visible_series = visible_series + (new.visible_instances > 0) - (old.visible_instances > 0),
                modalities = CASE
                    WHEN (new.visible_instances > 0) = (old.visible_instances > 0) AND new.modality = old.modality
                        THEN modalities
                    ELSE (SELECT coalesce(group_concat(modality, '\'), '') FROM (
                        SELECT DISTINCT modality FROM series
                        WHERE study = new.study AND visible_instances > 0 AND modality <> '' ORDER BY modality))
                    END
            WHERE id = new.study;
        END;
        CREATE TRIGGER study_counts_forget AFTER DELETE ON series WHEN old.visible_instances > 0
        BEGIN
            UPDATE study SET
                visible_instances = visible_instances - old.visible_instances,
                visible_series = visible_series - 1,
                modalities = (SELECT coalesce(group_concat(modality, '\'), '') FROM (
                    SELECT DISTINCT modality FROM series
                    WHERE study = old.study AND visible_instances > 0 AND modality <> '' ORDER BY modality))
            WHERE id = old.study;
        END;

        """;

    private const string Requests = """
        CREATE TABLE request_attributes (
            series                               INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
            position                             INTEGER NOT NULL,
            accession_number                     TEXT NOT NULL,
            requested_procedure_id               TEXT NOT NULL,
            requested_procedure_description      TEXT NOT NULL,
            scheduled_procedure_step_id          TEXT NOT NULL,
            scheduled_procedure_step_description TEXT NOT NULL,
            PRIMARY KEY (series, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX request_requested_procedure_id ON request_attributes (requested_procedure_id)
            WHERE requested_procedure_id <> '';
        CREATE INDEX request_scheduled_step_id ON request_attributes (scheduled_procedure_step_id)
            WHERE scheduled_procedure_step_id <> '';
        """;
}
