using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Looks at the files of an instance before they are served. To hash them each time would cost as much as the
/// sending; that a file is there with the length that it had costs one system call. One that is not is marked as
/// damaged, and the scrubber reads it before any other.</summary>
internal sealed class ServedFiles(
    ArchiveOptions options, ArchiveIndex index, InstanceFolders folders, Scrubber scrubber, ILogger log)
{
    private enum State
    {
        Whole,
        Damaged,

        /// <summary>Its folder is not there: so much is gone that this says nothing of the file.</summary>
        Unreachable,
    }

    /// <summary>The instance as it can be served: where its own file is damaged, the first rendition that is not stands
    /// for it. <see cref="IndexedInstance.Damaged"/>: there is none.</summary>
    public async ValueTask<IndexedInstance> CheckAsync(IndexedInstance instance)
    {
        var isWhole = !instance.Damaged && await IsWholeAsync(instance.RowId, instance.File, isFurther: false, 0);
        if (isWhole && instance.Renditions.Count == 0) return instance;
        var renditions = new List<FurtherFile>();
        foreach (var rendition in instance.Renditions)
        {
            if (await IsWholeAsync(instance.RowId, rendition.File, isFurther: true, rendition.RowId))
                renditions.Add(rendition);
        }

        if (isWhole) return instance with { Renditions = renditions };
        return renditions.Count == 0
            ? instance with { Damaged = true, Renditions = [] }
            : instance with
            {
                Damaged = false,
                SopClassUid = renditions[0].SopClassUid,
                TransferSyntaxUid = renditions[0].TransferSyntaxUid,
                File = renditions[0].File,
                Renditions = renditions[1..],
            };
    }

    private async ValueTask<bool> IsWholeAsync(long rowId, InstanceFile file, bool isFurther, long furtherRowId)
    {
        var state = StateOf(file);
        if (state == State.Whole) return true;
        if (state == State.Unreachable)
        {
            LifeCycleLog.Unreachable(log, options.NodeId, file.FileName);
            return false;
        }

        try
        {
            // False: it is known, or a replacement has taken its place meanwhile.
            var isNews = isFurther
                ? await index.MarkFurtherDamagedAsync(furtherRowId, true, CancellationToken.None)
                : await index.MarkDamagedAsync(rowId, file.FileName, true, CancellationToken.None);
            if (!isNews) return false;
            LifeCycleLog.LengthDiffers(log, options.NodeId, rowId, file.FileName, file.Length);
            scrubber.LookAtFirst(rowId);
        }
        catch (StorageFaultException e)
        {
            LifeCycleLog.WorkFailed(log, e, options.NodeId, "marking a damaged file");
        }

        return false;
    }

    private State StateOf(InstanceFile file)
    {
        var stored = new FileInfo(folders.PathOf(file.FileName));
        if (stored.Exists) return stored.Length == file.Length ? State.Whole : State.Damaged;
        return stored.Directory!.Exists ? State.Damaged : State.Unreachable;
    }
}
