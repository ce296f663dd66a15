using System.Text.Json.Serialization;
using Drimbox.Core.Identity;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>Who wrote a version.</summary>
public enum ReportOrigin
{
    /// <summary>The teleradiology platform; published byte for byte as received.</summary>
    Platform,

    /// <summary>A user of the RIS.</summary>
    Ris,
}

/// <summary>What is sent to MSSanté in place of a document whose INS is not qualified: neither the INS nor its OID is
/// in it. Never sent to the DMP.</summary>
/// <param name="SetId">The same for the renditions of all versions of a report.</param>
public sealed record MailDocument(InstanceIdentifier DocumentId, InstanceIdentifier SetId, StoredObject File);

/// <summary>One document of a report, kept for ever.</summary>
/// <param name="Sequence">The register number, from 1 and without gaps: what the user sees.</param>
/// <param name="IdentityReliability">The repetitions of PID-32 of its message.</param>
/// <param name="File">The document, byte for byte.</param>
/// <param name="Sha1">Lower-case hexadecimal SHA-1 of the document (ITI TF-3 4.2.3.2.10).</param>
/// <param name="Choices">What the message asked for: the initial choices of this document.</param>
public sealed record ReportVersion(
    int Sequence,
    ReportOrigin Origin,
    InstanceIdentifier DocumentId,
    InstanceIdentifier? Parent,
    CdaHeader Header,
    Patient Patient,
    IReadOnlyList<string> IdentityReliability,
    StoredObject File,
    string Sha1,
    PublicationChoices Choices,
    Professional? Sender,
    Organization? SenderOrganization,
    string? PatientClass,
    DateTimeOffset RecordedAt)
{
    /// <summary>MSH-10 of the message that brought it; null for a document of the RIS.</summary>
    public string? ControlId { get; init; }

    /// <summary>The account that wrote it in this RIS; null for a document that came by message.</summary>
    public string? Actor { get; init; }

    /// <summary>Why it was written, as its writer said; null where nobody did.</summary>
    public string? Reason { get; init; }

    /// <summary>Kept beside the document where its INS is not qualified; else null.</summary>
    public MailDocument? Mail { get; init; }

    /// <summary>What its message says about its mail; null for a message that says nothing.</summary>
    public MailInstructions? MailInstructions { get; init; }

    /// <summary>The treating physician of the local base when it came; null where none was named.</summary>
    public Professional? TreatingPhysician { get; init; }

    /// <summary>Who asked for the examination, as the request of this RIS says; null where it has none.</summary>
    public Professional? Requester { get; init; }

    /// <summary>The identity came validated, so the document may be published (DB.SO.11).</summary>
    public bool InsQualified => QualifiedIns.From(Patient, IdentityReliability) is not null;
}

/// <summary>What happened to a report in the RIS.</summary>
[JsonDerivedType(typeof(ReportVersionReceived), nameof(ReportVersionReceived))]
[JsonDerivedType(typeof(ReportWithdrawn), nameof(ReportWithdrawn))]
[JsonDerivedType(typeof(ReportInputRefused), nameof(ReportInputRefused))]
[JsonDerivedType(typeof(LineageContradicted), nameof(LineageContradicted))]
[JsonDerivedType(typeof(VisibilityChanged), nameof(VisibilityChanged))]
[JsonDerivedType(typeof(PublicationDecided), nameof(PublicationDecided))]
[JsonDerivedType(typeof(FeedingOppositionStated), nameof(FeedingOppositionStated))]
[JsonDerivedType(typeof(BusinessAckReceived), nameof(BusinessAckReceived))]
[JsonDerivedType(typeof(ReportsMerged), nameof(ReportsMerged))]
[JsonDerivedType(typeof(ReportMergedInto), nameof(ReportMergedInto))]
[JsonDerivedType(typeof(VersionOvertaken), nameof(VersionOvertaken))]
[JsonDerivedType(typeof(SubmissionDecided), nameof(SubmissionDecided))]
[JsonDerivedType(typeof(SubmissionEnded), nameof(SubmissionEnded))]
[JsonDerivedType(typeof(PublicationRetried), nameof(PublicationRetried))]
[JsonDerivedType(typeof(MetadataCorrected), nameof(MetadataCorrected))]
[JsonDerivedType(typeof(MailRecipientsChanged), nameof(MailRecipientsChanged))]
[JsonDerivedType(typeof(MailDecided), nameof(MailDecided))]
[JsonDerivedType(typeof(MailEnded), nameof(MailEnded))]
[JsonDerivedType(typeof(MailNoticeReceived), nameof(MailNoticeReceived))]
[JsonDerivedType(typeof(MailRetried), nameof(MailRetried))]
public abstract record ReportEvent;

public sealed record ReportVersionReceived(ReportVersion Version) : ReportEvent;

/// <summary>A document, known or not yet, was deleted by its author's side.</summary>
public sealed record ReportWithdrawn(
    InstanceIdentifier DocumentId, InstanceIdentifier? Parent, int? VersionNumber, DateTimeOffset RecordedAt)
    : ReportEvent;

/// <summary>A message that was answered AE; its bytes lie in the inbox.</summary>
public sealed record ReportInputRefused(
    InstanceIdentifier DocumentId, ReportAction Action, RefusalReason Reason, DateTimeOffset RecordedAt) : ReportEvent;

/// <summary>setId, TXA-13 and relatedDocument did not name the same lineage; relatedDocument won.</summary>
public sealed record LineageContradicted(InstanceIdentifier DocumentId, string Detail) : ReportEvent;

/// <summary>A RIS user changed who sees the report: no new document version.</summary>
public sealed record VisibilityChanged(Visibility Visibility, string Actor, DateTimeOffset RecordedAt) : ReportEvent;

/// <summary>A message joined this report and another that was opened for a document not known yet.</summary>
public sealed record ReportsMerged(ReportId Other, ReportState OtherState) : ReportEvent;

/// <summary>This report ended in another one; commands for it go there.</summary>
public sealed record ReportMergedInto(ReportId Survivor) : ReportEvent;

/// <summary>A version was overtaken before it was sent; the registry never sees it.</summary>
public sealed record VersionOvertaken(InstanceIdentifier DocumentId) : ReportEvent;

public sealed record SubmissionDecided(Uid SubmissionSetUniqueId, PublicationStep Step, DateTimeOffset DecidedAt)
    : ReportEvent;

public sealed record SubmissionEnded(
    Uid SubmissionSetUniqueId, DispatchOutcome Outcome, string? Detail, DateTimeOffset EndedAt) : ReportEvent;

public sealed record PublicationRetried(string Actor, DateTimeOffset RecordedAt) : ReportEvent;
