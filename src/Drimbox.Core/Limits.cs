namespace Drimbox.Core;

/// <summary>Every bound of the program, each with the reason for its value. A test checks how they relate.</summary>
public static class Limits
{
    // ---- DICOM ----

    /// <summary>256 KiB: 128 presentation contexts of 64 transfer syntaxes of 64 characters are 530 KB, but the
    /// longest A-ASSOCIATE-RQ seen from a real peer is 20 KB. A PDU over it is aborted before it is read.</summary>
    public const int AssociateRequestBytesMax = 256 * 1024;

    /// <summary>PS3.8 9.3.2.2: the context id is odd and one byte, so 128 contexts exist.</summary>
    public const int PresentationContextsMax = 128;

    /// <summary>64 transfer syntaxes a context: PS3.6 defines fewer than that in use.</summary>
    public const int TransferSyntaxesPerContextMax = 64;

    /// <summary>128 KiB offered as our maximum PDU length: fewer headers than DCMTK's 16 KiB default, and one
    /// PDU fits in one receive.</summary>
    public const int PduLengthOffered = 128 * 1024;

    /// <summary>The largest PDU that we send, whatever a peer allows: one pooled buffer.</summary>
    public const int PduLengthSendMax = 128 * 1024;

    /// <summary>256 KiB of a file in memory while it is sent: two of the longest PDUs in one system call.</summary>
    public const int SendBufferBytes = 256 * 1024;

    /// <summary>1 MiB from memory in one system call; an ordinary image goes in one.</summary>
    public const int SendGatherBytes = 1024 * 1024;

    /// <summary>PS3.8 D.1: 0 means unlimited; below 4 KiB the headers would dominate, and no known peer does it.</summary>
    public const int PduLengthMin = 4 * 1024;

    /// <summary>A command set is a few hundred bytes (PS3.7 E); 16 KiB leaves room for a long UID list.</summary>
    public const int CommandSetBytesMax = 16 * 1024;

    /// <summary>1 MiB: a query identifier with 1,000 UIDs of 64 characters is 64 KiB.</summary>
    public const int IdentifierBytesMax = 1024 * 1024;

    /// <summary>PS3.5 6.2, UI: 64 characters.</summary>
    public const int UidLengthMax = 64;

    /// <summary>PS3.5 6.2, AE: 16 characters.</summary>
    public const int AeTitleLengthMax = 16;

    /// <summary>64 levels of sequences: enhanced multi-frame and SR stay below 20; a reader that recurses dies
    /// near 1,800 (attack A5).</summary>
    public const int SequenceDepthMax = 64;

    /// <summary>64 MiB: the largest value that a reader copies into memory (a header never needs it; Pixel Data is
    /// passed by reference). Larger is refused, not allocated (attack A4).</summary>
    public const int ValueBytesInMemoryMax = 64 * 1024 * 1024;

    /// <summary>1,000 UIDs in one UID-list match: the largest that PACS send when they resynchronise (attack A13).</summary>
    public const int UidListMax = 1_000;

    /// <summary>10,000 C-FIND responses, then A700: beyond that a screen is not read and a sender waits.</summary>
    public const int FindResultsMax = 10_000;

    /// <summary>200 associations at once: campaign L1. The next one is answered A-ASSOCIATE-RJ 2/3/2.</summary>
    public const int AssociationsMax = 200;

    /// <summary>50 associations from one address: one peer cannot take all of them (attack A11).</summary>
    public const int AssociationsPerPeerMax = 50;

    /// <summary>30 s: PS3.8 9.1.5 leaves the ARTIM timer to us; pynetdicom and DCMTK wait 30 s.</summary>
    public static readonly TimeSpan ArtimTimeout = TimeSpan.FromSeconds(30);

    /// <summary>60 s without a byte inside an association that is not waiting for us (attack A11).</summary>
    public static readonly TimeSpan AssociationIdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>1,024 role selections, extended negotiations or related classes: DCMTK's getscu proposes 120; each
    /// costs a few hundred bytes of memory, so the whole request stays below 1 MiB (attack A2).</summary>
    public const int NegotiationItemsMax = 1_024;

    /// <summary>512 connections that have not been accepted yet or wait to be closed; the oldest is dropped for a new
    /// one, so silent connections cannot keep a peer out (attack A11).</summary>
    public const int ConnectionsPendingMax = 512;

    /// <summary>132 KiB receive buffer of an association that receives data sets: a PDU of the length that we offer,
    /// the command before it and the headers after it. Measured: writes of up to 128 KiB cost half of the processor
    /// time of larger ones (docs/adr/0015), and 200 associations hold 26 MiB.</summary>
    public const int ReceiveBufferBytes = 132 * 1024;

    /// <summary>32 KiB: a fragment from this length on is received by itself, so that it is written by one system call;
    /// of shorter ones a receive takes as many as have come.</summary>
    public const int FragmentBytesReceivedAlone = 32 * 1024;

    /// <summary>1 KiB a second within a message, over a minute: a 64 kbit/s line gives eight times that (attack
    /// A11).</summary>
    public const int ThroughputBytesPerSecondMin = 1024;

    /// <summary>60 s below <see cref="ThroughputBytesPerSecondMin"/>, then the association is aborted.</summary>
    public static readonly TimeSpan ThroughputGrace = TimeSpan.FromSeconds(60);

    /// <summary>16 operations at once on an association (PS3.7 D.3.3.3): enough to hide a group commit of 10 ms behind
    /// transfers of 512 KiB; each holds a file open.</summary>
    public const int AsyncOperationsMax = 16;

    /// <summary>25 s for associations to end by themselves at a stop: systemd kills after 90 s, Docker after 10 s
    /// unless told (the shipped compose file says 30 s).</summary>
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(25);

    /// <summary>60 s for a response: a PACS answers C-STORE in well under a second; C-FIND over a large archive was
    /// seen to take 4 s.</summary>
    public static readonly TimeSpan DimseResponseTimeout = TimeSpan.FromSeconds(60);

    /// <summary>10 s to open a TCP connection: four lost SYN packets.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>5 s to write an answer to a peer that does not read, at the end of an association.</summary>
    public static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(5);

    /// <summary>250 ms for the peer to close after our last PDU, before it sees the end of our side: a round trip
    /// around the world (PS3.8 9.2.3 leaves the closing to the peer, ARTIM ends what remains).</summary>
    public static readonly TimeSpan LastWordGrace = TimeSpan.FromMilliseconds(250);

    /// <summary>10 s without a user, then an association is released: the next instance of a study comes within
    /// one; an acceptor's idle timer is 30 s or more.</summary>
    public static readonly TimeSpan AssociationReuseTime = TimeSpan.FromSeconds(10);

    /// <summary>1 s before an association is requested again after a transient rejection; doubled each time.</summary>
    public static readonly TimeSpan RejectionDelayMin = TimeSpan.FromSeconds(1);

    /// <summary>30 s: a place that becomes free is not left empty for longer.</summary>
    public static readonly TimeSpan RejectionDelayMax = TimeSpan.FromSeconds(30);

    /// <summary>6 transient rejections in a row, half a minute: then the user hears of it.</summary>
    public const int RejectionsMax = 6;

    /// <summary>10 s: who replaces a certificate sees it in use before looking elsewhere for the fault.</summary>
    public static readonly TimeSpan TlsFilesPollInterval = TimeSpan.FromSeconds(10);

    /// <summary>30 days: the time that a hospital needs to get a certificate from its authority.</summary>
    public static readonly TimeSpan TlsCertificateWarning = TimeSpan.FromDays(30);

    /// <summary>64 KiB: a longer value of a file is kept as a reference to the file. Headers and overlays stay below;
    /// Pixel Data of an image worth the name is above.</summary>
    public const int ValueBytesByReferenceMin = 64 * 1024;

    /// <summary>4 KiB kept of one value that the header scan picks: the longest, a PN of three groups of 64 characters
    /// in UTF-8, is 800 bytes (PS3.5 6.2); more is cut, and nothing is matched by it.</summary>
    public const int ScannedValueBytesMax = 4 * 1024;

    /// <summary>64 KiB of file meta information: PS3.10 7.1 has a few hundred bytes; private information may follow.
    /// </summary>
    public const int FileMetaBytesMax = 64 * 1024;

    /// <summary>1 GiB out of one deflated file: larger than any object seen deflated in the field (attack A6).</summary>
    public const long InflatedBytesMax = 1024L * 1024 * 1024;

    /// <summary>100:1: images deflate 2 to 10 times; a bomb reaches 1,000 (attack A6).</summary>
    public const int InflationRatioMax = 100;

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

    /// <summary>1,000,000 frames: a whole-slide image has some 400,000 tiles; what is kept of each is 16 bytes.
    /// </summary>
    public const int FramesPerInstanceMax = 1_000_000;

    /// <summary>256 attribute identifiers in one command set (PS3.7 E.1, (0000,1005)): an N-GET of a whole performed
    /// procedure step names 60.</summary>
    public const int AttributeIdentifiersMax = 256;

    /// <summary>4 MiB of a data set of a DIMSE-N operation: a storage commitment of 30,000 instances, 120 bytes
    /// each.</summary>
    public const int NormalizedBytesMax = 4 * 1024 * 1024;

    /// <summary>16 MiB of responses that came while their caller waited for another one, on an association with
    /// several operations outstanding; more, and the association is aborted.</summary>
    public const int ResponsesHeldBytesMax = 16 * 1024 * 1024;

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

    /// <summary>4,096 sequences and items of a data set whatever its length.</summary>
    public const int DataSetObjectsMin = 4_096;

    /// <summary>16 bytes for each further sequence or item: those of an enhanced multi-frame image have 25 and more,
    /// empty ones, of which a megabyte was 32 MiB of objects, 8 (attack A4).</summary>
    public const int DataSetBytesPerObjectMin = 16;

    /// <summary>128 descriptors that no peer can take: assemblies that are loaded late, databases, the files of
    /// queries and retrieves. A process without any is ended by its runtime (attack A24).</summary>
    public const int DescriptorsReserved = 128;

    /// <summary>3 acceptors share the descriptors of a process: archive, platform and source each have one.</summary>
    public const int AcceptorsPerProcess = 3;

    /// <summary>64 KiB of a data set that an association may collect without regard to the others: a query with 1,000
    /// UIDs.</summary>
    public const int DataSetBytesGranted = 64 * 1024;

    /// <summary>8 MiB of identifiers under way at once in an acceptor, which become at most twelve times as much; an
    /// ordinary one has 300 bytes (attack A13).</summary>
    public const int DataSetBytesHeldMax = 8 * 1024 * 1024;

    // ---- HL7 ----

    /// <summary>32 MiB a frame: a CDA with a 17 MiB PDF is base64 twice (attack A15).</summary>
    public const int MllpFrameBytesMax = 32 * 1024 * 1024;

    /// <summary>100 MLLP connections: a department has fewer than ten senders.</summary>
    public const int MllpConnectionsMax = 100;

    /// <summary>30 s between two bytes of one frame; a frame that stops is a dead peer.</summary>
    public static readonly TimeSpan MllpInterByteTimeout = TimeSpan.FromSeconds(30);

    /// <summary>199 characters: HL7 v2.6 2.14.9.10 MSH-10; longer ones are cut by no one, so they are refused.</summary>
    public const int MessageControlIdLengthMax = 199;

    /// <summary>256 levels of XML elements: a CDA stays below 40 (attack A18).</summary>
    public const int XmlDepthMax = 256;

    /// <summary>24 MiB of CDA characters: what fits base64-encoded in an MLLP frame.</summary>
    public const int CdaBytesMax = 24 * 1024 * 1024;

    /// <summary>32 characters: yyyyMMddHHmmss, a fraction of nine digits and an offset are 29 (HL7 v2.5.1
    /// 2.A.22).</summary>
    public const int TimestampLengthMax = 32;

    // ---- Printed reports ----

    /// <summary>200,000 characters of one report, some sixty pages: the longest dictated reports have three.</summary>
    public const int ReportCharactersMax = 200_000;

    /// <summary>512 characters of a viewer address: its QR code (ISO/IEC 18004, level M, version 18) stays readable
    /// when it is printed 35 mm wide; an IHE Invoke Image Display address has 150.</summary>
    public const int ViewerUrlLengthMax = 512;

    /// <summary>1 MiB an acknowledgement: MSH, MSA and a few ERR are below 1 KiB; some engines echo the message.</summary>
    public const int MllpAckBytesMax = 1024 * 1024;

    /// <summary>50 MLLP connections from one address, as <see cref="AssociationsPerPeerMax"/>: one peer cannot take
    /// all of them.</summary>
    public const int MllpConnectionsPerPeerMax = 50;

    /// <summary>8 frames over <see cref="MllpSmallFrameBytes"/> in memory at once (256 MiB at the cap); the ninth
    /// sender waits in its TCP window, small messages do not.</summary>
    public const int MllpLargeFramesMax = 8;

    /// <summary>1 MiB: messages without a document are 2 KiB, reports 300 KiB.</summary>
    public const int MllpSmallFrameBytes = 1024 * 1024;

    /// <summary>1 KiB of bytes outside of a frame: enough to see what the peer speaks, not to feed it.</summary>
    public const int MllpGarbageBytesMax = 1024;

    /// <summary>60 s for the first byte of a new connection (attack A15).</summary>
    public static readonly TimeSpan MllpFirstByteTimeout = TimeSpan.FromSeconds(60);

    /// <summary>1 h between two messages of a connection that has sent some: senders keep theirs open all day, and a
    /// dead one is not told apart from a quiet one.</summary>
    public static readonly TimeSpan MllpIdleTimeout = TimeSpan.FromHours(1);

    /// <summary>5 min for one whole frame: 32 MiB at 1 Mbit/s; a trickle inside the inter-byte timer ends here.</summary>
    public static readonly TimeSpan MllpFrameTimeout = TimeSpan.FromMinutes(5);

    /// <summary>10 s to open a connection to a peer: a TCP handshake over a VPN takes one.</summary>
    public static readonly TimeSpan MllpConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>60 s for an answer: twice the 30 s that HL7 engines give a receiver before they send again.</summary>
    public static readonly TimeSpan MllpAnswerTimeout = TimeSpan.FromSeconds(60);

    /// <summary>10,000 segments a message: a request with 100 examinations has 2,000.</summary>
    public const int Er7SegmentsMax = 10_000;

    /// <summary>1,000 fields a segment: HL7 v2.6 defines at most 52 (PV1), a vendor's Z segment some more.</summary>
    public const int Er7FieldsMax = 1_000;

    /// <summary>10,000 repetitions a message: identities and addresses repeat a few times.</summary>
    public const int Er7RepetitionsMax = 10_000;

    /// <summary>4 KiB: a viewer address is a host, a service and two identifiers of 64 characters.</summary>
    public const int ViewerUrlBytesMax = 4 * 1024;

    /// <summary>20 characters of a control id that we make: HL7 v2.5.1 2.15.9.10 MSH-10, ST length 20.</summary>
    public const int MessageControlIdLengthSent = 20;

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

    /// <summary>10 attempts: campaign P8 quarantines a poison document after at most ten.</summary>
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

    /// <summary>64 MiB of a KOS that is read back whole: one with <see cref="ManifestInstancesMax"/> instances.</summary>
    public const int KosBytesMax = 64 * 1024 * 1024;

    // ---- Stores ----

    /// <summary>64 KiB: a larger body is an object file of its own, referenced from the row.</summary>
    public const int InlineBodyBytesMax = 64 * 1024;

    /// <summary>2 s without a further change before a manifest is rebuilt: a modality sends images one by one.</summary>
    public static readonly TimeSpan ManifestQuietTime = TimeSpan.FromSeconds(2);

    /// <summary>30 s: a study that never becomes quiet is published all the same.</summary>
    public static readonly TimeSpan ManifestDelayMax = TimeSpan.FromSeconds(30);

    /// <summary>256 writes share one database transaction at most: at 64 concurrent senders it is never reached, and
    /// the first of them waits a few milliseconds for the last.</summary>
    public const int CommitGroupMax = 256;

    /// <summary>4 reading connections a database: two cores, and a C-FIND gives its connection back between pages.</summary>
    public const int DatabaseReadersMax = 4;

    // ---- Dispatch ----

    /// <summary>8 rows of one outbox in flight: the DMP target of 100 publications/s was set with 8.</summary>
    public const int DispatchesInFlightMax = 8;

    /// <summary>10 attempts that ended without a verdict: campaign P8 quarantines a poison row by then.</summary>
    public const int DispatchFaultsMax = 10;

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
