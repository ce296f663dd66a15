namespace Drimbox.Core;

// The archive and its questions.
public static partial class Limits
{
    /// <summary>1,000 UIDs in one UID-list match: the largest that PACS send when they resynchronise (attack A13).</summary>
    public const int UidListMax = 1_000;

    /// <summary>10,000 C-FIND responses, then A700: beyond that a screen is not read and a sender waits.</summary>
    public const int FindResultsMax = 10_000;

    /// <summary>1,000,000: what FindResultsMax of an archive may be set to; the row ids of such a query are 8 MB.</summary>
    public const int FindResultsCeiling = 1_000_000;

    /// <summary>256 characters of one query key: a stored text value has 64, a person name 5 × 64 of which the folded
    /// groups are compared one by one (attack A13).</summary>
    public const int MatchValueLengthMax = 256;

    /// <summary>4 MiB of a rejection note: 20,000 references are 3 MiB; a longer Key Object Selection is stored, not
    /// obeyed.</summary>
    public const int RejectionNoteBytesMax = 4 * 1024 * 1024;

    /// <summary>4,096 files in a folder of an archive: few enough to list, enough that neighbours share its
    /// fsync.</summary>
    public const int FilesPerFolderMax = 4_096;

    /// <summary>4 threads that wait for fsync: more do not make a disk faster, fewer serialise the journal.</summary>
    public const int SyncThreads = 4;

    /// <summary>32 files share the fsync of their folder at most; more would delay the first of them.</summary>
    public const int SyncGroupMax = 32;

    /// <summary>1,000 rows at most are read again after a crash, beyond those of the last moment.</summary>
    public const int RowsPerMark = 1_000;

    /// <summary>16 times an arrival is decided again because what it replaces changed meanwhile: each time another was
    /// faster, so more than that many senders of one UID at one moment.</summary>
    public const int DuplicateRoundsMax = 16;

    /// <summary>1,000 rows of a listing of the quarantine or of prior versions; a further page follows.</summary>
    public const int KeptFilesListedMax = 1_000;

    /// <summary>8 files are read at once where an index is made again: enough to keep a disk and two processors
    /// busy.</summary>
    public const int RebuildFilesAhead = 8;

    /// <summary>1,000 storage commitments that wait for their check or report at once: a modality has one open for each
    /// study of the last hours.</summary>
    public const int CommitmentsPendingMax = 1_000;

    /// <summary>A commitment report is sent again after 10 s, 1 min, 5 min, 30 min and then hourly through a day: a
    /// modality that is switched off for the night gets it in the morning (PS3.4 J.3.3 leaves it to us).</summary>
    public static readonly IReadOnlyList<TimeSpan> CommitmentReportDelays =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
        .. Enumerable.Repeat(TimeSpan.FromHours(1), 24),
    ];
}
