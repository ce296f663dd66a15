namespace Drimbox.Core;

// HL7 v2, MLLP, CDA, printed reports.
public static partial class Limits
{
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

    /// <summary>200,000 characters of one report, some sixty pages: the longest dictated reports have three.</summary>
    public const int ReportCharactersMax = 200_000;

    /// <summary>128 characters of a title that is made of several: XDSDocumentEntry.title has at most 128 bytes in the
    /// older editions of ITI TF-3 (4.2.3.2.23), and pages cut it in lists.</summary>
    public const int DocumentTitleLengthMax = 128;

    /// <summary>5,000 pages of a printed report that is read again: <see cref="ReportCharactersMax"/> empty lines are
    /// 4,000.</summary>
    public const int PrintedPagesMax = 5_000;

    /// <summary>1,000 words that differ between two versions of a text: corrections change tens. Looking for them takes
    /// at most as many passes over the text, and 4 MB.</summary>
    public const int TextDiffEditsMax = 1_000;

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
}
