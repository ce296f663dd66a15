using Drimbox.Archive.Completeness;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Commitment;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Commitment;

/// <summary>Says of which instances the archive takes custody: those that are shown, of the class that was named, and
/// whose files are, read again from the first byte to the last, what was received.</summary>
internal sealed class CommitmentCheck(
    ArchiveOptions options,
    ArchiveIndex index,
    InstanceFolders folders,
    Arrivals arrivals,
    StudyTransfers transfers,
    ILogger log) : ICommitmentCheck
{
    private static readonly HashSet<Uid> StorageClasses =
        UidRegistry.StorageSopClasses(withRetired: true).Select(entry => entry.Uid).ToHashSet();

    public async ValueTask<IReadOnlyList<FailedSop>> CheckAsync(
        IReadOnlyList<ReferencedSop> instances, CancellationToken cancellationToken)
    {
        var failed = new List<FailedSop>();
        var studies = new HashSet<Uid>();
        var broken = new HashSet<Uid>();
        foreach (var sop in instances)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // One whose file is not durable yet is read from memory, and would seem whole.
            using var turn = await arrivals.BeginAsync(sop.SopInstanceUid);
            var instance = await index.FindInstanceAsync(sop.SopInstanceUid, cancellationToken);
            var reason = ReasonAgainst(sop, instance);
            if (instance is not null) (reason is null ? studies : broken).Add(instance.StudyInstanceUid);
            if (reason is { } why) failed.Add(new FailedSop(sop, why));
        }

        // A list with something unknown in it may be of any study: its sender has more to send.
        if (failed.TrueForAll(f => f.Reason != CommitmentFailureReason.NoSuchObjectInstance))
        {
            foreach (var study in studies.Except(broken)) transfers.CommitmentAsked(study);
        }

        return failed;
    }

    // PS3.3 C.14.1.1.
    private CommitmentFailureReason? ReasonAgainst(ReferencedSop sop, IndexedInstance? instance)
    {
        // What a rejection note hid is not kept for anyone to retrieve.
        if (instance is not { Visible: true })
        {
            return StorageClasses.Contains(sop.SopClassUid) || options.FurtherStorageClasses.Contains(sop.SopClassUid)
                ? CommitmentFailureReason.NoSuchObjectInstance
                : CommitmentFailureReason.ReferencedSopClassNotSupported;
        }

        if (instance.SopClassUid != sop.SopClassUid) return CommitmentFailureReason.ClassInstanceConflict;
        try
        {
            if (!instance.Damaged && folders.IsWhole(instance.File)) return null;
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.TooManyFiles)
        {
            return CommitmentFailureReason.ResourceLimitation;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file that cannot be read is no better than one that is wrong.
        }

        CommitmentLog.Damaged(log, options.NodeId, instance.RowId);
        return CommitmentFailureReason.ProcessingFailure;
    }
}
