using System.Text.Json.Serialization;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Requests;

/// <summary>A document that the platform wrote and sent to the RIS. What its messages repeat of the request is frozen
/// with it: they say the same at every attempt, whatever the RIS tells of the request in between.</summary>
/// <param name="SetId">The same for every version of the report.</param>
/// <param name="VersionNumber">CDA versionNumber.</param>
/// <param name="File">The CDA, byte for byte.</param>
/// <param name="Patient">For whom it was written.</param>
/// <param name="Structure">The organisation that answers for it.</param>
public sealed record PlatformDocument(
    InstanceIdentifier DocumentId,
    InstanceIdentifier SetId,
    InstanceIdentifier? Replaces,
    int VersionNumber,
    StoredObject File,
    StatedPatient Patient,
    PatientVisit Visit,
    Organization Structure,
    bool Withdrawn = false)
{
    /// <summary>What its template asks for its publication; the RIS takes it as the initial choices.</summary>
    public PublicationChoices Choices { get; init; } = PublicationChoices.Default;

    /// <summary>The studies that it names. Null in documents that were kept before an order could have several: such a
    /// one is taken to name all.</summary>
    public IReadOnlyList<Uid>? Studies { get; init; }
}

/// <summary>What happened to a request on the teleradiology platform.</summary>
[JsonDerivedType(typeof(RequestReceived), nameof(RequestReceived))]
[JsonDerivedType(typeof(CancellationReceived), nameof(CancellationReceived))]
[JsonDerivedType(typeof(RequestAnswered), nameof(RequestAnswered))]
[JsonDerivedType(typeof(PostExaminationReceived), nameof(PostExaminationReceived))]
[JsonDerivedType(typeof(StudyFetched), nameof(StudyFetched))]
[JsonDerivedType(typeof(ReportDrafted), nameof(ReportDrafted))]
[JsonDerivedType(typeof(ReportSent), nameof(ReportSent))]
[JsonDerivedType(typeof(ReportDeletionSent), nameof(ReportDeletionSent))]
[JsonDerivedType(typeof(AttachmentReceived), nameof(AttachmentReceived))]
[JsonDerivedType(typeof(AttachmentDeletionReceived), nameof(AttachmentDeletionReceived))]
public abstract record PlatformRequestEvent;

public sealed record RequestReceived(ImagingRequest Request, DateTimeOffset At) : PlatformRequestEvent;

public sealed record CancellationReceived(RequestCancellation Cancellation, DateTimeOffset At) : PlatformRequestEvent;

/// <param name="Actor">The user who answered.</param>
public sealed record RequestAnswered(RequestResponse Response, string Actor, string ControlId, DateTimeOffset At)
    : PlatformRequestEvent;

public sealed record PostExaminationReceived(PostExamination PostExamination, DateTimeOffset At)
    : PlatformRequestEvent;

/// <summary>The images of the study are here.</summary>
public sealed record StudyFetched(Uid StudyInstanceUid, int Instances, DateTimeOffset At) : PlatformRequestEvent;

/// <summary>A text was kept that somebody has still to sign; the one before it is no longer the draft.</summary>
/// <param name="Text">What was written, as the desk writes it.</param>
/// <param name="Actor">The user who wrote.</param>
public sealed record ReportDrafted(StoredObject Text, string Actor, DateTimeOffset At) : PlatformRequestEvent;

public sealed record ReportSent(PlatformDocument Document, string Actor, string ControlId, DateTimeOffset At)
    : PlatformRequestEvent;

/// <param name="Document">The document that is withdrawn: the message carries it.</param>
public sealed record ReportDeletionSent(PlatformDocument Document, string Actor, string ControlId, DateTimeOffset At)
    : PlatformRequestEvent;

public sealed record AttachmentReceived(RequestAttachment Attachment, DateTimeOffset At) : PlatformRequestEvent;

public sealed record AttachmentDeletionReceived(InstanceIdentifier DocumentId, DateTimeOffset At)
    : PlatformRequestEvent;

public abstract record PlatformRequestCommand;

public sealed record ReceiveRequest(ImagingRequest Request) : PlatformRequestCommand;

public sealed record ReceiveCancellation(RequestCancellation Cancellation) : PlatformRequestCommand;

/// <param name="Actor">The user who answers.</param>
public sealed record AnswerRequest(RequestResponse Response, string Actor) : PlatformRequestCommand;

/// <param name="Examinations">All that one message tells of the order: an ORDER group for each study (page st-profils,
/// flux 4). A later message adds to them, or tells anew of a study.</param>
public sealed record ReceivePostExaminations(IReadOnlyList<PostExamination> Examinations) : PlatformRequestCommand;

public sealed record RecordStudyFetched(Uid StudyInstanceUid, int Instances) : PlatformRequestCommand;

/// <summary>A text to be signed later is kept.</summary>
public sealed record SaveDraft(StoredObject Text, string Actor) : PlatformRequestCommand;

/// <summary>The radiologist signs a report, the first or a correction.</summary>
public sealed record SendReport(PlatformDocument Document, string Actor) : PlatformRequestCommand;

/// <summary>The radiologist takes the newest report back.</summary>
public sealed record DeleteReport(InstanceIdentifier DocumentId, string Actor) : PlatformRequestCommand;

/// <summary>A document that belongs to the request, before or after the request itself.</summary>
public sealed record ReceiveAttachment(RequestAttachment Attachment) : PlatformRequestCommand;

/// <summary>The RIS takes such a document back.</summary>
public sealed record ReceiveAttachmentDeletion(InstanceIdentifier DocumentId) : PlatformRequestCommand;
