using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>Corrections of patients: events that the index follows and the stored files do not
/// (docs/adr/0019).</summary>
public sealed class CorrectionsTable
{
    private readonly DatabaseWriter _writer;
    private readonly DatabaseReaders _readers;
    private readonly TimeProvider _clock;

    internal CorrectionsTable(DatabaseWriter writer, DatabaseReaders readers, TimeProvider clock)
    {
        _writer = writer;
        _readers = readers;
        _clock = clock;
    }

    /// <summary>Records a correction, and sets the patients of the studies that it bears on, in one
    /// transaction.</summary>
    public Task<CorrectionResult> AddAsync(CorrectionOrder order, CancellationToken cancellationToken) =>
        WriteAsync(db => CorrectionWrites.Add(db, order, _clock.DatabaseNow()), cancellationToken);

    /// <summary>Takes a correction back. Those after it hold on, for whom they are about then.</summary>
    public Task<CorrectionResult> UndoAsync(long id, string actor, CancellationToken cancellationToken) =>
        WriteAsync(db => CorrectionWrites.Undo(db, id, actor, _clock.DatabaseNow()), cancellationToken);

    /// <summary>Corrections, newest first, undone ones too.</summary>
    /// <param name="study">Those that bear on a study, or were of it; null: all.</param>
    public Task<IReadOnlyList<CorrectionEntry>> ListAsync(
        Uid? study, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<CorrectionEntry>>(
            db =>
            {
                var rows = db.Use(CorrectionWrites.Columns + """
                     WHERE ?1 IS NULL OR c.study_instance_uid = ?1 OR c.id IN (
                        SELECT a.correction FROM applied_correction a JOIN study s ON s.id = a.study
                        WHERE s.study_instance_uid = ?1)
                    ORDER BY c.id DESC LIMIT ?2
                    """).Add(study?.ToString()).Add(max);
                return ReadAll(rows);
            },
            cancellationToken);

    /// <summary>Null: the patient of the study is the one of its files.</summary>
    public Task<CorrectedStudy?> FindAsync(Uid studyInstanceUid, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db =>
            {
                var study = db.Use("""
                    SELECT r.study FROM study s JOIN corrected_study r ON r.study = s.id WHERE s.study_instance_uid = ?
                    """).Add(studyInstanceUid.ToString()).LongOrNone();
                if (study is not { } id || CorrectionWrites.ReceivedOf(db, id) is not { } received) return null;
                var rows = db.Use(CorrectionWrites.Columns + """
                     WHERE c.id = (SELECT max(correction) FROM applied_correction WHERE study = ?)
                    """).Add(id);
                return ReadAll(rows) is [var last]
                    ? new CorrectedStudy(received, CorrectionWrites.PatientOf(db, id), last)
                    : null;
            },
            cancellationToken);

    /// <summary>Who has a patient id, by whatever authority: each identity once, that of the newest study
    /// first.</summary>
    public Task<IReadOnlyList<PatientIdentity>> PatientsAsync(string patientId, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<PatientIdentity>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT s.id FROM patient p JOIN study s ON s.patient = p.id WHERE p.patient_id = ? ORDER BY s.id DESC
                    """).Add(patientId);
                var studies = new List<long>();
                while (rows.Step()) studies.Add(rows.Long(0));
                rows.Reset();
                return studies.Select(study => CorrectionWrites.PatientOf(db, study)).Distinct().ToList();
            },
            cancellationToken);

    private static List<CorrectionEntry> ReadAll(DatabaseStatement rows)
    {
        var entries = new List<CorrectionEntry>();
        while (rows.Step()) entries.Add(CorrectionWrites.Read(rows));
        rows.Reset();
        return entries;
    }

    private Task<CorrectionResult> WriteAsync(
        Func<DatabaseConnection, CorrectionResult> work, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db =>
            {
                var result = work(db);
                return new Written<CorrectionResult>(result, Keep: result.Refusal is null);
            },
            cancellationToken);
}
