using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>
/// Corrections of patients inside a transaction (docs/adr/0019). They are events in <c>correction</c>. The patient of a
/// study in the index follows from whom its files name and the corrections that hold, in their order: it is set when
/// either changes, so that queries have nothing more to do. What the files name is kept for the studies that are
/// corrected.
/// </summary>
internal static class CorrectionWrites
{
    /// <summary>A patient is found by what is not undone. What hangs on a study goes with it.</summary>
    public const string Schema = """
        CREATE TABLE correction (
            id                    INTEGER PRIMARY KEY AUTOINCREMENT,
            at                    INTEGER NOT NULL,
            actor                 TEXT NOT NULL,
            kind                  TEXT NOT NULL,
            reason                TEXT NOT NULL,
            patient_id            TEXT NOT NULL,
            issuer                TEXT NOT NULL,
            issuer_entity         TEXT NOT NULL,
            study_instance_uid    TEXT NOT NULL,
            to_patient_id         TEXT,
            to_issuer             TEXT,
            to_issuer_entity      TEXT,
            to_issuer_entity_type TEXT,
            to_name               TEXT,
            to_birth_date         TEXT,
            to_sex                TEXT,
            undone_at             INTEGER,
            undone_by             TEXT
        ) STRICT;
        CREATE INDEX correction_patient ON correction (patient_id, issuer, issuer_entity);
        CREATE INDEX correction_study ON correction (study_instance_uid) WHERE study_instance_uid <> '';
        CREATE TABLE corrected_study (
            study              INTEGER PRIMARY KEY REFERENCES study (id) ON DELETE CASCADE,
            patient_id         TEXT NOT NULL,
            issuer             TEXT NOT NULL,
            issuer_entity      TEXT NOT NULL,
            issuer_entity_type TEXT NOT NULL,
            name               TEXT NOT NULL,
            birth_date         TEXT NOT NULL,
            sex                TEXT NOT NULL
        ) STRICT;
        CREATE TABLE applied_correction (
            study      INTEGER NOT NULL REFERENCES study (id) ON DELETE CASCADE,
            correction INTEGER NOT NULL,
            PRIMARY KEY (study, correction)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX applied_correction_id ON applied_correction (correction);
        """;

    public const string Columns = """
        SELECT c.id, c.at, c.actor, c.kind, c.patient_id, c.issuer, c.issuer_entity, c.study_instance_uid,
               c.to_patient_id, c.to_issuer, c.to_issuer_entity, c.to_issuer_entity_type, c.to_name, c.to_birth_date,
               c.to_sex, c.reason, (SELECT count(*) FROM applied_correction a WHERE a.correction = c.id), c.undone_at,
               c.undone_by
        FROM correction c
        """;

    private const string PatientColumns = """
        SELECT p.patient_id, p.issuer, p.issuer_entity, p.issuer_entity_type, p.name, p.birth_date, p.sex
        """;

    public static CorrectionEntry Read(DatabaseStatement row) => new(
        row.Long(0), row.Time(1), row.Text(2), Enum.Parse<CorrectionKind>(row.Text(3)),
        new PatientKey(row.Text(4), row.Text(5), row.Text(6)),
        row.Text(7) is { Length: > 0 } uid ? Uid.Parse(uid) : default,
        new PatientChange(
            row.TextOrNull(8), row.TextOrNull(9), row.TextOrNull(10), row.TextOrNull(11), row.TextOrNull(12),
            row.TextOrNull(13), row.TextOrNull(14)),
        row.Text(15), row.Long(16), row.TimeOrNull(17), row.TextOrNull(18));

    public static CorrectionEntry? Find(DatabaseConnection db, long id)
    {
        var row = db.Use(Columns + " WHERE c.id = ?").Add(id);
        var entry = row.Step() ? Read(row) : null;
        row.Reset();
        return entry;
    }

    public static PatientIdentity PatientOf(DatabaseConnection db, long study) => ReadIdentity(
        db.Use(PatientColumns + " FROM study s JOIN patient p ON p.id = s.patient WHERE s.id = ?").Add(study))!;

    /// <summary>Null: the study is not corrected.</summary>
    public static PatientIdentity? ReceivedOf(DatabaseConnection db, long study) =>
        ReadIdentity(db.Use(PatientColumns + " FROM corrected_study p WHERE p.study = ?").Add(study));

    public static CorrectionResult Add(DatabaseConnection db, CorrectionOrder order, DateTimeOffset now)
    {
        var studies = order.Kind == CorrectionKind.Move
            ? StudyOf(db, order.Study)
            : StudiesOf(db, order.Patient);
        var present = studies.Select(study => PatientOf(db, study)).Distinct().ToList();
        if (CorrectionRules.Refuse(order, present) is { } refusal) return new CorrectionResult(refusal, null, []);
        if (order.EvenIfUnknown && Holds(db, order))
            return Refused(Core.RefusalReason.WrongState, "It is recorded already, for what is still to come.");
        var (patient, to) = (order.Kind == CorrectionKind.Move ? present[0].Key : order.Patient, order.To);
        var id = db.Use("""
            INSERT INTO correction (
                at, actor, kind, reason, patient_id, issuer, issuer_entity, study_instance_uid, to_patient_id,
                to_issuer, to_issuer_entity, to_issuer_entity_type, to_name, to_birth_date, to_sex)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """)
            .Add(now).Add(order.Actor).Add(order.Kind.ToString()).Add(order.Reason).Add(patient.PatientId)
            .Add(patient.Issuer).Add(patient.IssuerEntity).Add(order.Study.ToString()).Add(to.PatientId).Add(to.Issuer)
            .Add(to.IssuerEntity).Add(to.IssuerEntityType).Add(to.Name).Add(to.BirthDate).Add(to.Sex).InsertedId();
        var changed = Settle(db, studies);
        return new CorrectionResult(null, Find(db, id), changed);
    }

    public static CorrectionResult Undo(DatabaseConnection db, long id, string actor, DateTimeOffset now)
    {
        if (Find(db, id) is not { } entry)
            return Refused(Core.RefusalReason.UnknownTarget, "There is no such correction.");
        if (entry.UndoneAt is not null)
            return Refused(Core.RefusalReason.WrongState, "It is undone already.");
        db.Use("UPDATE correction SET undone_at = ?, undone_by = ? WHERE id = ?").Add(now).Add(actor).Add(id).Run();
        var studies = Ids(db.Use("SELECT study FROM applied_correction WHERE correction = ?").Add(id));
        var changed = Settle(db, studies);
        return new CorrectionResult(null, Find(db, id), changed);
    }

    /// <summary>A study is new: corrections that hold for its patient hold for it.</summary>
    public static void SettleNew(DatabaseConnection db, long study, Uid uid, PatientAttributes patient)
    {
        var key = new PatientKey(patient.PatientId, patient.IssuerOfPatientId, patient.IssuerEntity);
        if (Next(db, uid.ToString(), key, 0) is not null) Settle(db, study);
    }

    /// <summary>A corrected instance names the patient of its study anew.</summary>
    /// <returns>False: no correction bears on the study, and its patient is the one of the instance.</returns>
    public static bool Receive(DatabaseConnection db, long study, InstanceRecord record)
    {
        var received = IdentityOf(record.Patient);
        if (ReceivedOf(db, study) is null
            && Next(db, record.Study.StudyInstanceUid.ToString(), received.Key, 0) is null) return false;
        Keep(db, study, received);
        Settle(db, study);
        return true;
    }

    /// <summary>A study is back that was away while corrections came and went.</summary>
    public static void SettleAgain(DatabaseConnection db, Uid studyInstanceUid)
    {
        foreach (var study in StudyOf(db, studyInstanceUid)) Settle(db, study);
    }

    /// <summary>Of an index that was made again: every correction bears on what it is about.</summary>
    public static void SettleAll(DatabaseConnection db)
    {
        var all = new List<CorrectionEntry>();
        var rows = db.Use(Columns + " WHERE c.undone_at IS NULL ORDER BY c.id");
        while (rows.Step()) all.Add(Read(rows));
        rows.Reset();
        foreach (var correction in all)
        {
            if (correction.Study.IsEmpty) Settle(db, StudiesOf(db, correction.Patient));
            else SettleAgain(db, correction.Study);
        }
    }

    private static bool Holds(DatabaseConnection db, CorrectionOrder order)
    {
        var rows = db.Use(Columns + """
             WHERE c.patient_id = ? AND c.issuer = ? AND c.issuer_entity = ? AND c.study_instance_uid = ''
                AND c.undone_at IS NULL
            """).Add(order.Patient.PatientId).Add(order.Patient.Issuer).Add(order.Patient.IssuerEntity);
        var holds = false;
        while (rows.Step())
        {
            var entry = Read(rows);
            holds |= entry.Kind == order.Kind && entry.To == order.To;
        }

        rows.Reset();
        return holds;
    }

    private static List<Uid> Settle(DatabaseConnection db, IEnumerable<long> studies)
    {
        var changed = new List<Uid>();
        foreach (var study in studies)
        {
            if (Settle(db, study)) changed.Add(UidOf(db, study));
        }

        return changed;
    }

    /// <summary>Sets the patient of a study to what follows from its files and the corrections.</summary>
    /// <returns>False: it is that already.</returns>
    private static bool Settle(DatabaseConnection db, long study)
    {
        var present = PatientOf(db, study);
        var received = ReceivedOf(db, study);
        var (identity, uid, last) = (received ?? present, UidOf(db, study).ToString(), 0L);
        db.Use("DELETE FROM applied_correction WHERE study = ?").Add(study).Run();
        while (Next(db, uid, identity.Key, last) is { } correction)
        {
            (identity, last) = (correction.To.ApplyTo(identity), correction.Id);
            db.Use("INSERT INTO applied_correction (study, correction) VALUES (?, ?)").Add(study).Add(last).Run();
        }

        if (last > 0) Keep(db, study, received ?? present);
        else db.Use("DELETE FROM corrected_study WHERE study = ?").Add(study).Run();
        if (identity == present) return false;
        var from = db.Use("SELECT patient FROM study WHERE id = ?").Add(study).LongOrNone();
        var to = ArchiveWrites.Patient(
            db,
            new PatientAttributes(
                identity.PatientId, identity.Issuer, identity.Name, identity.BirthDate, identity.Sex)
            {
                IssuerEntity = identity.IssuerEntity, IssuerEntityType = identity.IssuerEntityType,
            });
        db.Use("UPDATE study SET patient = ? WHERE id = ?").Add(to).Add(study).Run();
        db.Use("DELETE FROM patient WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM study WHERE patient = ?1)")
            .Add(from).Run();
        return true;
    }

    /// <summary>The first correction after another one that bears on a study, or on its patient.</summary>
    private static CorrectionEntry? Next(DatabaseConnection db, string study, PatientKey patient, long after)
    {
        var row = db.Use(Columns + """
             WHERE c.id IN (
                SELECT id FROM correction
                WHERE patient_id = ? AND issuer = ? AND issuer_entity = ? AND study_instance_uid = '' AND id > ?
                    AND undone_at IS NULL
                UNION ALL
                SELECT id FROM correction
                WHERE study_instance_uid = ? AND study_instance_uid <> '' AND id > ? AND undone_at IS NULL)
            ORDER BY c.id LIMIT 1
            """)
            .Add(patient.PatientId).Add(patient.Issuer).Add(patient.IssuerEntity).Add(after).Add(study).Add(after);
        var next = row.Step() ? Read(row) : null;
        row.Reset();
        return next;
    }

    private static void Keep(DatabaseConnection db, long study, PatientIdentity received) =>
        db.Use("""
            INSERT INTO corrected_study (
                study, patient_id, issuer, issuer_entity, issuer_entity_type, name, birth_date, sex)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (study) DO UPDATE SET
                patient_id = excluded.patient_id, issuer = excluded.issuer, issuer_entity = excluded.issuer_entity,
                issuer_entity_type = excluded.issuer_entity_type, name = excluded.name,
                birth_date = excluded.birth_date, sex = excluded.sex
            """)
            .Add(study).Add(received.PatientId).Add(received.Issuer).Add(received.IssuerEntity)
            .Add(received.IssuerEntityType).Add(received.Name).Add(received.BirthDate).Add(received.Sex).Run();

    private static PatientIdentity IdentityOf(PatientAttributes patient) => new(
        patient.PatientId, patient.IssuerOfPatientId, patient.IssuerEntity, patient.IssuerEntityType,
        patient.PatientName, patient.BirthDate, patient.Sex);

    private static Uid UidOf(DatabaseConnection db, long study) =>
        Uid.Parse(db.Use("SELECT study_instance_uid FROM study WHERE id = ?").Add(study).TextOrNone()!);

    private static CorrectionResult Refused(Core.RefusalReason reason, string sentence) =>
        new(new Core.Refusal(reason, sentence), null, []);

    private static List<long> StudyOf(DatabaseConnection db, Uid study) =>
        Ids(db.Use("SELECT id FROM study WHERE study_instance_uid = ?").Add(study.ToString()));

    private static List<long> StudiesOf(DatabaseConnection db, PatientKey patient) => Ids(
        db.Use("""
            SELECT s.id FROM patient p JOIN study s ON s.patient = p.id
            WHERE p.patient_id = ? AND p.issuer = ? AND p.issuer_entity = ? ORDER BY s.id
            """).Add(patient.PatientId).Add(patient.Issuer).Add(patient.IssuerEntity));

    private static PatientIdentity? ReadIdentity(DatabaseStatement row)
    {
        var identity = row.Step()
            ? new PatientIdentity(
                row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6))
            : null;
        row.Reset();
        return identity;
    }

    private static List<long> Ids(DatabaseStatement rows)
    {
        var ids = new List<long>();
        while (rows.Step()) ids.Add(rows.Long(0));
        rows.Reset();
        return ids;
    }
}
