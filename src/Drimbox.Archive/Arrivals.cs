using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Archive;

/// <summary>
/// The arrivals whose file and row are becoming durable at the same time, one at a time under a UID: until both are, the
/// row promises nothing, and whoever rests a promise on it (the same instance again, a storage commitment, a replacement)
/// waits for its turn.
/// </summary>
internal sealed class Arrivals
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Uid, Turn> _open = [];
    private long _lastRow;

    /// <summary>Waits until nothing else of this UID is under way.</summary>
    /// <returns>The turn; disposed, the next may begin.</returns>
    public async ValueTask<Turn> BeginAsync(Uid sopInstanceUid)
    {
        while (true)
        {
            Task former;
            lock (_gate)
            {
                if (!_open.TryGetValue(sopInstanceUid, out var open))
                {
                    var turn = new Turn(this, sopInstanceUid, _lastRow);
                    _open.Add(sopInstanceUid, turn);
                    return turn;
                }

                former = open.Ended;
            }

            await former;
        }
    }

    /// <summary>A row was committed.</summary>
    public void Saw(long rowId)
    {
        lock (_gate) _lastRow = Math.Max(_lastRow, rowId);
    }

    /// <summary>The last row, at most <paramref name="rowId"/>, up to which all files are durable: the rows of those under
    /// way come after what had been committed when they began.</summary>
    public long WholeTo(long rowId)
    {
        lock (_gate) return _open.Values.Select(turn => turn.RowsBefore).Append(rowId).Min();
    }

    /// <summary>The exclusive right to what stands under a UID.</summary>
    public sealed class Turn(Arrivals arrivals, Uid sopInstanceUid, long rowsBefore) : IDisposable
    {
        private TaskCompletionSource? _ended;

        public long RowsBefore => rowsBefore;

        /// <summary>Belongs to <see cref="Arrivals"/>: asked for under its lock.</summary>
        public Task Ended =>
            (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public void Dispose()
        {
            lock (arrivals._gate)
            {
                Invariant.Holds(arrivals._open.Remove(sopInstanceUid));
                _ended?.SetResult();
            }
        }
    }
}
