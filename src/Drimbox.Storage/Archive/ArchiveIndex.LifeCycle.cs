using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

// What stays, what goes, and what is still as it came.
public sealed partial class ArchiveIndex
{
    /// <summary>Takes the rows of a study out, in one transaction, and records what is to become of its files. The
    /// caller then moves or unlinks them and says so by <see cref="EndRemovalAsync"/>.</summary>
    public Task<RemovalResult> RemoveStudyAsync(RemovalOrder order, CancellationToken cancellationToken) =>
        WriteAsync(db => LifeCycleWrites.Remove(db, order, _clock.DatabaseNow()), cancellationToken);

    /// <summary>Why a study would not be removed now; null: it would.</summary>
    public Task<RemovalHold?> FindHoldAsync(Uid study, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => LifeCycleWrites.FindHold(db, study), cancellationToken);

    /// <summary>The files of a removal are where its state wanted them.</summary>
    public Task EndRemovalAsync(RemovalEntry removal, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                LifeCycleWrites.EndMoves(db, removal, _clock.DatabaseNow());
                return true;
            },
            cancellationToken);

    /// <summary>Begins to bring a kept removal back.</summary>
    public Task<RemovalResult> BeginRestoreAsync(long removalId, CancellationToken cancellationToken) =>
        WriteAsync(db => LifeCycleWrites.BeginRestore(db, removalId), cancellationToken);

    /// <summary>The files are back: so are the rows.</summary>
    /// <returns>How many instances there are again, and the files that no row wants.</returns>
    public Task<(int Restored, IReadOnlyList<string> Unwanted)> EndRestoreAsync(
        long removalId, CancellationToken cancellationToken) =>
        WriteAsync(db => LifeCycleWrites.EndRestore(db, removalId, _clock.DatabaseNow()), cancellationToken);

    /// <summary>Kept removals whose time is over are to be unlinked.</summary>
    /// <returns>How many there are.</returns>
    public Task<int> ExpireRemovalsAsync(CancellationToken cancellationToken) =>
        WriteAsync(db => LifeCycleWrites.Expire(db, _clock.DatabaseNow()), cancellationToken);

    /// <summary>Removals whose files are not yet where their state wants them.</summary>
    public Task<IReadOnlyList<RemovalEntry>> ListUnfinishedRemovalsAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(LifeCycleWrites.ListUnfinished, cancellationToken);

    /// <summary>Removals, newest first.</summary>
    /// <param name="study">Those of one study alone; null: all.</param>
    public Task<IReadOnlyList<RemovalEntry>> ListRemovalsAsync(
        int max, Uid? study, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => LifeCycleWrites.ListRemovals(db, max, study?.ToString()), cancellationToken);

    public Task<RemovalEntry?> FindRemovalAsync(long removalId, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => LifeCycleWrites.FindRemoval(db, removalId), cancellationToken);

    /// <summary>The names that the files of a removal had in the archive.</summary>
    public Task<IReadOnlyList<string>> RemovedFilesAsync(long removalId, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => LifeCycleWrites.RemovedFiles(db, removalId), cancellationToken);

    /// <summary>A protected study is neither purged nor deleted.</summary>
    /// <param name="by">Who protects it; null: it is protected no more.</param>
    /// <returns>False if there is no such study.</returns>
    public Task<bool> ProtectAsync(Uid study, string? by, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                db.Use("UPDATE study SET protected_by = ? WHERE study_instance_uid = ?")
                    .Add(by).Add(study.ToString()).Run();
                return db.Changes > 0;
            },
            cancellationToken);

    /// <summary>Records that studies were retrieved on a day.</summary>
    public Task NoteAccessAsync(IReadOnlyCollection<Uid> studies, DateOnly day, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                foreach (var study in studies)
                {
                    db.Use("UPDATE study SET accessed_on = ?1 WHERE study_instance_uid = ?2 AND accessed_on < ?1")
                        .Add(day.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber)
                        .Add(study.ToString()).Run();
                }

                return true;
            },
            cancellationToken);

    /// <summary>What retention asks of the studies after a row, in the order of rows.</summary>
    public Task<IReadOnlyList<StudyFacts>> ListFactsAsync(
        long afterRowId, int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => StudyListing.Facts(db, afterRowId, max), cancellationToken);

    /// <summary>Studies as an administrator sees them, newest first.</summary>
    public Task<IReadOnlyList<StudyEntry>> ListStudiesAsync(StudyFilter filter, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => StudyListing.List(db, filter), cancellationToken);

    /// <summary>The instances of a study, hidden and damaged ones too.</summary>
    public Task<IReadOnlyList<InstanceEntry>> ListInstancesAsync(Uid study, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => StudyListing.Instances(db, study), cancellationToken);

    /// <summary>Records that the file of a row is not what was received, or that it is again.</summary>
    /// <param name="fileName">The file that was looked at: a row that has another one by now is left alone.</param>
    /// <returns>True if that is news.</returns>
    public Task<bool> MarkDamagedAsync(
        long rowId, string fileName, bool isDamaged, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                var update = isDamaged
                    ? db.Use("""
                        UPDATE instance SET damaged_at = ?3 WHERE id = ?1 AND file_name = ?2 AND damaged_at IS NULL
                        """).Add(rowId).Add(fileName).Add(_clock.DatabaseNow())
                    : db.Use("""
                        UPDATE instance SET damaged_at = NULL WHERE id = ? AND file_name = ? AND damaged_at IS NOT NULL
                        """).Add(rowId).Add(fileName);
                update.Run();
                return db.Changes > 0;
            },
            cancellationToken);

    /// <summary>The same of a further file.</summary>
    public Task<bool> MarkFurtherDamagedAsync(long rowId, bool isDamaged, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                var update = isDamaged
                    ? db.Use("UPDATE further_file SET damaged_at = ?2 WHERE id = ?1 AND damaged_at IS NULL")
                        .Add(rowId).Add(_clock.DatabaseNow())
                    : db.Use("UPDATE further_file SET damaged_at = NULL WHERE id = ? AND damaged_at IS NOT NULL")
                        .Add(rowId);
                update.Run();
                return db.Changes > 0;
            },
            cancellationToken);

    /// <summary>How many rows are damaged.</summary>
    public Task<long> CountDamagedAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => db.Use("""
                SELECT (SELECT count(*) FROM instance WHERE damaged_at IS NOT NULL)
                    + (SELECT count(*) FROM further_file WHERE damaged_at IS NOT NULL)
                """).LongOrNone() ?? 0,
            cancellationToken);

    public Task<ScrubProgress> ReadScrubAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(StudyListing.Scrub, cancellationToken);

    public Task WriteScrubAsync(ScrubProgress progress, CancellationToken cancellationToken) =>
        WriteAsync(
            db =>
            {
                db.Use("""
                    UPDATE scrub SET paused = ?, position = ?, round_started_at = ?, round_ended_at = ?, files = ?,
                        bytes = ?, mismatches = ?
                    """)
                    .Add(progress.IsPaused ? 1 : 0).Add(progress.Position)
                    .Add(progress.RoundStartedAt is { } from ? DatabaseTime.ToNumber(from) : null)
                    .Add(progress.RoundEndedAt is { } to ? DatabaseTime.ToNumber(to) : null)
                    .Add(progress.Files).Add(progress.Bytes).Add(progress.Mismatches).Run();
                return true;
            },
            cancellationToken);
}
