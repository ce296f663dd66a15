using Drimbox.Core.Identity;

namespace Drimbox.Storage;

// Texts are DICOM values as received, decoded, without padding; "" is absent or empty.

public sealed record PatientAttributes(
    string PatientId, string IssuerOfPatientId, string PatientName, string BirthDate, string Sex)
{
    /// <summary>Universal Entity ID and its type, of (0010,0024).</summary>
    public string IssuerEntity { get; init; } = "";

    public string IssuerEntityType { get; init; } = "";

    /// <summary>Of (0010,1002).</summary>
    public IReadOnlyList<OtherPatientId> OtherIds { get; init; } = [];
}

/// <summary>A further identifier of a patient, with who gave it.</summary>
public sealed record OtherPatientId(string PatientId, string Issuer, string IssuerEntity, string IssuerEntityType);

public sealed record StudyAttributes(
    Uid StudyInstanceUid,
    string StudyDate,
    string StudyTime,
    string AccessionNumber,
    string StudyId,
    string StudyDescription,
    string ReferringPhysicianName)
{
    /// <summary>Local Namespace Entity ID, Universal Entity ID and its type, of (0008,0051).</summary>
    public string AccessionIssuer { get; init; } = "";

    public string AccessionIssuerEntity { get; init; } = "";

    public string AccessionIssuerEntityType { get; init; } = "";
}

public sealed record SeriesAttributes(
    Uid SeriesInstanceUid,
    string Modality,
    string SeriesNumber,
    string SeriesDescription,
    string SeriesDate,
    string SeriesTime)
{
    /// <summary>(0040,0244) and (0040,0245).</summary>
    public string PerformedProcedureStepStartDate { get; init; } = "";

    /// <inheritdoc cref="PerformedProcedureStepStartDate"/>
    public string PerformedProcedureStepStartTime { get; init; } = "";

    /// <summary>The items of (0040,0275).</summary>
    public IReadOnlyList<RequestAttributes> RequestAttributes { get; init; } = [];
}

/// <summary>A request that a series answers. Source: PS3.3 10.6.</summary>
public sealed record RequestAttributes(
    string AccessionNumber,
    string RequestedProcedureId,
    string RequestedProcedureDescription,
    string ScheduledProcedureStepId,
    string ScheduledProcedureStepDescription);

/// <param name="NumberOfFrames">0 where the object has no such attribute; so too Rows and Columns.</param>
public sealed record InstanceAttributes(
    Uid SopInstanceUid,
    Uid SopClassUid,
    Uid TransferSyntaxUid,
    string InstanceNumber,
    int NumberOfFrames,
    int Rows,
    int Columns);

/// <summary>The file of an instance, and how it came.</summary>
/// <param name="FileName">Relative to the folder of the archive; our own random name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Digest">Of the file (<see cref="FileDigest"/>), lower-case hexadecimal.</param>
/// <param name="DataSetSha256">Of the data set alone, without preamble and file meta information.</param>
/// <param name="ReceivedAt">When its first byte came.</param>
/// <param name="SenderAe">Whose object it is: the calling AE, or the PACS that asked a stranger to send it.</param>
public sealed record InstanceFile(
    string FileName, long Length, string Digest, string DataSetSha256, DateTimeOffset ReceivedAt, AeTitle SenderAe);

/// <summary>What the index takes in for one instance.</summary>
public sealed record InstanceRecord(
    PatientAttributes Patient,
    StudyAttributes Study,
    SeriesAttributes Series,
    InstanceAttributes Instance,
    InstanceFile File)
{
    /// <summary>What its arrival hides, in the same transaction: nobody sees one without the other.</summary>
    public InstanceHiding? Hides { get; init; }
}

/// <summary>An indexed instance: what retrieval, start-up check and scrubber need.</summary>
/// <param name="RowId">Grows with the order of insertion and is never used again.</param>
/// <param name="Visible">False once a rejection note hid it.</param>
public sealed record IndexedInstance(
    long RowId,
    Uid StudyInstanceUid,
    Uid SeriesInstanceUid,
    Uid SopInstanceUid,
    Uid SopClassUid,
    Uid TransferSyntaxUid,
    InstanceFile File,
    bool Visible)
{
    /// <summary>1 for what came first; a replacement is one more.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The same version in other transfer syntaxes, in the order in which they came.</summary>
    public IReadOnlyList<FurtherFile> Renditions { get; init; } = [];

    /// <summary>The file was found not to be what was received: it is not served, nor committed to.</summary>
    public bool Damaged { get; init; }
}

/// <summary>How an insertion ended; each but <see cref="Inserted"/> left no trace.</summary>
public abstract record InsertResult
{
    private InsertResult()
    {
    }

    /// <param name="Hidden">How many instances it hides.</param>
    /// <param name="WasDamaged">The row was there, and its file was not what had been received.</param>
    public sealed record Inserted(long RowId, int Hidden = 0, bool WasDamaged = false) : InsertResult;

    /// <summary>The archive has the same data set in the same transfer syntax.</summary>
    public sealed record SameBytes(IndexedInstance Existing) : InsertResult;

    /// <summary>The SOP Instance UID is there with another data set or transfer syntax: what happens to the arrival is
    /// to be decided.</summary>
    public sealed record Known(StandingInstance Standing) : InsertResult;
}

/// <summary>How the index of an archive is opened.</summary>
public sealed record ArchiveIndexOptions
{
    /// <summary>The folder of the node; made if it is absent. Holds <c>archive.lock</c>, and <c>archive.db</c> if the index
    /// is a file.</summary>
    public required string Folder { get; init; }

    /// <summary>The index is a schema of PostgreSQL (docs/adr/0018); null: a file of SQLite.</summary>
    public PostgresOptions? Postgres { get; init; }

    public Disk Disk { get; init; } = Disk.Real;

    /// <summary>The clock of the database.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>As in <see cref="FlowStoreOptions.CoalesceDelayMax"/>.</summary>
    public TimeSpan CoalesceDelayMax { get; init; } = Core.Limits.ManifestDelayMax;

    /// <summary>As in <see cref="FlowStoreOptions.BlockingKinds"/>.</summary>
    public IReadOnlySet<string> BlockingKinds { get; init; } = new HashSet<string>(StringComparer.Ordinal);
}

/// <summary>What a rejection note does.</summary>
/// <param name="Reason">The code of its title.</param>
/// <param name="Outbox">Added if any instance was hidden.</param>
public sealed record InstanceHiding(
    IReadOnlyList<Uid> SopInstanceUids, string Reason, params IReadOnlyList<OutboxRow> Outbox);
