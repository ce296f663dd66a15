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

    /// <summary>5 s from one attempt to the next to take back the row of a file that was lost, while the database refuses: a
    /// query shows the row until then.</summary>
    public static readonly TimeSpan TakeBackInterval = TimeSpan.FromSeconds(5);

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

    /// <summary>8 associations at once to the destination of a C-MOVE: beyond that a disk or a workstation is the limit,
    /// and many take no more from one caller.</summary>
    public const int MoveAssociationsMax = 8;

    /// <summary>An association of a C-MOVE that was lost is opened again after 1 s, 2 s, 4 s and 8 s, each time without
    /// an answer in between; then it is given up. A destination that restarts is back within that; who asked waits no
    /// longer.</summary>
    public static readonly IReadOnlyList<TimeSpan> MoveReopenDelays =
    [
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8),
    ];

    /// <summary>3 associations that ended while one and the same instance was sent: it is the instance that the destination
    /// does not bear, and the others go on without it.</summary>
    public const int MoveLossesMax = 3;

    /// <summary>30 days that a storage commitment is kept after its report: as long as a modality may ask for it
    /// again, and an administrator for what became of it.</summary>
    public static readonly TimeSpan CommitmentsKept = TimeSpan.FromDays(30);

    /// <summary>2 checks of storage commitment at once: each reads whole files, and the disk has to take what arrives as
    /// well.</summary>
    public const int CommitmentChecksAtOnce = 2;

    /// <summary>10 s until the store is asked again by a worker that it failed.</summary>
    public static readonly TimeSpan WorkerRetryDelay = TimeSpan.FromSeconds(10);

    /// <summary>30 days that the instances of a procedure step are waited for: a study that is not there by then will not
    /// come.</summary>
    public static readonly TimeSpan AnnouncementsKept = TimeSpan.FromDays(30);

    /// <summary>60 s without an image after the release of its association, then a study is complete: the pause of a
    /// modality that opens an association for each series is a few seconds.</summary>
    public static readonly TimeSpan StudyQuietTime = TimeSpan.FromSeconds(60);

    /// <summary>15 min without an image where the association was not released: a modality that lost it tries again within
    /// minutes.</summary>
    public static readonly TimeSpan StudyLongQuietTime = TimeSpan.FromMinutes(15);

    /// <summary>16 patients in one message: a merge names one pair, and each pair is a transaction before the
    /// answer.</summary>
    public const int PatientsPerMessageMax = 16;
}
