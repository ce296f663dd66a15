using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The writes of the index, inside a transaction.</summary>
internal static class ArchiveWrites
{
    public const string InstanceColumns = """
        SELECT i.id, s.study_instance_uid, e.series_instance_uid, i.sop_instance_uid, i.sop_class_uid,
               i.transfer_syntax_uid, i.file_name, i.length, i.sha256, i.data_set_sha256, i.received_at, i.sender_ae,
               i.visible, i.version, i.renditions, i.damaged_at
        FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = e.study
        """;

    public static IndexedInstance ReadInstance(DatabaseStatement row) => new(
        row.Long(0), Uid.Parse(row.Text(1)), Uid.Parse(row.Text(2)), Uid.Parse(row.Text(3)), Uid.Parse(row.Text(4)),
        Uid.Parse(row.Text(5)),
        new InstanceFile(
            row.Text(6), row.Long(7), Convert.ToHexStringLower(row.Blob(8)), Convert.ToHexStringLower(row.Blob(9)),
            row.Time(10), AeTitle.Parse(row.Text(11))),
        row.Long(12) == 1)
    {
        Version = row.Int(13),
        Damaged = !row.IsNull(15),
    };

    /// <summary>The same with its further renditions, which few instances have.</summary>
    public static IndexedInstance ReadInstance(DatabaseConnection db, DatabaseStatement row)
    {
        var instance = ReadInstance(row);
        return row.Long(14) == 0
            ? instance
            : instance with { Renditions = KeptFileWrites.RenditionsOf(db, instance) };
    }

    public static IndexedInstance? FindInstance(DatabaseConnection db, Uid sopInstanceUid)
    {
        var row = db.Use(InstanceColumns + " WHERE i.sop_instance_uid = ?").Add(sopInstanceUid.ToString());
        var instance = row.Step() ? ReadInstance(db, row) : null;
        row.Reset();
        return instance;
    }

    public static InsertResult Insert(DatabaseConnection db, InstanceRecord record)
    {
        if (FindInstance(db, record.Instance.SopInstanceUid) is { } existing)
        {
            if (!KeptFileWrites.Has(existing, record))
                return new InsertResult.Known(KeptFileWrites.Standing(db, existing));
            var isDamagedOne = existing.Damaged && existing.TransferSyntaxUid == record.Instance.TransferSyntaxUid;
            if (!isDamagedOne) return new InsertResult.SameBytes(existing);
            // What is acknowledged is durable: a file that rotted is not "already there".
            LifeCycleWrites.ReplaceDamaged(db, existing, record.File);
            return new InsertResult.Inserted(existing.RowId, WasDamaged: true);
        }

        var study = Study(db, record);
        var series = Series(db, study, record.Series);
        var instance = record.Instance;
        var file = record.File;
        var id = db.Use("""
            INSERT INTO instance (
                series, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, number_of_frames, rows,
                columns, file_name, length, sha256, data_set_sha256, received_at, sender_ae)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """)
            .Add(series).Add(instance.SopInstanceUid.ToString()).Add(instance.SopClassUid.ToString())
            .Add(instance.TransferSyntaxUid.ToString()).Add(instance.InstanceNumber).Add(instance.NumberOfFrames)
            .Add(instance.Rows).Add(instance.Columns).Add(file.FileName).Add(file.Length)
            .AddBlob(Convert.FromHexString(file.Digest)).AddBlob(Convert.FromHexString(file.DataSetSha256))
            .Add(file.ReceivedAt).Add(file.SenderAe.ToString()).InsertedId();
        db.Use("UPDATE series SET visible_instances = visible_instances + 1 WHERE id = ?").Add(series).Run();
        return new InsertResult.Inserted(id);
    }

    public static int Hide(DatabaseConnection db, IReadOnlyList<Uid> sopInstanceUids, string reason, DateTimeOffset now)
    {
        var hidden = 0;
        foreach (var uid in sopInstanceUids)
        {
            var series = db.Use("""
                UPDATE instance SET visible = 0, hidden_reason = ?, hidden_at = ?
                WHERE sop_instance_uid = ? AND visible = 1 RETURNING series
                """).Add(reason).Add(now).Add(uid.ToString()).LongOrNone();
            if (series is null) continue;
            hidden++;
            db.Use("UPDATE series SET visible_instances = visible_instances - 1 WHERE id = ?").Add(series).Run();
        }

        return hidden;
    }

    public static int Remove(DatabaseConnection db, IReadOnlyList<long> rowIds)
    {
        var removed = 0;
        foreach (var id in rowIds)
        {
            var row = db.Use("DELETE FROM instance WHERE id = ? RETURNING series, visible").Add(id);
            if (!row.Step())
            {
                row.Reset();
                continue;
            }

            var (series, visible) = (row.Long(0), row.Long(1));
            row.Reset();
            removed++;
            db.Use("UPDATE series SET visible_instances = visible_instances - ? WHERE id = ?")
                .Add(visible).Add(series).Run();
            RemoveIfEmpty(db, series);
        }

        return removed;
    }

    public static void RemoveIfEmpty(DatabaseConnection db, long series)
    {
        var study = db.Use("""
            DELETE FROM series WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM instance WHERE series = ?1) RETURNING study
            """).Add(series).LongOrNone();
        if (study is null) return;
        var patient = db.Use("""
            DELETE FROM study WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM series WHERE study = ?1) RETURNING patient
            """).Add(study).LongOrNone();
        if (patient is null) return;
        db.Use("DELETE FROM patient WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM study WHERE patient = ?1)")
            .Add(patient).Run();
    }

    public static long Study(DatabaseConnection db, InstanceRecord record)
    {
        var study = record.Study;
        var referring = NameFolding.FoldPersonName(study.ReferringPhysicianName).Alphabetic;
        var found = db.Use("""
            SELECT id, study_date = '' OR study_time = '' OR accession_number = '' OR study_id = ''
                OR study_description = '' OR referring_physician = ''
            FROM study WHERE study_instance_uid = ?
            """).Add(study.StudyInstanceUid.ToString());
        var (id, hasBlanks) = found.Step() ? (found.Long(0), found.Long(1) == 1) : (0, false);
        found.Reset();
        if (id == 0)
        {
            var patient = Patient(db, record.Patient);
            var added = db.Use("""
                INSERT INTO study (
                    patient, study_instance_uid, study_date, study_time, study_time_key, accession_number, study_id,
                    study_description, referring_physician, referring_folded, accession_issuer,
                    accession_issuer_entity, accession_issuer_entity_type)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
                """)
                .Add(patient).Add(study.StudyInstanceUid.ToString()).Add(study.StudyDate).Add(study.StudyTime)
                .Add(FindTerms.TimeKey(study.StudyTime, '0')).Add(study.AccessionNumber).Add(study.StudyId)
                .Add(study.StudyDescription).Add(study.ReferringPhysicianName).Add(referring)
                .Add(study.AccessionIssuer).Add(study.AccessionIssuerEntity).Add(study.AccessionIssuerEntityType)
                .InsertedId();
            CorrectionWrites.SettleNew(db, added, study.StudyInstanceUid, record.Patient);
            return added;
        }

        // The first instance that has a value gives it to the study: a later other one is a correction, and
        // corrections are events of their own.
        if (hasBlanks)
        {
            db.Use("""
                UPDATE study SET
                    study_date = coalesce(nullif(study_date, ''), ?2),
                    study_time_key = CASE WHEN study_time = '' THEN ?4 ELSE study_time_key END,
                    study_time = coalesce(nullif(study_time, ''), ?3),
                    accession_issuer = CASE WHEN accession_number = '' THEN ?10 ELSE accession_issuer END,
                    accession_issuer_entity = CASE WHEN accession_number = '' THEN ?11 ELSE accession_issuer_entity END,
                    accession_issuer_entity_type = CASE WHEN accession_number = '' THEN ?12 ELSE accession_issuer_entity_type END,
                    accession_number = coalesce(nullif(accession_number, ''), ?5),
                    study_id = coalesce(nullif(study_id, ''), ?6),
                    study_description = coalesce(nullif(study_description, ''), ?7),
                    referring_folded = CASE WHEN referring_physician = '' THEN ?9 ELSE referring_folded END,
                    referring_physician = coalesce(nullif(referring_physician, ''), ?8)
                WHERE id = ?1 AND (study_date = '' AND ?2 <> '' OR study_time = '' AND ?3 <> ''
                    OR accession_number = '' AND ?5 <> '' OR study_id = '' AND ?6 <> ''
                    OR study_description = '' AND ?7 <> '' OR referring_physician = '' AND ?8 <> '')
                """)
                .Add(id).Add(study.StudyDate).Add(study.StudyTime).Add(FindTerms.TimeKey(study.StudyTime, '0'))
                .Add(study.AccessionNumber).Add(study.StudyId).Add(study.StudyDescription)
                .Add(study.ReferringPhysicianName).Add(referring).Add(study.AccessionIssuer)
                .Add(study.AccessionIssuerEntity).Add(study.AccessionIssuerEntityType).Run();
        }

        return id;
    }

    public static long Patient(DatabaseConnection db, PatientAttributes patient)
    {
        var id = db.Use("""
            SELECT id FROM patient
            WHERE patient_id = ? AND issuer = ? AND issuer_entity = ? AND name = ? AND birth_date = ? AND sex = ?
            """)
            .Add(patient.PatientId).Add(patient.IssuerOfPatientId).Add(patient.IssuerEntity).Add(patient.PatientName)
            .Add(patient.BirthDate).Add(patient.Sex).LongOrNone() ?? InsertPatient(db, patient);
        foreach (var other in patient.OtherIds)
        {
            db.Use("INSERT INTO other_patient_id VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .Add(id).Add(other.PatientId).Add(other.Issuer).Add(other.IssuerEntity).Add(other.IssuerEntityType).Run();
        }

        return id;
    }

    private static long InsertPatient(DatabaseConnection db, PatientAttributes patient)
    {
        var (alphabetic, ideographic, phonetic) = NameFolding.FoldPersonName(patient.PatientName);
        return db.Use("""
            INSERT INTO patient (
                patient_id, issuer, issuer_entity, issuer_entity_type, name, birth_date, sex, name_folded, ideographic,
                phonetic)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """)
            .Add(patient.PatientId).Add(patient.IssuerOfPatientId).Add(patient.IssuerEntity)
            .Add(patient.IssuerEntityType).Add(patient.PatientName).Add(patient.BirthDate).Add(patient.Sex)
            .Add(alphabetic).Add(ideographic).Add(phonetic).InsertedId();
    }

    public static long Series(DatabaseConnection db, long study, SeriesAttributes series)
    {
        var id = db.Use("SELECT id FROM series WHERE study = ? AND series_instance_uid = ?")
            .Add(study).Add(series.SeriesInstanceUid.ToString()).LongOrNone();
        if (id is not null) return id.Value;
        var added = db.Use("""
            INSERT INTO series (
                study, series_instance_uid, modality, series_number, series_description, series_date, series_time,
                series_time_key, pps_start_date, pps_start_time, pps_start_time_key)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """)
            .Add(study).Add(series.SeriesInstanceUid.ToString()).Add(series.Modality).Add(series.SeriesNumber)
            .Add(series.SeriesDescription).Add(series.SeriesDate).Add(series.SeriesTime)
            .Add(FindTerms.TimeKey(series.SeriesTime, '0')).Add(series.PerformedProcedureStepStartDate)
            .Add(series.PerformedProcedureStepStartTime)
            .Add(FindTerms.TimeKey(series.PerformedProcedureStepStartTime, '0')).InsertedId();
        RequestAttributes(db, added, series.RequestAttributes);
        return added;
    }

    public static void RequestAttributes(DatabaseConnection db, long series, IReadOnlyList<RequestAttributes> requests)
    {
        for (var position = 0; position < requests.Count; position++)
        {
            var request = requests[position];
            db.Use("""
                INSERT INTO request_attributes (
                    series, position, accession_number, requested_procedure_id, requested_procedure_description,
                    scheduled_procedure_step_id, scheduled_procedure_step_description)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
                .Add(series).Add(position).Add(request.AccessionNumber).Add(request.RequestedProcedureId)
                .Add(request.RequestedProcedureDescription).Add(request.ScheduledProcedureStepId)
                .Add(request.ScheduledProcedureStepDescription).Run();
        }
    }
}
