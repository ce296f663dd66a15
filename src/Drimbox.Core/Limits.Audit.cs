namespace Drimbox.Core;

// The audit trail: PS3.15 A.5 and A.6, DB.CS.06 to 10 and 96.
public static partial class Limits
{
    /// <summary>255 characters of one value: an identifier of HL7 and of CDA has no more (ITI TF-3
    /// 4.2.3.2.26).</summary>
    public const int AuditValueLengthMax = 255;

    /// <summary>8 values of a kind in one message, participants or studies: a report on a follow-up names two or three
    /// studies. A record is found by what there is more all the same.</summary>
    public const int AuditListMax = 8;

    /// <summary>2 KiB of a query: one for a study or a document has 500 bytes.</summary>
    public const int AuditQueryBytesMax = 2 * 1024;

    /// <summary>1,000 records in one answer to a person.</summary>
    public const int AuditListedMax = 1_000;

    /// <summary>200 records, some 400 KB, in one transaction of the reader, and in one connection to a
    /// collector.</summary>
    public const int AuditPage = 200;

    /// <summary>365 days of audit records by default. No text says more than "une durée minimale" (DB.CS.09).</summary>
    public const int AuditRetentionDays = 365;

    /// <summary>180 days at least: the six months for which traces of access are kept.</summary>
    public const int AuditRetentionDaysMin = 180;

    /// <summary>30 years at most: the longest that a patient file is kept for.</summary>
    public const int AuditRetentionDaysMax = 30 * 365;

    /// <summary>1 day between two looks at what may go: a day more of a year is nothing.</summary>
    public static readonly TimeSpan AuditPruneInterval = TimeSpan.FromDays(1);

    /// <summary>1 min in which an address whose handshakes fail has one record: its first tells all that can be known.
    /// </summary>
    public static readonly TimeSpan AuditRefusedInterval = TimeSpan.FromMinutes(1);

    /// <summary>64 addresses in that minute: 180 MB a day at most, of whoever can reach the port.</summary>
    public const int AuditRefusedPeersMax = 64;

    /// <summary>10^12 numbers of records for each trail of a flow that has several (docs/adr/0035): the second begins after
    /// 1,000,000,000,000, which a person can read. A million records a day are used up after 2,700 years.</summary>
    public const long AuditTrailNumbers = 1_000_000_000_000;

    /// <summary>4 collectors: one of the hospital, one of a region, and two of a change between them.</summary>
    public const int AuditTargetsMax = 4;

    /// <summary>10 s to connect to a collector, handshake included.</summary>
    public static readonly TimeSpan AuditConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>30 s to send a page to a collector and to have its end confirmed: one that is slower than 14 KB/s
    /// cannot keep up with a busy day.</summary>
    public static readonly TimeSpan AuditSendTimeout = TimeSpan.FromSeconds(30);
}
