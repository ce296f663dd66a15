using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>What an administrator and retention read of the studies, on a reading connection.</summary>
internal static class StudyListing
{
    private const string Aggregates = """
        count(DISTINCT e.id), count(*), count(CASE WHEN i.visible = 0 THEN 1 END), count(i.damaged_at), sum(i.length),
        min(i.received_at), max(i.received_at), (
            SELECT group_concat(m.modality, ',')
            FROM (SELECT DISTINCT modality FROM series WHERE study = s.id AND modality <> '') m)
        """;

    /// <summary>Newest study first.</summary>
    public static IReadOnlyList<StudyEntry> List(DatabaseConnection db, StudyFilter filter)
    {
        var terms = new List<string>();
        var values = new List<string>();
        void Term(string? value, string sql)
        {
            if (value is null) return;
            values.Add(value);
            terms.Add(sql);
        }

        Term(filter.PatientId, "p.patient_id = ?");
        Term(filter.AccessionNumber, "s.accession_number = ?");
        Term(filter.From, "s.study_date >= ?");
        Term(filter.To, "(s.study_date <> '' AND s.study_date <= ?)");
        Term(filter.StudyInstanceUid?.ToString(), "s.study_instance_uid = ?");
        Term(filter.Modality, "EXISTS (SELECT 1 FROM series e WHERE e.study = s.id AND e.modality = ?)");
        if (filter.Damaged)
        {
            terms.Add("""
                s.id IN (SELECT e.study FROM instance i JOIN series e ON e.id = i.series WHERE i.damaged_at IS NOT NULL)
                """);
        }

        // The page first, then what is counted of it: else all studies would be counted.
        var where = terms.Count == 0 ? "" : "WHERE " + string.Join(" AND ", terms);
        using var rows = db.Prepare($"""
            SELECT s.study_instance_uid, p.patient_id, p.issuer, p.name, s.study_date, s.accession_number,
                   s.study_description, s.accessed_on, s.protected_by, {Aggregates}
            FROM (SELECT s.id FROM study s JOIN patient p ON p.id = s.patient {where}
                  ORDER BY s.id DESC LIMIT ? OFFSET ?) page
                 JOIN study s ON s.id = page.id JOIN patient p ON p.id = s.patient
                 JOIN series e ON e.study = s.id JOIN instance i ON i.series = e.id
            GROUP BY s.id, p.id ORDER BY s.id DESC
            """);
        foreach (var value in values) rows.Add(value);
        rows.Add(filter.Max).Add(filter.Skip);
        var studies = new List<StudyEntry>();
        while (rows.Step())
        {
            studies.Add(new StudyEntry(
                Uid.Parse(rows.Text(0)), rows.Text(1), rows.Text(2), rows.Text(3), rows.Text(4), rows.Text(5),
                rows.Text(6), Modalities(rows.TextOrNull(16)), rows.Int(9), rows.Int(10), rows.Int(11), rows.Int(12),
                rows.Long(13), rows.Time(14), rows.Time(15), Day(rows.Long(7)), rows.TextOrNull(8)));
        }

        return studies;
    }

    /// <summary>The instances of a study, by series and number.</summary>
    public static IReadOnlyList<InstanceEntry> Instances(DatabaseConnection db, Uid study)
    {
        var rows = db.Use($"""
            SELECT e.series_instance_uid, e.modality, e.series_number, i.sop_instance_uid, i.sop_class_uid,
                   i.transfer_syntax_uid, i.instance_number, i.file_name, i.length, i.sha256, i.received_at,
                   i.sender_ae, i.hidden_reason, i.damaged_at
            FROM study s JOIN series e ON e.study = s.id JOIN instance i ON i.series = e.id
            WHERE s.study_instance_uid = ?
            ORDER BY {db.Dialect.LeadingNumber("e.series_number")}, e.id,
                {db.Dialect.LeadingNumber("i.instance_number")}, i.id
            """).Add(study.ToString());
        var instances = new List<InstanceEntry>();
        while (rows.Step())
        {
            instances.Add(new InstanceEntry(
                Uid.Parse(rows.Text(0)), rows.Text(1), rows.Text(2), Uid.Parse(rows.Text(3)), Uid.Parse(rows.Text(4)),
                Uid.Parse(rows.Text(5)), rows.Text(6), rows.Text(7), rows.Long(8), Convert.ToHexStringLower(rows.Blob(9)),
                rows.Time(10), AeTitle.Parse(rows.Text(11)), rows.TextOrNull(12), rows.TimeOrNull(13)));
        }

        rows.Reset();
        return instances;
    }

    /// <summary>A page of studies after a row, in the order of rows.</summary>
    public static IReadOnlyList<StudyFacts> Facts(DatabaseConnection db, long afterRowId, int max)
    {
        var rows = db.Use($"""
            SELECT s.id, s.study_instance_uid, s.accessed_on, s.protected_by, {Aggregates}
            FROM (SELECT id FROM study WHERE id > ? ORDER BY id LIMIT ?) page
                 JOIN study s ON s.id = page.id JOIN series e ON e.study = s.id JOIN instance i ON i.series = e.id
            GROUP BY s.id ORDER BY s.id
            """).Add(afterRowId).Add(max);
        var studies = new List<StudyFacts>();
        while (rows.Step())
        {
            studies.Add(new StudyFacts(
                rows.Long(0), Uid.Parse(rows.Text(1)), rows.Time(10), Day(rows.Long(2)), !rows.IsNull(3),
                Modalities(rows.TextOrNull(11)), rows.Int(5), rows.Long(8)));
        }

        rows.Reset();
        return studies;
    }

    public static ScrubProgress Scrub(DatabaseConnection db)
    {
        var row = db.Use("SELECT paused, position, round_started_at, round_ended_at, files, bytes, mismatches FROM scrub");
        row.Step();
        var progress = new ScrubProgress(
            row.Long(0) == 1, row.Long(1), row.TimeOrNull(2), row.TimeOrNull(3), row.Long(4), row.Long(5), row.Long(6));
        row.Reset();
        return progress;
    }

    private static string[] Modalities(string? text) => text?.Split(',') ?? [];

    private static DateOnly? Day(long days) =>
        days == 0 ? null : DateOnly.FromDateTime(DateTimeOffset.UnixEpoch.UtcDateTime).AddDays((int)days);
}
