namespace Drimbox.Core;

/// <summary>Every bound of the program, each with the reason for its value. A test checks how they relate.</summary>
public static partial class Limits
{
    // ---- XDS ----

    /// <summary>64 MiB: an ITI-41 with a CDA at its cap, as MTOM (attack A19).</summary>
    public const int SoapMessageBytesMax = 64 * 1024 * 1024;

    /// <summary>16 parts of an MTOM message: SOAP, and far more documents than any submission of ours.</summary>
    public const int MtomPartsMax = 16;

    /// <summary>60 s for one XDS call; the lease of an outbox row is 30 s longer, so a call never outlives it.</summary>
    public static readonly TimeSpan XdsCallTimeout = TimeSpan.FromSeconds(60);

    /// <summary>90 s: <see cref="XdsCallTimeout"/> + 30 s (the claim rule of docs/adr/0008).</summary>
    public static readonly TimeSpan OutboxLease = TimeSpan.FromSeconds(90);

    /// <summary>First wait before a repeated delivery; doubled each time.</summary>
    public static readonly TimeSpan RetryDelayMin = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait before a repeated delivery: a peer that returns is noticed within five minutes.</summary>
    public static readonly TimeSpan RetryDelayMax = TimeSpan.FromMinutes(5);

    /// <summary>1 MiB: the SOAP part of an MTOM message is metadata, about 40 KB for two documents.</summary>
    public const int SoapPartBytesMax = 1024 * 1024;

    /// <summary>8 KiB of MIME headers a part: real ones are below 300 bytes (attack A19).</summary>
    public const int MtomPartHeaderBytesMax = 8 * 1024;

    /// <summary>RFC 2046 5.1.1: a boundary has at most 70 characters.</summary>
    public const int MtomBoundaryLengthMax = 70;

    /// <summary>60 s: the clock skew between two nodes that a signed assertion survives (attack A20).</summary>
    public static readonly TimeSpan ClockSkewMax = TimeSpan.FromSeconds(60);

    /// <summary>5 min: a VIHF is made for one attempt, which lasts at most <see cref="XdsCallTimeout"/>.</summary>
    public static readonly TimeSpan VihfLifetime = TimeSpan.FromMinutes(5);

    /// <summary>10 attempts at least before a publication is too old (<see cref="PublicationAgeMax"/>).</summary>
    public const int PublicationAttemptsMax = 10;

    // ---- Manifests ----

    /// <summary>64 studies in one message: a report on a follow-up names two or three; each is a stream of one commit.
    /// </summary>
    public const int StudiesPerMessageMax = 64;

    /// <summary>60 s to ask a PACS about one study: 20 series at the second or so that a slow C-FIND takes; shorter than
    /// <see cref="DispatchAttemptDeadline"/>.</summary>
    public static readonly TimeSpan PacsQueryTimeout = TimeSpan.FromSeconds(60);

    /// <summary>1,000 studies or alerts in one answer to the administrator.</summary>
    public const int StudiesListedMax = 1_000;

    /// <summary>100,000 instances in one manifest: the largest studies seen (whole-body perfusion, tomosynthesis) stay
    /// below 20,000; at this number the KOS has some 40 MB.</summary>
    public const int ManifestInstancesMax = 100_000;

    /// <summary>1,000 images that the key image notes of a study mark in its manifest: a note marks a handful; with
    /// <see cref="KeyImageTextLengthMax"/> they make a KOS larger by 4 MB at most.</summary>
    public const int KeyImagesMax = 1_000;

    /// <summary>1,024 characters of the text of a key image note: it stands beside each image that it marks.</summary>
    public const int KeyImageTextLengthMax = 1_024;

    /// <summary>16 series of notes that are fetched for one look at a study: a workstation makes one, or one a note.
    /// </summary>
    public const int KeyImageSeriesMax = 16;

    /// <summary>10 s to fetch all key image notes of a study: they are small, and no manifest waits for them longer;
    /// with <see cref="PacsQueryTimeout"/> within <see cref="DispatchAttemptDeadline"/>.</summary>
    public static readonly TimeSpan KeyImageNotesTimeout = TimeSpan.FromSeconds(10);

    /// <summary>64 MiB of a KOS that is read back whole: one with <see cref="ManifestInstancesMax"/> instances.</summary>
    public const int KosBytesMax = 64 * 1024 * 1024;

    // ---- Stores ----

    /// <summary>64 KiB: a larger body is an object file of its own, referenced from the row.</summary>
    public const int InlineBodyBytesMax = 64 * 1024;

    /// <summary>1,000 events are read at once by a view that catches up: a megabyte or two.</summary>
    public const int EventsPerPage = 1_000;

    /// <summary>2 s without a further change before a manifest is rebuilt: a modality sends images one by one.</summary>
    public static readonly TimeSpan ManifestQuietTime = TimeSpan.FromSeconds(2);

    /// <summary>30 s: a study that never becomes quiet is published all the same.</summary>
    public static readonly TimeSpan ManifestDelayMax = TimeSpan.FromSeconds(30);

    /// <summary>256 writes share one database transaction at most: at 64 concurrent senders it is never reached, and
    /// the first of them waits a few milliseconds for the last.</summary>
    public const int CommitGroupMax = 256;

    /// <summary>64 where other processes write too: each write locks some ten names, of which a server with its own
    /// settings (max_locks_per_transaction) keeps 6,400 for all.</summary>
    public const int SharedCommitGroupMax = 64;

    /// <summary>3 times in all a write is done that the database ends since it and another wait for each other: alone, it
    /// meets the same only by chance.</summary>
    public const int DeadlockAttemptsMax = 3;

    /// <summary>1 day before an unfinished object in a shared folder counts as left by a crash: one is written and renamed away
    /// within minutes.</summary>
    public static readonly TimeSpan IncomingAgeMax = TimeSpan.FromDays(1);

    /// <summary>1 h between two looks for those.</summary>
    public static readonly TimeSpan IncomingSweepInterval = TimeSpan.FromHours(1);

    /// <summary>2 s between the clocks of a process and of the database that it shares with others, before somebody is told
    /// (campaign P7): what NTP keeps is a thousandth of it, and what a VIHF bears is <see cref="ClockSkewMax"/>.</summary>
    public static readonly TimeSpan DatabaseClockSkewMax = TimeSpan.FromSeconds(2);

    /// <summary>1 min between two looks at that.</summary>
    public static readonly TimeSpan ClockLookInterval = TimeSpan.FromMinutes(1);

    /// <summary>5 s between two looks of a process at what others do: a wake-up that is lost with a session, and the leases
    /// of a process that is gone.</summary>
    public static readonly TimeSpan SharedLookInterval = TimeSpan.FromSeconds(5);

    /// <summary>20 s without an answer of the server to a COMMIT, where other processes go on meanwhile: it fsyncs in
    /// milliseconds, and the system would wait for a cable that was cut for a quarter of an hour.</summary>
    public static readonly TimeSpan SharedAnswerMax = TimeSpan.FromSeconds(20);

    /// <summary>10 ms from one notice to the other processes to the next: one serves all commits between.</summary>
    public static readonly TimeSpan SharedNoticePause = TimeSpan.FromMilliseconds(10);

    /// <summary>1,000 pages of 4 KiB are committed from one checkpoint of SQLite to the next, which is its own default.
    /// </summary>
    public const int CheckpointPages = 1_000;

    /// <summary>16,000 pages, 64 MiB: about so long the log of SQLite may grow beside a writer that never rests; a reader of it
    /// holds 128 KiB of its index.</summary>
    public const int LogPagesMax = 16_000;

    /// <summary>4 reading connections a database: two cores, and a C-FIND gives its connection back between pages.</summary>
    public const int DatabaseReadersMax = 4;

    /// <summary>64 statements that were built from queries are kept prepared on each connection: viewers ask the same
    /// few questions, and each is some 10 KiB.</summary>
    public const int BuiltStatementsMax = 64;

    /// <summary>30 s that PostgreSQL is asked what became of a COMMIT that it did not answer: it starts again within
    /// seconds after a crash, and whoever waits for an answer to C-STORE gives up after about a minute.</summary>
    public static readonly TimeSpan CommitInquiryMax = TimeSpan.FromSeconds(30);

    /// <inheritdoc cref="CommitInquiryMax"/>
    public static readonly TimeSpan CommitInquiryPause = TimeSpan.FromMilliseconds(250);

    /// <summary>256 rows of a store are copied by one statement: what a table has most of is some kilobytes a row, and a
    /// body of a message 64 KiB at most, so a page is 16 MiB at worst; 19 columns make 4,864 parameters, of which PostgreSQL
    /// takes 65,535 and SQLite 32,766.</summary>
    public const int CopyPageRows = 256;

    // ---- Dispatch ----

    /// <summary>8 rows in flight to one destination: the DMP target of 100 publications/s was set with 8.</summary>
    public const int DispatchesInFlightMax = 8;

    /// <summary>10 attempts that nothing explains (an exception, a hang, the death of the process, an error that says
    /// nothing): campaign P8 quarantines a poison row by then.</summary>
    public const int DispatchFaultsMax = 10;

    /// <summary>7 days: longer than any outage of the DMP that was announced; then a person looks at what waits.
    /// </summary>
    public static readonly TimeSpan PublicationAgeMax = TimeSpan.FromDays(7);

    /// <summary>10,000 submissions that have no end yet are looked through for that of a row that cannot be read.</summary>
    public const int PublicationsListedMax = 10_000;

    /// <summary>5 attempts in a row that did not reach a peer: three may be one restart of it.</summary>
    public const int CircuitFailuresMax = 5;

    /// <summary>5 s before the first probe: a peer that restarts needs that long.</summary>
    public static readonly TimeSpan CircuitPauseMin = TimeSpan.FromSeconds(5);

    /// <summary>60 s between two probes: a peer that returns is noticed within a minute, and one that hangs holds one
    /// call of <see cref="XdsCallTimeout"/> instead of <see cref="DispatchesInFlightMax"/>.</summary>
    public static readonly TimeSpan CircuitPauseMax = TimeSpan.FromSeconds(60);

    /// <summary>75 s: after <see cref="XdsCallTimeout"/>, so that a handler tells of its own timeout, and before
    /// <see cref="OutboxLease"/>.</summary>
    public static readonly TimeSpan DispatchAttemptDeadline = TimeSpan.FromSeconds(75);

    /// <summary>10 s for calls in flight when the process stops; a service manager waits 30 s or more.</summary>
    public static readonly TimeSpan DispatchStopGrace = TimeSpan.FromSeconds(10);

    // ---- Teleradiology ----

    /// <summary>4 studies fetched at once: they fill a line of 1 Gbit/s, and half of the
    /// <see cref="DispatchesInFlightMax"/> stay free for messages.</summary>
    public const int StudyFetchesMax = 4;

    /// <summary>5 s before a fetch looks for a free place again: a study takes that long at least.</summary>
    public static readonly TimeSpan StudyFetchWait = TimeSpan.FromSeconds(5);

    /// <summary>30 min for one study: 2 GB at 10 Mbit/s take 27.</summary>
    public static readonly TimeSpan StudyFetchDeadline = TimeSpan.FromMinutes(30);

    /// <summary>32 min: <see cref="StudyFetchDeadline"/> and time to record the end, as <see cref="OutboxLease"/>.
    /// </summary>
    public static readonly TimeSpan StudyFetchLease = TimeSpan.FromMinutes(32);

    /// <summary>1,000 requests of a listing; a further page follows.</summary>
    public const int RequestsListedMax = 1_000;

    /// <summary>64 KiB for the protocols of one acceptance: its event holds them, and what is larger than that is an
    /// object. A page of text as PDF has 40 KiB.</summary>
    public const int ProtocolBytesMax = 64 * 1024;

    /// <summary>20 protocols of one acceptance: an examination has one for each of its phases.</summary>
    public const int ProtocolsMax = 20;

    /// <summary>1,000 report templates: one for each act of a large department.</summary>
    public const int ReportTemplatesMax = 1_000;

    /// <summary>1 MiB of a template: five times the longest report (<see cref="ReportCharactersMax"/>).</summary>
    public const int ReportTemplateBytesMax = 1024 * 1024;

    /// <summary>30 min until a request is answered: an emergency is decided while the patient waits.</summary>
    public static readonly TimeSpan AnswerWithinDefault = TimeSpan.FromMinutes(30);

    /// <summary>4 h until an examination is reported: half a working day.</summary>
    public static readonly TimeSpan ReportWithinDefault = TimeSpan.FromHours(4);

    // ---- Load generator ----

    /// <summary>1,000,000: finer shares than one in a million do not occur in a run.</summary>
    public const int LoadMixWeightMax = 1_000_000;

    /// <summary>1 GiB of pixels in one synthetic instance: beyond the largest tomosynthesis.</summary>
    public const long LoadInstanceBytesMax = 1024L * 1024 * 1024;

    /// <summary>512 MiB of the files of a folder are kept in memory, so that the disk of the sender is not what is
    /// measured.</summary>
    public const long LoadPayloadBytesMax = 512L * 1024 * 1024;

    /// <summary>5 s after the end of an open loop for what is still queued; the rest is reported as not begun.</summary>
    public static readonly TimeSpan LoadBacklogTime = TimeSpan.FromSeconds(5);

    /// <summary>1,000 associations or connections: five times what our own acceptor admits.</summary>
    public const int LoadUsersMax = 1_000;

    /// <summary>2 s between two attempts to open an association that fails: the peer is told apart from a dead one, and
    /// not flooded. The first repeat comes after 50 ms.</summary>
    public static readonly TimeSpan LoadReconnectDelayMax = TimeSpan.FromSeconds(2);
}
