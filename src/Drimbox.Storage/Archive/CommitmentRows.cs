using Drimbox.Core.Identity;

namespace Drimbox.Storage;

/// <summary>Where a request for storage commitment stands.</summary>
public enum CommitmentState
{
    /// <summary>To be checked and reported.</summary>
    Pending,

    /// <summary>The requester took the report.</summary>
    Reported,

    /// <summary>Nobody took the report. The requester may ask again.</summary>
    Abandoned,
}

/// <summary>An instance that is not committed to.</summary>
/// <param name="Reason">(0008,1197).</param>
public sealed record CommitmentFailure(Uid SopClassUid, Uid SopInstanceUid, ushort Reason);

/// <summary>A request that waits.</summary>
/// <param name="Requests">How often it was asked for.</param>
/// <param name="Attempts">To report.</param>
public sealed record PendingCommitment(
    long Id, Uid TransactionUid, AeTitle RequesterAe, int Requests, int Attempts, DateTimeOffset NextAttemptAt);

/// <summary>A request for storage commitment.</summary>
/// <param name="IsDuplicate">Another request has its transaction UID.</param>
/// <param name="Failures">What the check said; null if it was not made.</param>
public sealed record CommitmentRow(
    Uid TransactionUid,
    AeTitle CalledAe,
    IReadOnlyList<(Uid SopClassUid, Uid SopInstanceUid)> Instances,
    bool IsDuplicate,
    IReadOnlyList<CommitmentFailure>? Failures);

/// <summary>A request for storage commitment as operations see it.</summary>
/// <param name="LastDetail">In our own words.</param>
public sealed record CommitmentEntry(
    Uid TransactionUid,
    AeTitle RequesterAe,
    CommitmentState State,
    int Attempts,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt,
    string? LastDetail);
