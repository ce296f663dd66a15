namespace Drimbox.Storage.Postgres;

/// <summary>Of the archive's schema, what PostgreSQL says in functions. Part of released migrations: it never
/// changes.</summary>
internal static class PostgresTriggers
{
    /// <summary>What a study-level answer counts, as <see cref="FindSchema"/> has it.</summary>
    public const string Counts = """
        CREATE FUNCTION study_modalities(bigint) RETURNS text LANGUAGE sql STABLE AS $$
            SELECT coalesce(string_agg(modality, '\' ORDER BY modality), '') FROM (
                SELECT DISTINCT modality FROM series
                WHERE study = $1 AND visible_instances > 0 AND modality <> '') m
        $$;
        CREATE FUNCTION study_counts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE study SET
                visible_instances = visible_instances + NEW.visible_instances - OLD.visible_instances,
                visible_series = visible_series
                    + CAST(NEW.visible_instances > 0 AS integer) - CAST(OLD.visible_instances > 0 AS integer),
                modalities = CASE
                    WHEN (NEW.visible_instances > 0) = (OLD.visible_instances > 0) AND NEW.modality = OLD.modality
                        THEN modalities
                    ELSE study_modalities(NEW.study)
                    END
            WHERE id = NEW.study;
            RETURN NULL;
        END $$;
        CREATE TRIGGER study_counts_follow AFTER UPDATE OF visible_instances, modality ON series
            FOR EACH ROW EXECUTE FUNCTION study_counts_follow();
        CREATE FUNCTION study_counts_forget() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE study SET
                visible_instances = visible_instances - OLD.visible_instances,
                visible_series = visible_series - 1,
                modalities = study_modalities(OLD.study)
            WHERE id = OLD.study;
            RETURN NULL;
        END $$;
        CREATE TRIGGER study_counts_forget AFTER DELETE ON series
            FOR EACH ROW WHEN (OLD.visible_instances > 0) EXECUTE FUNCTION study_counts_forget();

        """;

    /// <summary>Each text of a JSON value; of what is none, itself.</summary>
    public const string PayloadTexts = """
        CREATE FUNCTION payload_texts(payload text) RETURNS SETOF text LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            RETURN QUERY SELECT v #>> '{}' FROM jsonb_path_query(CAST(payload AS jsonb), 'strict $.**') v
                WHERE jsonb_typeof(v) = 'string';
        EXCEPTION WHEN data_exception THEN
            RETURN NEXT payload;
        END $$;
        """;

    /// <summary>An image that is inserted opens its study again, in the same transaction.</summary>
    public const string Completeness = """
        CREATE FUNCTION completeness_arrival() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO completeness (study, is_complete, changed_at)
            SELECT study, 0, NEW.received_at FROM series WHERE id = NEW.series
            ON CONFLICT (study) DO UPDATE SET is_complete = 0, changed_at = NEW.received_at
            WHERE completeness.is_complete = 1;
            RETURN NULL;
        END $$;
        CREATE TRIGGER completeness_arrival AFTER INSERT ON instance
            FOR EACH ROW EXECUTE FUNCTION completeness_arrival();
        CREATE FUNCTION completeness_gone() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM completeness WHERE study = OLD.id;
            RETURN OLD;
        END $$;
        CREATE TRIGGER completeness_gone BEFORE DELETE ON study
            FOR EACH ROW EXECUTE FUNCTION completeness_gone();
        """;
}
