using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>What stands under a UID and how it changes, inside a transaction (docs/adr/0017). Each change is told what
/// its caller decided on, and does nothing if that is no longer so.</summary>
internal static class KeptFileWrites
{
    private const string FurtherColumns = """
        SELECT id, version, sop_class_uid, transfer_syntax_uid, file_name, length, sha256, data_set_sha256, received_at,
               sender_ae
        FROM further_file
        """;

    /// <summary>True if one of the renditions that stand has the data set of the arrival.</summary>
    public static bool Has(IndexedInstance instance, InstanceRecord arrival)
    {
        var (syntax, hash) = (arrival.Instance.TransferSyntaxUid, arrival.File.DataSetSha256);
        return (instance.TransferSyntaxUid == syntax && instance.File.DataSetSha256 == hash)
            || instance.Renditions.Any(r => r.TransferSyntaxUid == syntax && r.File.DataSetSha256 == hash);
    }

    public static StandingInstance Standing(DatabaseConnection db, IndexedInstance instance)
    {
        var row = db.Use("""
            SELECT coalesce(r.patient_id, p.patient_id), coalesce(r.issuer, p.issuer),
                   coalesce(r.issuer_entity, p.issuer_entity)
            FROM study s JOIN patient p ON p.id = s.patient LEFT JOIN corrected_study r ON r.study = s.id
            WHERE s.study_instance_uid = ?
            """).Add(instance.StudyInstanceUid.ToString());
        Invariant.Holds(row.Step());
        var patient = new PatientKey(row.Text(0), row.Text(1), row.Text(2));
        row.Reset();
        return new StandingInstance(instance, patient);
    }

    public static StandingInstance? Standing(DatabaseConnection db, Uid sopInstanceUid) =>
        ArchiveWrites.FindInstance(db, sopInstanceUid) is { } instance ? Standing(db, instance) : null;

    /// <summary>The further files of an instance, of one version or (0) of all, in the order of insertion.</summary>
    public static IReadOnlyList<FurtherFile> FilesOf(DatabaseConnection db, long instance, int version = 0)
    {
        var rows = db.Use(FurtherColumns + " WHERE instance = ?1 AND (?2 = 0 OR version = ?2) ORDER BY id")
            .Add(instance).Add(version);
        return ReadFiles(rows);
    }

    /// <summary>The further renditions of the version that stands; damaged ones are not served.</summary>
    public static IReadOnlyList<FurtherFile> RenditionsOf(DatabaseConnection db, IndexedInstance instance) => ReadFiles(
        db.Use(FurtherColumns + " WHERE instance = ? AND version = ? AND damaged_at IS NULL ORDER BY id")
            .Add(instance.RowId).Add(instance.Version));

    public static IReadOnlyList<FurtherFile> ReadFiles(DatabaseStatement rows)
    {
        var files = new List<FurtherFile>();
        while (rows.Step()) files.Add(ReadFile(rows));
        rows.Reset();
        return files;
    }

    /// <summary>Further files after a row, each with the row of its instance.</summary>
    public static IReadOnlyList<(FurtherFile File, long Instance)> After(DatabaseConnection db, long rowId, int max)
    {
        var rows = db.Use(FurtherColumns.Replace("sender_ae", "sender_ae, instance", StringComparison.Ordinal)
            + " WHERE id > ? ORDER BY id LIMIT ?").Add(rowId).Add(max);
        var files = new List<(FurtherFile, long)>();
        while (rows.Step()) files.Add((ReadFile(rows), rows.Long(10)));
        rows.Reset();
        return files;
    }

    /// <summary>Makes a file the version that stands; the files of the former one become a prior version.</summary>
    /// <returns>Files of prior versions with the same bytes, whose rows are gone.</returns>
    public static List<string> Replace(DatabaseConnection db, IndexedInstance former, InstanceRecord record, int version)
    {
        Keep(db, former);
        var freed = DropSame(db, former.RowId, version, record);
        Overwrite(db, former, record, version);
        return freed;
    }

    /// <summary>The same, and of the former file no row is kept: it is not whole.</summary>
    public static void ReplaceLost(DatabaseConnection db, IndexedInstance former, InstanceRecord record, FurtherFile by)
    {
        db.Use("DELETE FROM further_file WHERE id = ?").Add(by.RowId).Run();
        Overwrite(db, former, record, by.Version);
        db.Use("""
            UPDATE instance SET renditions = (
                SELECT count(*) FROM further_file f WHERE f.instance = instance.id AND f.version = instance.version)
            WHERE id = ?
            """).Add(former.RowId).Run();
    }

    public static void AddRendition(DatabaseConnection db, IndexedInstance instance, InstanceRecord record)
    {
        Insert(
            db, instance.RowId, instance.Version, record.Instance.SopClassUid, record.Instance.TransferSyntaxUid,
            record.File);
        db.Use("UPDATE instance SET renditions = renditions + 1 WHERE id = ?").Add(instance.RowId).Run();
    }

    public static void AddPrior(DatabaseConnection db, IndexedInstance instance, InstanceRecord record, int version) =>
        Insert(
            db, instance.RowId, version, record.Instance.SopClassUid, record.Instance.TransferSyntaxUid, record.File);

    /// <summary>Drops the rows of the files of one version that does not stand.</summary>
    /// <returns>Their files.</returns>
    public static List<string> DropVersion(DatabaseConnection db, long instance, int version)
    {
        var rows = db.Use("DELETE FROM further_file WHERE instance = ? AND version = ? RETURNING file_name")
            .Add(instance).Add(version);
        return ReadNames(rows);
    }

    /// <summary>Makes an instance that was just inserted one whose prior versions are gone.</summary>
    public static void SetVersion(DatabaseConnection db, long instance, InstanceRecord record, int version)
    {
        db.Use("UPDATE instance SET version = ? WHERE id = ?").Add(version).Add(instance).Run();
        // It was a correction, and corrected what they had told.
        var study = ArchiveWrites.Study(db, record);
        Correct(db, study, record);
        CorrectSeries(db, ArchiveWrites.Series(db, study, record.Series), record.Series);
    }

    public static void Log(DatabaseConnection db, ArchiveEvent what) =>
        db.Use("INSERT INTO archive_event (at, actor, action, sop_instance_uid, detail) VALUES (?, ?, ?, ?, ?)")
            .Add(what.At).Add(what.Actor).Add(what.Action).Add(what.SopInstanceUid.ToString()).Add(what.Detail).Run();

    public static string Version(int version) => version.ToString(CultureInfo.InvariantCulture);

    private static FurtherFile ReadFile(DatabaseStatement row) => new(
        row.Long(0), row.Int(1), Uid.Parse(row.Text(2)), Uid.Parse(row.Text(3)),
        new InstanceFile(
            row.Text(4), row.Long(5), Convert.ToHexStringLower(row.Blob(6)), Convert.ToHexStringLower(row.Blob(7)),
            row.Time(8), AeTitle.Parse(row.Text(9))));

    // The renditions of the former version are in further_file already, under its number.
    private static void Keep(DatabaseConnection db, IndexedInstance former) =>
        Insert(db, former.RowId, former.Version, former.SopClassUid, former.TransferSyntaxUid, former.File);

    private static void Insert(
        DatabaseConnection db, long instance, int version, Uid sopClass, Uid transferSyntax, InstanceFile file) =>
        db.Use("""
            INSERT INTO further_file (
                instance, version, sop_class_uid, transfer_syntax_uid, file_name, length, sha256, data_set_sha256,
                received_at, sender_ae)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .Add(instance).Add(version).Add(sopClass.ToString()).Add(transferSyntax.ToString()).Add(file.FileName)
            .Add(file.Length).AddBlob(Convert.FromHexString(file.Digest))
            .AddBlob(Convert.FromHexString(file.DataSetSha256)).Add(file.ReceivedAt).Add(file.SenderAe.ToString()).Run();

    // A sender that changes its mind to and fro would otherwise fill the disk with two objects.
    private static List<string> DropSame(DatabaseConnection db, long instance, int version, InstanceRecord record) =>
        ReadNames(db.Use("""
            DELETE FROM further_file
            WHERE instance = ? AND version < ? AND transfer_syntax_uid = ? AND data_set_sha256 = ? RETURNING file_name
            """)
            .Add(instance).Add(version).Add(record.Instance.TransferSyntaxUid.ToString())
            .AddBlob(Convert.FromHexString(record.File.DataSetSha256)));

    private static void Overwrite(DatabaseConnection db, IndexedInstance former, InstanceRecord record, int version)
    {
        var study = ArchiveWrites.Study(db, record);
        Correct(db, study, record);
        var series = ArchiveWrites.Series(db, study, record.Series);
        CorrectSeries(db, series, record.Series);
        var from = db.Use("SELECT series FROM instance WHERE id = ?").Add(former.RowId).LongOrNone()!.Value;
        var (instance, file) = (record.Instance, record.File);
        db.Use("""
            UPDATE instance SET
                series = ?2, sop_class_uid = ?3, transfer_syntax_uid = ?4, instance_number = ?5, number_of_frames = ?6,
                rows = ?7, columns = ?8, file_name = ?9, length = ?10, sha256 = ?11, data_set_sha256 = ?12,
                received_at = ?13, sender_ae = ?14, version = ?15, renditions = 0, damaged_at = NULL
            WHERE id = ?1
            """)
            .Add(former.RowId).Add(series).Add(instance.SopClassUid.ToString())
            .Add(instance.TransferSyntaxUid.ToString()).Add(instance.InstanceNumber).Add(instance.NumberOfFrames)
            .Add(instance.Rows).Add(instance.Columns).Add(file.FileName).Add(file.Length)
            .AddBlob(Convert.FromHexString(file.Digest)).AddBlob(Convert.FromHexString(file.DataSetSha256))
            .Add(file.ReceivedAt).Add(file.SenderAe.ToString()).Add(version).Run();
        if (from == series) return;
        if (former.Visible)
        {
            db.Use("UPDATE series SET visible_instances = visible_instances - 1 WHERE id = ?").Add(from).Run();
            db.Use("UPDATE series SET visible_instances = visible_instances + 1 WHERE id = ?").Add(series).Run();
        }

        ArchiveWrites.RemoveIfEmpty(db, from);
    }

    // A correction is the word of its sender about the whole study: what it says replaces what the study has. A value
    // that it does not have stays.
    private static void Correct(DatabaseConnection db, long study, InstanceRecord record)
    {
        var s = record.Study;
        db.Use("""
            UPDATE study SET
                study_date = coalesce(nullif(?2, ''), study_date), study_time = coalesce(nullif(?3, ''), study_time),
                study_time_key = CASE WHEN ?3 = '' THEN study_time_key ELSE ?4 END, study_id = coalesce(nullif(?5, ''), study_id),
                study_description = coalesce(nullif(?6, ''), study_description),
                referring_physician = coalesce(nullif(?7, ''), referring_physician),
                referring_folded = CASE WHEN ?7 = '' THEN referring_folded ELSE ?8 END,
                accession_issuer = CASE WHEN ?9 = '' THEN accession_issuer ELSE ?10 END,
                accession_issuer_entity = CASE WHEN ?9 = '' THEN accession_issuer_entity ELSE ?11 END,
                accession_issuer_entity_type = CASE WHEN ?9 = '' THEN accession_issuer_entity_type ELSE ?12 END,
                accession_number = coalesce(nullif(?9, ''), accession_number)
            WHERE id = ?1
            """)
            .Add(study).Add(s.StudyDate).Add(s.StudyTime).Add(FindTerms.TimeKey(s.StudyTime, '0')).Add(s.StudyId)
            .Add(s.StudyDescription).Add(s.ReferringPhysicianName)
            .Add(NameFolding.FoldPersonName(s.ReferringPhysicianName).Alphabetic).Add(s.AccessionNumber)
            .Add(s.AccessionIssuer).Add(s.AccessionIssuerEntity).Add(s.AccessionIssuerEntityType).Run();
        if (CorrectionWrites.Receive(db, study, record)) return;
        var patient = ArchiveWrites.Patient(db, record.Patient);
        var from = db.Use("SELECT patient FROM study WHERE id = ?").Add(study).LongOrNone()!.Value;
        if (patient == from) return;
        db.Use("UPDATE study SET patient = ? WHERE id = ?").Add(patient).Add(study).Run();
        db.Use("DELETE FROM patient WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM study WHERE patient = ?1)")
            .Add(from).Run();
    }

    private static void CorrectSeries(DatabaseConnection db, long id, SeriesAttributes series)
    {
        db.Use("""
            UPDATE series SET
                modality = coalesce(nullif(?2, ''), modality), series_number = coalesce(nullif(?3, ''), series_number),
                series_description = coalesce(nullif(?4, ''), series_description),
                series_date = coalesce(nullif(?5, ''), series_date), series_time = coalesce(nullif(?6, ''), series_time),
                series_time_key = CASE WHEN ?6 = '' THEN series_time_key ELSE ?7 END,
                pps_start_date = coalesce(nullif(?8, ''), pps_start_date), pps_start_time = coalesce(nullif(?9, ''), pps_start_time),
                pps_start_time_key = CASE WHEN ?9 = '' THEN pps_start_time_key ELSE ?10 END
            WHERE id = ?1
            """)
            .Add(id).Add(series.Modality).Add(series.SeriesNumber).Add(series.SeriesDescription)
            .Add(series.SeriesDate).Add(series.SeriesTime).Add(FindTerms.TimeKey(series.SeriesTime, '0'))
            .Add(series.PerformedProcedureStepStartDate).Add(series.PerformedProcedureStepStartTime)
            .Add(FindTerms.TimeKey(series.PerformedProcedureStepStartTime, '0')).Run();
        if (series.RequestAttributes.Count == 0) return;
        db.Use("DELETE FROM request_attributes WHERE series = ?").Add(id).Run();
        ArchiveWrites.RequestAttributes(db, id, series.RequestAttributes);
    }

    private static List<string> ReadNames(DatabaseStatement rows)
    {
        var names = new List<string>();
        while (rows.Step()) names.Add(rows.Text(0));
        rows.Reset();
        return names;
    }
}
