using System.Collections.Concurrent;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Archive.Commitment;

/// <summary>Storage Commitment Push Model SCP of an archive: a request is in the index before it is answered. Source: PS3.4
/// J.3.</summary>
internal sealed class CommitmentScp(ArchiveIndex index, WorkSignal work) : INormalizedScp
{
    private readonly ConcurrentDictionary<(Uid Transaction, AeTitle Requester), EventReporter> _reporters = [];

    public static IReadOnlyCollection<Uid> Classes { get; } = [SopClass.StorageCommitmentPushModel];

    public IReadOnlyCollection<Uid> SopClasses => Classes;

    public async ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken)
    {
        if (CommitmentRequest.Understand(request, out var asked) is { } refusal) return refusal;
        var key = (asked!.TransactionUid, request.Peer.CallingAe);
        // Before the commit: once it is durable the report may go out at any moment.
        if (request.Reporter is { } reporter) _reporters[key] = reporter;
        try
        {
            if (await index.Commitments.TryAddAsync(
                asked.TransactionUid, request.Peer.CallingAe, request.Peer.CalledAe,
                [.. asked.Instances.Select(sop => (sop.SopClassUid, sop.SopInstanceUid))], cancellationToken))
            {
                work.Set();
                return NResponse.Success;
            }
        }
        catch
        {
            _reporters.TryRemove(key, out _);
            throw;
        }

        _reporters.TryRemove(key, out _);
        return NResponse.Refused(DimseStatus.ResourceLimitation.With("Too many commitments wait."));
    }

    /// <summary>True while the association of the request may still stand.</summary>
    public bool HasReporter(PendingCommitment pending) =>
        _reporters.ContainsKey((pending.TransactionUid, pending.RequesterAe));

    /// <summary>The association of the request, once: null if it is not known (any more).</summary>
    public EventReporter? TakeReporter(PendingCommitment pending) =>
        _reporters.TryRemove((pending.TransactionUid, pending.RequesterAe), out var reporter) ? reporter : null;
}
