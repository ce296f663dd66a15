using Drimbox.Core.Identity;

namespace Drimbox.Storage;

/// <summary>What retention asks of a study.</summary>
/// <param name="LastReceivedAt">Of its newest instance.</param>
/// <param name="AccessedOn">The last day (UTC) on which it was retrieved; null: never.</param>
/// <param name="Bytes">Of its files.</param>
public sealed record StudyFacts(
    long RowId,
    Uid StudyInstanceUid,
    DateTimeOffset LastReceivedAt,
    DateOnly? AccessedOn,
    bool IsProtected,
    IReadOnlyList<string> Modalities,
    int Instances,
    long Bytes);

/// <summary>Why a study leaves the archive.</summary>
public enum RemovalKind
{
    /// <summary>A person deleted it; it can be brought back for a time.</summary>
    Delete,

    /// <summary>A retention rule; for good.</summary>
    Purge,

    /// <summary>A damaged file whose instance came again whole.</summary>
    Repair,
}

/// <summary>Where a removal stands. Each is left in one transaction, so that a start after a crash goes on.</summary>
public enum RemovalState
{
    /// <summary>The rows are gone, the files are on their way into the trash.</summary>
    Moving,

    /// <summary>The files are in the trash.</summary>
    Kept,

    /// <summary>The files are on their way back; then come the rows.</summary>
    Restoring,

    /// <summary>The files are being unlinked.</summary>
    Unlinking,

    Gone,
    Restored,
}

/// <summary>A study to be removed.</summary>
/// <param name="Reason">One sentence for the record, without patient data.</param>
/// <param name="KeepUntil">How long it can be brought back; null: not at all.</param>
/// <param name="IfLastReceivedAt">The removal rests on nothing having come since; null: whatever came.</param>
public sealed record RemovalOrder(
    Uid StudyInstanceUid,
    RemovalKind Kind,
    string Actor,
    string Reason,
    DateTimeOffset? KeepUntil,
    DateTimeOffset? IfLastReceivedAt = null);

/// <summary>Why a study is not removed, or not brought back.</summary>
public enum RemovalHold
{
    /// <summary>There is no such study, or removal.</summary>
    Absent,

    /// <summary>A person protected it.</summary>
    Protected,

    /// <summary>Something about it waits in the outbox, or was set aside there.</summary>
    NotDelivered,

    /// <summary>Instances came after the decision.</summary>
    Changed,

    /// <summary>The removal is not in a state that can be undone.</summary>
    NotKept,

    /// <summary>Other bytes came under the UID of one of its instances.</summary>
    CameAgain,
}

/// <summary>How a removal or its undoing ended.</summary>
public abstract record RemovalResult
{
    private RemovalResult()
    {
    }

    public sealed record Done(RemovalEntry Removal) : RemovalResult;

    public sealed record Held(RemovalHold Why) : RemovalResult;
}

/// <summary>A removal as it is recorded; it stays as history.</summary>
public sealed record RemovalEntry(
    long Id,
    Uid StudyInstanceUid,
    RemovalKind Kind,
    RemovalState State,
    string Actor,
    string Reason,
    DateTimeOffset RemovedAt,
    DateTimeOffset? KeepUntil,
    int Instances,
    long Bytes);

/// <summary>Where the scrubber stands; it survives a restart.</summary>
/// <param name="Position">The last row that was looked at in this round.</param>
/// <param name="RoundStartedAt">Null before the first round.</param>
/// <param name="RoundEndedAt">Of the last whole round.</param>
/// <param name="Files">Of this round so far; so too bytes and mismatches.</param>
public sealed record ScrubProgress(
    bool IsPaused,
    long Position,
    DateTimeOffset? RoundStartedAt,
    DateTimeOffset? RoundEndedAt,
    long Files,
    long Bytes,
    long Mismatches);

/// <summary>Which studies to list; null: any. Dates are YYYYMMDD, both included.</summary>
public sealed record StudyFilter
{
    public string? PatientId { get; init; }

    public string? AccessionNumber { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public string? Modality { get; init; }

    public Uid? StudyInstanceUid { get; init; }

    /// <summary>Only those with a damaged instance.</summary>
    public bool Damaged { get; init; }

    public int Max { get; init; } = 50;

    public int Skip { get; init; }
}

/// <summary>A study as an administrator sees it. Counts include what rejection notes hide.</summary>
public sealed record StudyEntry(
    Uid StudyInstanceUid,
    string PatientId,
    string IssuerOfPatientId,
    string PatientName,
    string StudyDate,
    string AccessionNumber,
    string StudyDescription,
    IReadOnlyList<string> Modalities,
    int Series,
    int Instances,
    int Hidden,
    int Damaged,
    long Bytes,
    DateTimeOffset FirstReceivedAt,
    DateTimeOffset LastReceivedAt,
    DateOnly? AccessedOn,
    string? ProtectedBy);

/// <summary>An instance as an administrator sees it.</summary>
/// <param name="HiddenReason">The code of the rejection note's title, or null.</param>
/// <param name="DamagedAt">When the scrubber found that the file is not what was received, or null.</param>
public sealed record InstanceEntry(
    Uid SeriesInstanceUid,
    string Modality,
    string SeriesNumber,
    Uid SopInstanceUid,
    Uid SopClassUid,
    Uid TransferSyntaxUid,
    string InstanceNumber,
    string FileName,
    long Length,
    string Digest,
    DateTimeOffset ReceivedAt,
    AeTitle SenderAe,
    string? HiddenReason,
    DateTimeOffset? DamagedAt);
