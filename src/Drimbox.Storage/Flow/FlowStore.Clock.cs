using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <content>The clock of this process beside that of the database.</content>
public sealed partial class FlowStore
{
    /// <summary>How far the clock of this process is ahead of that of the database, and by how much that may be wrong: half
    /// the time that the question took. Null where the clock of this process is that of the database.</summary>
    /// <exception cref="StorageFaultException">The server cannot be reached.</exception>
    public Task<(TimeSpan Skew, TimeSpan Error)?> MeasureSkewAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync<(TimeSpan, TimeSpan)?>(
            db =>
            {
                var (ours, asked) = (_options.Clock.DatabaseNow(), _options.Clock.GetTimestamp());
                if (db.AskTime() is not { } theirs) return null;
                var half = _options.Clock.GetElapsedTime(asked) / 2;
                return (ours + half - theirs, half);
            },
            cancellationToken);
}
