using Drimbox.Core.Archive;
using Drimbox.Core.Identity;

namespace Drimbox.Storage;

/// <summary>A file of an instance beside the one of its row: a further rendition of the version that stands, or of a
/// prior version.</summary>
/// <param name="RowId">Grows with the order of insertion and is never used again.</param>
public sealed record FurtherFile(long RowId, int Version, Uid SopClassUid, Uid TransferSyntaxUid, InstanceFile File);

/// <summary>What the index holds under a SOP Instance UID.</summary>
/// <param name="Patient">Whom the files of its study name, which is what senders know: corrections are not looked
/// at.</param>
public sealed record StandingInstance(IndexedInstance Instance, PatientKey Patient)
{
    /// <summary>True if nothing about the instance has changed between the two.</summary>
    public bool IsStill(StandingInstance? other) =>
        other is not null && Instance.RowId == other.Instance.RowId
        && Instance.File.FileName == other.Instance.File.FileName && Instance.Version == other.Instance.Version
        && Instance.Visible == other.Instance.Visible && Patient == other.Patient
        && Instance.StudyInstanceUid == other.Instance.StudyInstanceUid
        && Instance.Renditions.Select(r => r.RowId).SequenceEqual(other.Instance.Renditions.Select(r => r.RowId));
}

/// <summary>An object that is kept aside.</summary>
/// <param name="RowId">0 before it is inserted.</param>
/// <param name="SopInstanceUid">The default value, as the other UIDs, where the file could not be read.</param>
public sealed record QuarantinedFile(
    long RowId,
    Uid SopInstanceUid,
    Uid SopClassUid,
    Uid StudyInstanceUid,
    Uid SeriesInstanceUid,
    Uid TransferSyntaxUid,
    InstanceFile File,
    QuarantineReason Reason);

/// <summary>What was done to the files of an instance, and by whom.</summary>
/// <param name="Actor">An AE title, or the user behind the administration socket.</param>
/// <param name="Action">In the past tense: replaced, rendition-kept, quarantined, released, restored, dropped.</param>
/// <param name="Detail">Versions and file names of ours.</param>
public sealed record ArchiveEvent(DateTimeOffset At, string Actor, string Action, Uid SopInstanceUid, string Detail);

/// <summary>How a change to what stands under a UID ended.</summary>
public abstract record SettleResult
{
    private SettleResult()
    {
    }

    /// <param name="Freed">Files that no row names any more: the caller unlinks them.</param>
    /// <param name="Hidden">How many instances what came hides (<see cref="InstanceRecord.Hides"/>).</param>
    public sealed record Done(IReadOnlyList<string> Freed, int Hidden = 0) : SettleResult;

    /// <summary>Something else was committed meanwhile, and nothing of this: decide again.</summary>
    /// <param name="Standing">Null: the instance is gone.</param>
    public sealed record Changed(StandingInstance? Standing) : SettleResult;
}

/// <summary>What became of a file that the index is made again from.</summary>
public enum AdoptedAs
{
    Instance,
    Version,
    Rendition,
    PriorVersion,

    /// <summary>The index has the same bytes from another file.</summary>
    SameBytes,

    /// <summary>Its name says nothing of what was decided about it, and its UID is taken.</summary>
    Undecided,
}
