namespace Drimbox.Core;

// Data sets, the upper layer, DIMSE.
public static partial class Limits
{
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

    /// <summary>128 KiB of responses in one system call: a page of 128 matches, and twice that. Half of it is sent as
    /// soon as it is there.</summary>
    public const int ResponseBatchBytes = 128 * 1024;

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

    /// <summary>64 MiB of disk space that a data set is given for the length it claims, before its bytes have come: 200
    /// associations that lie take 12.5 GiB for as long as they stand, and not one byte more.</summary>
    public const long PreallocatedBytesMax = 64 * 1024 * 1024;

    /// <summary>64 KiB: where a write into a large file ends, if more comes (docs/adr/0015).</summary>
    public const int FileWriteAlignment = 64 * 1024;

    /// <summary>256 KiB of a file are given to the disk at once while the rest arrives (docs/adr/0012): half of a CT image.
    /// </summary>
    public const int WritebackBytes = 256 * 1024;

    /// <summary>1 KiB a second within a message, over a minute: a 64 kbit/s line gives eight times that (attack
    /// A11).</summary>
    public const int ThroughputBytesPerSecondMin = 1024;

    /// <summary>60 s below <see cref="ThroughputBytesPerSecondMin"/>, then the association is aborted.</summary>
    public static readonly TimeSpan ThroughputGrace = TimeSpan.FromSeconds(60);

    /// <summary>16 operations at once on an association (PS3.7 D.3.3.3): enough to hide a group commit of 10 ms behind
    /// transfers of 512 KiB; each holds a file open.</summary>
    public const int AsyncOperationsMax = 16;

    /// <summary>25 s for what was begun at all doors of a process together (associations, messages, requests over HTTP) to end
    /// by itself at a stop: Kubernetes kills after 30 s, systemd after 90 s, Docker after 10 s unless told (the shipped compose
    /// files say 35 s).</summary>
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(25);

    /// <summary>500 ms of silence between two messages and an association is idle at a stop: one that has just been answered
    /// is about to send A-RELEASE-RQ or its next request, which a reader on a slow line does within two round trips.
    /// </summary>
    public static readonly TimeSpan DrainIdleTime = TimeSpan.FromMilliseconds(500);

    /// <summary>5 s after the begin of a stop an association is ended between any two messages: a peer that sends study after
    /// study has had the time to finish a series, and what it was answered is stored.</summary>
    public static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(5);

    /// <summary>100 ms between two looks for idle associations at a stop: a fifth of <see cref="DrainIdleTime"/>.</summary>
    public static readonly TimeSpan DrainSweepInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>5 s beyond <see cref="DrainTimeout"/> for a process to close its stores when it is told to end.</summary>
    public static readonly TimeSpan ProcessEndGrace = TimeSpan.FromSeconds(5);

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

    /// <summary>1 KiB: the same for private OB and UN, which only their maker reads (scanners put several KiB of it into
    /// each slice).</summary>
    public const int PrivateValueBytesByReferenceMin = 1024;

    /// <summary>4 KiB kept of one value that the header scan picks: the longest, a PN of three groups of 64 characters
    /// in UTF-8, is 800 bytes (PS3.5 6.2); more is cut, and nothing is matched by it.</summary>
    public const int ScannedValueBytesMax = 4 * 1024;

    /// <summary>64 values that the scan keeps of items: sixteen other patient identifiers with all that says whose they
    /// are, or twelve requests.</summary>
    public const int ScannedItemValuesMax = 64;

    /// <summary>64 KiB of file meta information: PS3.10 7.1 has a few hundred bytes; private information may follow.
    /// </summary>
    public const int FileMetaBytesMax = 64 * 1024;

    /// <summary>1 GiB out of one deflated file: larger than any object seen deflated in the field (attack A6).</summary>
    public const long InflatedBytesMax = 1024L * 1024 * 1024;

    /// <summary>100:1: images deflate 2 to 10 times; a bomb reaches 1,000 (attack A6).</summary>
    public const int InflationRatioMax = 100;

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
}
