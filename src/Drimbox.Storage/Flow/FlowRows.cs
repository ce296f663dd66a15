using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Publications;

namespace Drimbox.Storage;

/// <summary>Names an event stream, node first: <c>ris/report/0f…</c>.</summary>
public readonly record struct StreamId(string Value)
{
    public override string ToString() => Value;
}

/// <param name="Type">The name of the event, past tense.</param>
public sealed record EventRow(string Type, string Json);

/// <param name="Version">1 is the first of the stream.</param>
public sealed record StoredEvent(long Version, string Type, string Json, DateTimeOffset RecordedAt);

/// <param name="ExpectedVersion">The version of the last event that the decision saw; 0 for a new stream.</param>
public sealed record StreamAppend(StreamId Stream, long ExpectedVersion, IReadOnlyList<EventRow> Events);

/// <summary>A message with the answer it gets, which is the answer to every identical repeat.</summary>
/// <param name="Sha256">Of the raw bytes, lower-case hexadecimal.</param>
/// <param name="Body">The raw bytes up to <see cref="Limits.InlineBodyBytesMax"/>, else empty.</param>
/// <param name="BodyObject">Where a longer body lies, or null.</param>
/// <param name="Ack">The whole acknowledgement, as sent.</param>
/// <param name="AckCode">Its MSA-1.</param>
public sealed record InboxRow(
    InboxKey Key,
    string Sha256,
    ReadOnlyMemory<byte> Body,
    StoredObject? BodyObject,
    string MessageType,
    string Ack,
    string AckCode,
    DateTimeOffset ReceivedAt)
{
    /// <summary>Ends once <see cref="BodyObject"/> is durable: no row refers to it before.</summary>
    public Task BodyDurable { get; init; } = Task.CompletedTask;
}

/// <summary>One name of one target; (kind, key) is unique.</summary>
public sealed record AliasRow(string Kind, string Key, string Target);

/// <summary>One of the targets of a key.</summary>
public sealed record LinkRow(string Kind, string Key, string Target);

/// <summary>A submission that was decided. Only nodes that may publish have a table for it.</summary>
/// <param name="SubmissionSet">Its unique id.</param>
/// <param name="Kind">Publish, Replace, ChangeVisibility or Delete.</param>
/// <param name="Document">Unique id of the document that it carries, or null.</param>
/// <param name="Target">Unique id of the document that it acts on, or null.</param>
public sealed record PublicationRow(
    string SubmissionSet, string Lane, string Kind, string? Document, string? Target, DateTimeOffset DecidedAt);

/// <summary>How a submission ended.</summary>
/// <param name="Detail">For the operator: our own words, no patient data.</param>
public sealed record PublicationEnd(
    string SubmissionSet, DispatchOutcome Outcome, string? Detail, DateTimeOffset EndedAt);

/// <summary>A submission as operations see it.</summary>
public sealed record PublicationEntry(PublicationRow Row, PublicationEnd? End);

/// <summary>Everything that one decision writes: all of it or nothing.</summary>
public sealed record FlowCommit
{
    public InboxRow? Inbox { get; init; }

    public IReadOnlyList<StreamAppend> Appends { get; init; } = [];

    /// <summary>New names. One that exists with the same target is no conflict.</summary>
    public IReadOnlyList<AliasRow> Aliases { get; init; } = [];

    /// <summary>Names that get this target, whatever they had (two reports become one).</summary>
    public IReadOnlyList<AliasRow> AliasMoves { get; init; } = [];

    public IReadOnlyList<LinkRow> Links { get; init; } = [];

    public IReadOnlyList<OutboxRow> Outbox { get; init; } = [];

    /// <summary>Submissions that were decided; only for a store that has publications.</summary>
    public IReadOnlyList<PublicationRow> Publications { get; init; } = [];

    /// <summary>The end of a submission.</summary>
    public PublicationEnd? PublicationEnd { get; init; }

    /// <summary>The end of the outbox row that led to this decision.</summary>
    public OutboxResult? Result { get; init; }

    /// <summary>What the audit trail keeps of it.</summary>
    public IReadOnlyList<AuditRecord> Audit { get; init; } = [];

    /// <summary>Dead letters that this decision sends again, as new rows.</summary>
    public DeadLettersResent? Resent { get; init; }
}

/// <summary>A person has what lies aside of a lane sent again: those rows are closed.</summary>
/// <param name="Kind">Only rows of this kind.</param>
public sealed record DeadLettersResent(string Lane, string Kind, string Actor);

/// <summary>How a commit ended; each but <see cref="Committed"/> left no trace.</summary>
public abstract record CommitResult
{
    private CommitResult()
    {
    }

    /// <param name="OutboxIds">In the order of <see cref="FlowCommit.Outbox"/>; a coalesced row has the id of the row
    /// that took it in.</param>
    public sealed record Committed(IReadOnlyList<long> OutboxIds) : CommitResult;

    /// <summary>Someone else appended to the stream: load, decide, try again.</summary>
    public sealed record VersionConflict(StreamId Stream) : CommitResult;

    /// <summary>The message was committed before.</summary>
    /// <param name="SameBytes">True for an identical repeat; false for a control id that was used again.</param>
    public sealed record DuplicateMessage(string Ack, string AckCode, bool SameBytes) : CommitResult;

    /// <summary>The name belongs to another target.</summary>
    public sealed record AliasTaken(AliasRow Existing) : CommitResult;

    /// <summary>The row of <see cref="FlowCommit.Result"/> is no longer leased under that epoch.</summary>
    public sealed record LeaseLost : CommitResult;
}

/// <summary>A stream as operations see it.</summary>
public sealed record StreamEntry(StreamId Stream, long Version, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt);

/// <summary>A received message as operations see it, without its body.</summary>
public sealed record InboxEntry(
    long Id,
    InboxKey Key,
    string Sha256,
    long BodyLength,
    StoredObject? BodyObject,
    string MessageType,
    string AckCode,
    DateTimeOffset ReceivedAt);

/// <summary>Which messages to list, newest first.</summary>
/// <param name="BeforeId">Continue before this row; null from the newest.</param>
public sealed record InboxFilter(
    string? ControlId = null,
    string? MessageType = null,
    string? AckCode = null,
    long? BeforeId = null,
    int Max = 100);

/// <summary>How a flow store is opened.</summary>
public sealed record FlowStoreOptions
{
    /// <summary>The folder of the node; made if it is absent. Holds <c>flow.db</c> (or <c>flow.postgres</c>) and
    /// <c>flow.lock</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>Name of the file and of its lock, without the extension. Default flow.</summary>
    public string FileName { get; init; } = "flow";

    /// <summary>PostgreSQL in place of <c>flow.db</c>. Default: none.</summary>
    public PostgresOptions? Postgres { get; init; }

    /// <summary>Where the objects are that the rows name, if not in the folder; disposed with the store. Default: none.</summary>
    public ObjectBucket? Bucket { get; init; }

    public Disk Disk { get; init; } = Disk.Real;

    /// <summary>True for a node that may publish (RIS, DRIMbox source). A store without has no table for submissions,
    /// and a commit with one is a bug (docs/adr/0002). Default false.</summary>
    public bool HasPublications { get; init; }

    /// <summary>True for a node that counts by day (DRIMbox source). A store without has no table for it. Default
    /// false.</summary>
    public bool HasStatistics { get; init; }

    /// <summary>The clock of the database.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How far a coalesced row can be put off, counted from its creation. Default 30 s.</summary>
    public TimeSpan CoalesceDelayMax { get; init; } = Limits.ManifestDelayMax;

    /// <summary>Kinds whose quarantined row holds back its lane. Default none: the grain of a lane decides.</summary>
    public IReadOnlySet<string> BlockingKinds { get; init; } = new HashSet<string>(StringComparer.Ordinal);
}
