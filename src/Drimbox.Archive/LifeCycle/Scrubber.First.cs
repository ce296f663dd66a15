using System.Collections.Concurrent;
using Drimbox.Core;

namespace Drimbox.Archive;

/// <content>What was found wrong by who wanted to serve it.</content>
internal sealed partial class Scrubber
{
    private readonly ConcurrentQueue<long> _first = new();

    /// <summary>Has the files of a row read before all others. Its mark stands whether or not that happens.</summary>
    public void LookAtFirst(long rowId)
    {
        if (_first.Count >= Limits.ScrubFirstMax) return;
        _first.Enqueue(rowId);
        Wake();
    }

    private async Task ReadFirstAsync(CancellationToken cancellationToken)
    {
        while (options.Scrub.MegabytesPerSecond > 0 && !Progress.IsPaused && _first.TryDequeue(out var rowId))
        {
            if (await index.FindInstanceAsync(rowId, cancellationToken) is not { } row) continue;
            await CheckAsync(row, cancellationToken);
            await CheckFurtherAsync(row, cancellationToken);
        }
    }
}
