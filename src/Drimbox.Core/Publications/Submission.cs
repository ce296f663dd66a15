using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Publications;

/// <summary>What a submission does to the registry.</summary>
public enum SubmissionKind
{
    /// <summary>ITI-41, a new document (TD2.1a).</summary>
    Publish,

    /// <summary>ITI-41 with RPLC (TD2.1b).</summary>
    Replace,

    /// <summary>ITI-57 with a whole new DocumentEntry (TD3.3a, TD3.3b).</summary>
    ChangeVisibility,

    /// <summary>ITI-57, Approved to Deleted (TD3.3c).</summary>
    Delete,

    /// <summary>ITI-41 with APND: an addendum to a document that stays as it is (ITI TF-3 4.2.2.2.1).</summary>
    Append,

    /// <summary>ITI-57, Approved to Archived (TD3.3d).</summary>
    Archive,

    /// <summary>ITI-57, Archived to Approved (TD3.3d).</summary>
    Unarchive,
}

/// <summary>The document that a submission carries.</summary>
public sealed record SubmittedDocument(DocumentEntry Entry, StoredObject Object);

/// <summary>
/// One change of the registry, frozen when it was decided: document, unique ids, symbolic ids and metadata never
/// change between attempts. Only this folder can make one, and only the deciders of the RIS and of the source
/// return one (docs/adr/0002): the other roles have no way to publish.
/// </summary>
public sealed record Submission
{
    [JsonConstructor]
    internal Submission(
        SubmissionKind kind,
        Uid submissionSetUniqueId,
        DateTimeOffset submissionTime,
        Uid sourceId,
        Author author,
        Code contentType,
        InstanceIdentifier patientId,
        SubmittedDocument? document,
        InstanceIdentifier? target,
        IReadOnlyList<SubmittedDocument>? attachments = null)
    {
        Kind = kind;
        SubmissionSetUniqueId = submissionSetUniqueId;
        SubmissionTime = submissionTime;
        SourceId = sourceId;
        Author = author;
        ContentType = contentType;
        PatientId = patientId;
        Document = document;
        Target = target;
        Attachments = attachments is { Count: > 0 } ? attachments : [];
    }

    public SubmissionKind Kind { get; }

    public Uid SubmissionSetUniqueId { get; }

    public DateTimeOffset SubmissionTime { get; }

    /// <summary>SubmissionSet.sourceId: the OID of this node.</summary>
    public Uid SourceId { get; }

    /// <summary>Who submits, and for which structure: the certificates and the VIHF are those of
    /// <see cref="Author.Institution"/>.</summary>
    public Author Author { get; }

    /// <summary>SubmissionSet.contentTypeCode.</summary>
    public Code ContentType { get; }

    /// <summary>The INS.</summary>
    public InstanceIdentifier PatientId { get; }

    /// <summary>The new document and its metadata; the metadata alone counts for
    /// <see cref="SubmissionKind.ChangeVisibility"/>; null for a change of status.</summary>
    public SubmittedDocument? Document { get; }

    /// <summary>Documents beside <see cref="Document"/> in the same ITI-41, each with its own symbolic id; empty for
    /// most.</summary>
    public IReadOnlyList<SubmittedDocument> Attachments { get; }

    /// <summary>The unique id of the document that is replaced, appended to, changed or deleted. Its entryUUID is
    /// looked up at the first dispatch, then frozen.</summary>
    public InstanceIdentifier? Target { get; }
}

/// <summary>A submission with its XAdES signature document, as it lies in the outbox.</summary>
/// <param name="Signature">The XML of the signature document, or null for ITI-57, which carries none.</param>
public sealed record SealedSubmission(Submission Submission, string? Signature);

/// <summary>Signs a submission when it is decided; the keys live outside of the core.</summary>
public interface ISubmissionSealer
{
    SealedSubmission Seal(Submission submission);
}
