namespace Drimbox.Core;

// DICOMweb: PS3.18.
public static partial class Limits
{
    /// <summary>200 HTTP connections at once, as many as associations (<see cref="AssociationsMax"/>).</summary>
    public const int WebConnectionsMax = 200;

    /// <summary>50 HTTP connections from one address that is not this machine; a browser opens six (attack A11).</summary>
    public const int WebConnectionsPerPeerMax = 50;

    /// <summary>80 KiB of a request line: a list of <see cref="UidListMax"/> UIDs of 64 characters is 65 KB.</summary>
    public const int WebRequestLineBytesMax = 80 * 1024;

    /// <summary>16 KiB of header fields: a browser sends 2, a bearer token of an identity provider has 4.</summary>
    public const int WebHeadersBytesMax = 16 * 1024;

    /// <summary>30 s until the header of a request is there, as <see cref="ArtimTimeout"/> (attack A11).</summary>
    public static readonly TimeSpan WebHeadersTimeout = TimeSpan.FromSeconds(30);

    /// <summary>16 GiB of one request to store: a study of a whole-slide scanner has 10. More is answered 413 (attack
    /// A19).</summary>
    public const long WebStoreBytesMax = 16L * 1024 * 1024 * 1024;

    /// <summary>20,000 parts of one request to store: the largest studies have some 10,000 instances (attack
    /// A19).</summary>
    public const int WebStorePartsMax = 20_000;

    /// <summary>16 instances of one request wait for the disk at once, as <see cref="AsyncOperationsMax"/>: enough for
    /// them to share a commit; each holds a file open.</summary>
    public const int WebStoreWindow = 16;

    /// <summary>16 searches at once, each of which holds its answer (10 MiB at
    /// <see cref="FindResultsMax"/> studies); the next waits.</summary>
    public const int WebSearchesMax = 16;

    /// <summary>65,535 instances of one retrieval: as many as a C-GET counts (PS3.7 9.1.3.1.7). More is answered
    /// 413.</summary>
    public const int WebInstancesMax = 65_535;

    /// <summary>1,000 frames named by one request: what a line of 8 KiB has room for.</summary>
    public const int WebFramesMax = 1_000;

    /// <summary>1 KiB of a binary value stands in the metadata itself; a longer one by its address (PS3.18
    /// 10.4.1.1.2).</summary>
    public const int WebInlineBytesMax = 1024;

    /// <summary>512 KiB of a response may wait to be sent: a file is read while the one before is on its way.</summary>
    public const int WebResponseBufferBytes = 512 * 1024;

    /// <summary>256 KiB of a request may wait to be read: twice <see cref="MultipartBufferBytes"/>.</summary>
    public const int WebRequestBufferBytes = 256 * 1024;

    /// <summary>128 KiB of a file in one read and one write, as <see cref="ReceiveBufferBytes"/>.</summary>
    public const int WebFileReadBytes = 128 * 1024;

    /// <summary>128 KiB of a request body at once: a part is written to the disk in pieces of that size.</summary>
    public const int MultipartBufferBytes = 128 * 1024;

    /// <summary>8 KiB of the header of one part, and of what stands before the first (attack A19).</summary>
    public const int MultipartHeadersBytesMax = 8 * 1024;

    /// <summary>32 header fields of a part; senders have two (attack A19).</summary>
    public const int MultipartHeadersMax = 32;

    /// <summary>1,024 characters of a media type with its parameters.</summary>
    public const int MediaTypeLengthMax = 1_024;

    /// <summary>8,192 characters of an Accept field; clients list up to 20 transfer syntaxes, 2 KiB.</summary>
    public const int AcceptLengthMax = 8_192;

    /// <summary>256 attributes in one search: PS3.4 C.6 has 60 keys.</summary>
    public const int SearchAttributesMax = 256;

    /// <summary>60 s without a byte of an archive that a study is fetched from, as <see cref="MllpAnswerTimeout"/>: one
    /// that has to bring the study back from slow storage is asked again.</summary>
    public static readonly TimeSpan WebFetchStallTimeout = TimeSpan.FromSeconds(60);

    /// <summary>1 MiB of an answer about one study; one has 2 KiB.</summary>
    public const int WebFetchSearchBytesMax = 1024 * 1024;

    /// <summary>32 characters of a bearer token at least: 128 bits as hexadecimal digits.</summary>
    public const int BearerTokenLengthMin = 32;
}
