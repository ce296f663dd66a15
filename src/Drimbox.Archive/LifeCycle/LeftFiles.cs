using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Files without a row that processes left which are gone (docs/adr/0040): one process of several looks for them,
/// a minute after its start and then once a day. It touches none whose name is younger than a day: what is older gets no row
/// any more.</summary>
internal sealed class LeftFiles(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    ArchiveIndex index,
    InstanceFolders folders,
    StartUpCheck check,
    ILogger log)
{
    private DateTimeOffset _sweptTo = DateTimeOffset.MinValue;

    [SuppressMessage("Design", "CA1031", Justification =
        "The top of a worker loop: the fault is logged, and the work is done at its next time.")]
    public async Task RunAsync(CancellationToken stop)
    {
        var wait = Limits.SharedUpkeepInterval;
        try
        {
            while (true)
            {
                await Task.Delay(wait, surroundings.Time, stop);
                wait = Limits.SharedUpkeepInterval;
                try
                {
                    if (!await index.HasDutyAsync("sweep", stop)) continue;
                    await LookAsync(stop);
                    wait = Limits.SharedSweepInterval;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LifeCycleLog.WorkFailed(log, e, options.NodeId, "the sweep of files without a row");
                    wait = Limits.RetentionInterval;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Takes into quarantine what lies aside, and removes the rest.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var before = await index.NowAsync(cancellationToken) - Limits.SharedSweepAge;
        var aside = InstanceFolders.AsideFiles(surroundings.Disk, folders.PathOf(""));
        await foreach (var name in UnnamedAsync(aside, DateTimeOffset.MinValue, before, cancellationToken))
            await check.AdoptAsync(name, cancellationToken);
        var removed = 0;
        await foreach (var name in UnnamedAsync(folders.Files(), _sweptTo, before, cancellationToken))
        {
            surroundings.Disk.Unlink(folders.PathOf(name));
            removed++;
        }

        // What is left behind by a name that is older than this was there at the first look, or falls to the next process.
        _sweptTo = before;
        if (removed > 0) ArchiveLog.OrphansRemoved(log, options.NodeId, removed);
    }

    private async IAsyncEnumerable<string> UnnamedAsync(
        IEnumerable<string> names,
        DateTimeOffset from,
        DateTimeOffset before,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var old = names.Where(name => FileStamp.Of(name) is { } named && named >= from && named < before);
        // Named before they are asked for: whatever gets a row by then has one.
        foreach (var page in old.Chunk(Limits.SweptFilesAtOnce))
        {
            foreach (var name in await index.FindUnnamedAsync(page, cancellationToken)) yield return name;
        }
    }
}
