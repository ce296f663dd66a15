using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <content>Resynchronisations: what of them is done stands here and nowhere else, so that they outlive every
/// stop.</content>
public sealed partial class FlowStore
{
    /// <summary>Adds a run in the state Planned.</summary>
    public Task<long> AddResyncAsync(
        string plan, long estimated, string actor, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db => new Written<long>(
                ResyncTable.Add(db, plan, estimated, actor, Now(db)), Keep: true),
            cancellationToken);

    /// <summary>A run, or null.</summary>
    public Task<ResyncEntry?> FindResyncAsync(long id, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => ResyncTable.Find(db, id), cancellationToken);

    /// <summary>The run that goes on; there is one at most.</summary>
    public Task<ResyncEntry?> FindRunningResyncAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(ResyncTable.Running, cancellationToken);

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<ResyncEntry>> ListResyncAsync(int max, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => ResyncTable.List(db, max), cancellationToken);

    /// <summary>Brings a run into another state.</summary>
    /// <param name="from">The states that it may be in.</param>
    /// <param name="note">Why, for the administrator.</param>
    /// <returns>False: it is in none of them, or another run goes on.</returns>
    public Task<bool> MoveResyncAsync(
        long id, IReadOnlyList<string> from, string to, string actor, string note,
        CancellationToken cancellationToken) =>
        WriteResyncAsync(
            db => ResyncTable.Move(db, id, from, to, actor, note, Now(db)), cancellationToken);

    /// <summary>Adds a part of the plan.</summary>
    /// <param name="cursor">Where the part began.</param>
    /// <returns>False: the run is not there any more; nothing was written.</returns>
    public Task<bool> AddResyncPageAsync(
        long id, string cursor, ResyncPage page, CancellationToken cancellationToken) =>
        WriteResyncAsync(db => ResyncTable.AddPage(db, id, cursor, page), cancellationToken);

    /// <summary>A study of the run that waits, or null.</summary>
    public Task<string?> NextResyncStudyAsync(long id, CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => ResyncTable.Next(db, id), cancellationToken);

    /// <summary>A study of the run is done.</summary>
    /// <param name="isFailure">It needs somebody.</param>
    public Task<bool> EndResyncStudyAsync(
        long id, string study, string outcome, bool isFailure, CancellationToken cancellationToken) =>
        WriteResyncAsync(db => ResyncTable.End(db, id, study, outcome, isFailure), cancellationToken);

    /// <summary>What of the run waits, how the rest ended, and the first of what failed.</summary>
    public Task<(long Waiting, IReadOnlyList<ResyncCount> Counts, IReadOnlyList<ResyncFailure> Failures)>
        CountResyncAsync(long id, int failuresMax, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => (ResyncTable.Waiting(db, id), ResyncTable.Counts(db, id), ResyncTable.Failures(db, id, failuresMax)),
            cancellationToken);

    /// <summary>How many targets each key of a kind has, in ordinal order of the keys.</summary>
    /// <param name="from">The first key.</param>
    /// <param name="to">The last one.</param>
    public Task<IReadOnlyList<(string Key, long Targets)>> CountLinksAsync(
        string kind, string from, string to, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<(string, long)>>(
            db =>
            {
                var rows = db.Use("""
                    SELECT key, count(*) FROM link WHERE kind = ? AND key >= ? AND key <= ? GROUP BY key ORDER BY key
                    """).Add(kind).Add(from).Add(to);
                var counts = new List<(string, long)>();
                while (rows.Step()) counts.Add((rows.Text(0), rows.Long(1)));
                rows.Reset();
                return counts;
            },
            cancellationToken);

    /// <summary>How many streams have an id that begins with <paramref name="prefix"/>.</summary>
    public Task<long> CountStreamsAsync(string prefix, CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            db => db.Use("SELECT count(*) FROM stream WHERE stream >= ? AND stream < ?")
                .Add(prefix).Add(prefix + "\U0010FFFF").LongOrNone() ?? 0,
            cancellationToken);

    private Task<bool> WriteResyncAsync(Func<DatabaseConnection, bool> write, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            db =>
            {
                var isWritten = write(db);
                return new Written<bool>(isWritten, isWritten);
            },
            cancellationToken,
            names: static _ => ["resynchronisations"]);
}
